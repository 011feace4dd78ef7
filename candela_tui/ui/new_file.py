"""Files that replace no other unless their user said so."""

import re
from itertools import count
from pathlib import Path

_UNFIT = re.compile(r"[^\w.-]+")


def write_new(directory: Path, name: str, suffix: str, content: str | bytes) -> Path:
    """Write a file of this name, or with ``-2``, ``-3``, … behind it where that is taken. Raises OSError."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    stem = _UNFIT.sub("-", name).strip("-.") or "candela"
    for number in count(1):
        path = directory / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        try:
            write_at(path, data)
        except FileExistsError:
            continue
        return path
    raise AssertionError("count() ended")


def write_at(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file. Raises FileExistsError where there is one that it may not replace, else OSError."""
    file = path.open("wb" if replace else "xb")
    try:
        with file:
            file.write(data)
    except OSError:
        # A part would look like the whole.
        path.unlink(missing_ok=True)
        raise
