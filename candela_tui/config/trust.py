"""Check whether other users of this machine can change the user's files and directories."""

import os
import stat
import sys
from pathlib import Path

_ROOT = 0


def others_access(path: Path) -> str | None:
    """Return how other users can change the path, worded to follow its name, or None if they can't."""
    if sys.platform == "win32":
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_uid not in (os.getuid(), _ROOT):
        return f"belongs to another user (uid {status.st_uid})"
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        # In a sticky directory such as /tmp, users can't replace each other's files.
        return None
    if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)):
        return "can be written by others"
    return None


def _is_own_group(gid: int) -> bool:
    """Return whether a group is the user's private group, which has the user's name on most Linux systems."""
    import grp
    import pwd

    try:
        return grp.getgrgid(gid).gr_name == pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False


def config_access(config: Path) -> str | None:
    """Return a warning that other users can change config.toml, with a fix, or None if they can't."""
    if not config.exists():
        return None
    target = config.resolve()
    for place in (target, target.parent, config.parent):
        access = others_access(place)
        if access is not None:
            fix = f"`chmod go-w {place}`" if access.startswith("can") else f"`chown {os.getuid()} {place}`"
            return f"{place} {access}, so that no key_command from {config} is run. If its settings are yours: {fix}"
    return None


def data_access(data: Path) -> str | None:
    """Return a warning that other users can change the data directory, with a fix, or None if they can't."""
    access = others_access(data)
    if access is None:
        return None
    fix = f"`chmod go= {data}`" if access.startswith("can") else "choose another with --data-dir"
    return f"The data directory {data} {access}, and may hold what is not yours: {fix}"
