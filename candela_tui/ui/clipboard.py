"""The clipboard: the system's, where a program for it is there, and the terminal's (OSC 52) in any case."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from textual.app import App
from textual.dom import DOMNode

MOST_THROUGH_TERMINAL = 200_000
"""Characters. Terminals refuse more than some 100 kB to 1 MB in OSC 52."""
_PATIENCE_S = 2.0
_PROGRAMS = (
    (["wl-copy"], "WAYLAND_DISPLAY"),
    (["xclip", "-selection", "clipboard"], "DISPLAY"),
    (["xsel", "--clipboard", "--input"], "DISPLAY"),
)


def clipboard_command(environment: Mapping[str, str]) -> list[str] | None:
    """The program that fills the clipboard of this machine's desktop; None: there is no desktop, or no program."""
    if sys.platform == "darwin" and shutil.which("pbcopy", path=environment.get("PATH")):
        return ["pbcopy"]
    for command, display in _PROGRAMS:
        if environment.get(display) and shutil.which(command[0], path=environment.get("PATH")):
            return command
    return None


def copy(node: DOMNode, name: str, content: str | bytes) -> None:
    """Put a text on the clipboard in the background, and tell what was copied, and how."""
    copying: Callable[[], Awaitable[None]] = partial(_copy, node.app, name, content)
    node.run_worker(copying, group="copy", exclusive=True)


async def _copy(app: App[object], name: str, content: str | bytes) -> None:
    how = await _copied(app, content)
    app.notify(f"Copied {name} {how}", timeout=3)


async def _copied(app: App[object], content: str | bytes) -> str:
    beginning = content[:MOST_THROUGH_TERMINAL]
    app.copy_to_clipboard(beginning if isinstance(beginning, str) else beginning.decode("utf-8", "replace"))
    said = "through the terminal"
    if len(content) > MOST_THROUGH_TERMINAL:
        said += f" (only its first {MOST_THROUGH_TERMINAL:,} characters)"
    command = clipboard_command(os.environ)
    if command is None:
        return said
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    trouble = await asyncio.to_thread(_fill, command, data)
    return f"{said}; {command[0]} {trouble}" if trouble else f"{said} and with {command[0]}"


def _fill(command: list[str], data: bytes) -> str | None:
    """Run the program; returns what it did instead where it failed."""
    try:
        # Its output goes nowhere: these programs stay in the background and would keep a pipe open.
        ran = subprocess.run(  # noqa: S603 - one of the programs above
            command, input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {_PATIENCE_S:.0f} s"
    except OSError as error:
        return f"can't be run: {error.strerror or error}"
    return None if ran.returncode == 0 else f"ended with {ran.returncode}"
