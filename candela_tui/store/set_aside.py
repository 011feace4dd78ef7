"""Renames damaged databases, so that a new one can take their place."""

import glob
from pathlib import Path
from typing import Final

from candela_tui.text.times import utc_now

_LOG_SUFFIXES: Final = ("-wal", "-shm")


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its log. Return the new path. Raises OSError."""
    name = f"{path.name}.broken-{utc_now().astimezone():%Y%m%d-%H%M%S}"
    aside, count = path.with_name(name), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{name}-{count}")
    for suffix in ("", *_LOG_SUFFIXES):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def damaged_copies(path: Path) -> list[Path]:
    """Return the files that ``set_aside`` made of the database at this path, oldest first."""
    found = path.parent.glob(f"{glob.escape(path.name)}.broken-*")
    return sorted(copy for copy in found if not copy.name.endswith(_LOG_SUFFIXES))
