"""Writing files: new ones that replace no other, and whole ones that replace another in one step."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from itertools import count
from pathlib import Path

_OWNER_ONLY = 0o600
_USUAL = 0o666
"""Before the process's umask, as for any program's new file."""
_UNFIT = re.compile(r"[^\w.-]+")


def write_new(directory: Path, name: str, suffix: str, content: str | bytes) -> Path:
    """Write a file of this name, with ``-2``, ``-3``, … appended if it is taken. Raises OSError."""
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
    """Write a file. Raises FileExistsError if there is one that it may not replace, else OSError."""
    file = path.open("wb" if replace else "xb")
    try:
        with file:
            file.write(data)
    except OSError:
        # A partial file would look like a complete one.
        path.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, data: bytes, *, mode: int | None = _OWNER_ONLY, durable: bool = True) -> None:
    """Replace a file, or where it is a link the file that it leads to: readers see the old content or the new.

    ``mode`` are the permissions, None those of the file that is replaced, or the usual ones of a new file. ``durable``
    content is on the disk on return, which takes a busy disk a while: never on an event loop. Raises OSError, and
    leaves the old file then.
    """
    target = Path(os.path.realpath(path))
    kept = target.stat().st_mode & 0o7777 if mode is None and target.exists() else None
    with _written_beside(target, data, mode=_USUAL if mode is None else mode, durable=durable) as beside:
        if kept is not None:
            beside.chmod(kept)
        beside.replace(target)
    if durable:
        _sync_directory(target.parent)


def create_atomically(path: Path, data: bytes, *, mode: int = _OWNER_ONLY) -> None:
    """Write a file that is whole from its first moment. Raises FileExistsError where there is one, else OSError."""
    with _written_beside(path, data, mode=mode, durable=True) as beside:
        os.link(beside, path)
    _sync_directory(path.parent)


@contextlib.contextmanager
def _written_beside(path: Path, data: bytes, *, mode: int, durable: bool) -> Iterator[Path]:
    """Write a temporary file in the same directory, and remove it where it has not become another."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    """Make a new name in a directory survive a power failure, where its file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
