"""Open a text in the user's pager or editor while the dashboard waits."""

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
"""Media types that are safe to open, with their file suffixes. Desktops choose a program by the suffix, so a body must
not choose its own: it could make one run it."""


class NoProgram(Exception):
    """No program can show the text; the message says why."""


class NotEdited(Exception):
    """The editor did not do its work; the message says why."""


def command_for(program: Program, environment: Mapping[str, str]) -> list[str]:
    """Return the user's pager or editor as a command: from its environment variable, else a common program."""
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
            raise NoProgram(f"${variable} is {value!r}, but the program {command[0]!r} was not found")
        return command
    for name in _DEFAULTS[program]:
        if shutil.which(name, path=path):
            return [name]
    wanted = " or ".join(f"${variable}" for variable in _VARIABLES[program])
    raise NoProgram(f"No {program} was found: set {wanted}")


def show_outside(app: App[object], program: Program, content: str | bytes, suffix: str) -> str | None:
    """Hand the terminal over to a program until it exits. Return an error message, or None.

    The text is in a file that only its owner can read, and that is deleted afterwards. Only the dashboard waits: the
    proxy has a thread of its own.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    try:
        _hand_over(app, program, data, suffix)
    except NotEdited as error:
        return str(error)
    return None


def edit_outside(app: App[object], content: bytes, suffix: str) -> bytes:
    """Hand the terminal over to the user's editor until it exits, as ``show_outside`` does, and return the edited text.
    Raises NotEdited."""
    return _hand_over(app, "editor", content, suffix)


def _hand_over(app: App[object], program: Program, data: bytes, suffix: str) -> bytes:
    """Run a program on a text, and return the text afterwards. Raises NotEdited."""
    try:
        command = command_for(program, os.environ)
        with tempfile.TemporaryDirectory(prefix="candela-") as directory:
            path = Path(directory) / f"candela{suffix}"
            path.touch(0o600)
            path.write_bytes(data)
            with app.suspend(), _interrupts_left_to_it():
                ended = subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 - the user's own
            if ended != 0:
                raise NotEdited(f"{command[0]} exited with status {ended}.")
            return path.read_bytes()
    except NoProgram as missing:
        raise NotEdited(f"{missing}.") from None
    except SuspendNotSupported:
        raise NotEdited(f"This terminal can't be handed over to a {program}.") from None
    except OSError as error:
        raise NotEdited(f"The {program} could not be started: {error.strerror or error}.") from None


async def open_outside(name: str, content: bytes, media_type: str) -> str | None:
    """Open a file with the desktop's program for its type. Return an error message, or None.

    Only the owner can read the file. It stays until candela exits, because such programs return before they have read
    it.
    """
    command = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if command is None:
        return f"Nothing can open {name}: xdg-open is not installed. Press e to save the file."
    suffix = _OPENED.get(media_type)
    if suffix is None:
        return f"{media_type or 'This type'} is not opened, because it may be a program. Press e to save the file."
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
    return None if ended == 0 else f"{Path(command).name} could not open {name}: it exited with status {ended}."


@cache
def _kept_directory() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary directory that is deleted when the interpreter exits."""
    return tempfile.TemporaryDirectory(prefix="candela-")


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Leave ^C to the program: the terminal sends it to both. A handler, unlike SIG_IGN, is not inherited."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
