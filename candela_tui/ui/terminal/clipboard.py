"""Copy to the system's clipboard, if there is a program for it, and always to the terminal's (OSC 52)."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from textual.app import App
from textual.dom import DOMNode

from candela_tui.ui.deferred import deferred

MOST_THROUGH_TERMINAL = 200_000
"""Characters. Depending on the terminal, the limit for OSC 52 is between about 100 kB and 1 MB."""
_PATIENCE_S = 2.0
_PROGRAMS = (
    (["wl-copy"], "WAYLAND_DISPLAY"),
    (["xclip", "-selection", "clipboard"], "DISPLAY"),
    (["xsel", "--clipboard", "--input"], "DISPLAY"),
)


def clipboard_command(environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that fills the desktop's clipboard; None if there is no desktop or no such program."""
    if sys.platform == "darwin" and shutil.which("pbcopy", path=environment.get("PATH")):
        return ["pbcopy"]
    for command, display in _PROGRAMS:
        if environment.get(display) and shutil.which(command[0], path=environment.get("PATH")):
            return command
    return None


def copy(node: DOMNode, name: str, content: str | bytes) -> None:
    """Copy a text in the background, and notify the user what was copied and how."""
    copying = deferred(_copy, node.app, name, content)
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
    """Run the program. Return the reason if it failed, else None."""
    try:
        # Discard its output: these programs stay in the background and would keep a pipe open.
        ran = subprocess.run(  # noqa: S603 - one of the programs above
            command, input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {_PATIENCE_S:.0f} s"
    except OSError as error:
        return f"can't be run: {error.strerror or error}"
    return None if ran.returncode == 0 else f"exited with {ran.returncode}"
