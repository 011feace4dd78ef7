"""The user of this machine who does something."""

import os
import pwd
from pathlib import Path


def own_user() -> str:
    """Return the name of the user of this process."""
    return _name(os.getuid())


def owner_of(file: Path) -> str:
    """Return the name of the user who owns a file; without the file, that of this process."""
    try:
        return _name(file.stat().st_uid)
    except OSError:
        return own_user()


def _name(uid: int) -> str:
    """Return a user's name. The environment is not asked: anyone can set it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
