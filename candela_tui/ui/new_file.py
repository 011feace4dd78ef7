"""Files in the current directory that never replace another."""

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
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(data)
        except OSError:
            # A part would look like the whole.
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("count() ended")
