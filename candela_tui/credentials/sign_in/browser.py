"""Open a link in the user's browser, if there is a desktop."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping


def browser_command(environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """Return the command that opens a link on this desktop. None without a desktop, or in an SSH session."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    if sys.platform == "darwin":
        name = "open"
    elif environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        name = "xdg-open"
    else:
        return None
    return [name] if shutil.which(name, path=environ.get("PATH")) else None


def open_browser(url: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Open a web link and return whether that worked. The browser's output does not reach the terminal. Blocks."""
    command = browser_command(environ)
    if command is None or not url.startswith(("https://", "http://")):
        return False
    try:
        subprocess.Popen(  # noqa: S603 - the desktop's own program
            [*command, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True
