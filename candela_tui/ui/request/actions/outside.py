"""Showing a text in the user's pager or editor, while the dashboard waits."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from textual.app import App, SuspendNotSupported

Program = Literal["pager", "editor"]

_VARIABLES: dict[Program, tuple[str, ...]] = {"pager": ("PAGER",), "editor": ("VISUAL", "EDITOR")}
_DEFAULTS: dict[Program, tuple[str, ...]] = {"pager": ("less", "more"), "editor": ("nano", "vi")}


_OPENED = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
"""Types whose programs only show them, and the names of their files: desktops go by the name, and nothing that a body
calls itself may make one run it."""


class NoProgram(Exception):
    """There is no program to show it, in words for the user."""


def command_for(program: Program, environment: Mapping[str, str]) -> list[str]:
    """The words of the user's pager or editor, as their variable says, else what is commonly there."""
    path = environment.get("PATH")
    for variable in _VARIABLES[program]:
        value = environment.get(variable, "").strip()
        if not value:
            continue
        try:
            command = shlex.split(value)
        except ValueError as error:
            raise NoProgram(f"${variable} is {value!r}, which is not a command: {error}") from None
        if shutil.which(command[0], path=path) is None:
            raise NoProgram(f"${variable} is {value!r}, and there is no program {command[0]!r}")
        return command
    for name in _DEFAULTS[program]:
        if shutil.which(name, path=path):
            return [name]
    wanted = " or ".join(f"${variable}" for variable in _VARIABLES[program])
    raise NoProgram(f"No {program} is there: set {wanted}")


def show_outside(app: App[object], program: Program, content: str | bytes, suffix: str) -> str | None:
    """Give the terminal to the program until it ends; returns what went wrong, in words.

    The text is in a file that only its owner can read, and that is gone afterwards. Only the dashboard waits: the
    proxy has a thread of its own.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        command = command_for(program, os.environ)
        with tempfile.TemporaryDirectory(prefix="candela-") as directory:
            path = Path(directory) / f"candela{suffix}"
            path.touch(0o600)
            path.write_bytes(data)
            with app.suspend(), _interrupts_left_to_it():
                ended = subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 - the user's own
    except NoProgram as missing:
        return f"{missing}."
    except SuspendNotSupported:
        return f"This terminal can't be given to a {program}."
    except OSError as error:
        return f"The {program} can't be started: {error.strerror or error}."
    return None if ended == 0 else f"{command[0]} ended with {ended}."


async def open_outside(name: str, content: bytes, media_type: str) -> str | None:
    """Give a file to the desktop's own program for its kind; returns what went wrong, in words.

    The file is only its owner's to read, and there until candela ends: such programs return before they have read it.
    """
    command = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if command is None:
        return f"No program is there to open {name}: xdg-open is not installed. Save it with e."
    suffix = _OPENED.get(media_type)
    if suffix is None:
        return f"{media_type or 'Its type'} is not opened, as it may be a program. Save it with e."
    directory = Path(tempfile.mkdtemp(dir=_kept_directory().name))
    path = directory / (name if name.endswith(suffix) else f"{name}{suffix}")
    await asyncio.to_thread(path.write_bytes, content)
    process = await asyncio.create_subprocess_exec(
        command,
        str(path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ended = await process.wait()
    return None if ended == 0 else f"{Path(command).name} could not open {name}: it ended with {ended}."


@cache
def _kept_directory() -> tempfile.TemporaryDirectory[str]:
    """A directory that goes when the interpreter ends."""
    return tempfile.TemporaryDirectory(prefix="candela-")


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """^C belongs to the program: the terminal sends it to both. A handler, unlike SIG_IGN, is not inherited by it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
