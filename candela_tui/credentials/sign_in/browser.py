"""Opening a link in the user's browser, where there is one to be seen."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping


def browser_command(environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """What opens a link on this desktop; None: there is no desktop, or it is that of another machine."""
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
    """Open a link of the web; False: it was not. Nothing that the browser says reaches the terminal. Blocks."""
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
