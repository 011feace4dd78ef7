"""Writing files: new ones that replace no other, and whole ones that replace another in one step. Whether files have
changed, and who may read them."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Hashable, Iterable, Iterator
from itertools import count
from pathlib import Path

_OWNER_ONLY = 0o600
_USUAL = 0o666
"""Before the process's umask, as for any program's new file."""
_SETTLED_S = 0.1
"""Seconds after which a file whose time did not change has not changed. Its file system may round the time."""
_UNFIT = re.compile(r"[^\w.-]+")


def write_new(directory: Path, name: str, suffix: str, content: str | bytes | Iterable[bytes]) -> Path:
    """Write a file of this name, with ``-2``, ``-3``, … appended if it is taken. It is whole from its first moment.
    Raises OSError, and what ``content`` raises."""
    stem = _UNFIT.sub("-", name).strip("-.") or "candela"
    with _written_beside(directory / f"{stem}{suffix}", _pieces(content), mode=_USUAL, durable=True) as beside:
        for number in count(1):
            path = directory / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
            try:
                name_new(beside, path)
            except FileExistsError:
                continue
            return path
    raise AssertionError("count() ended")


def write_whole(path: Path, content: str | bytes | Iterable[bytes], *, replace: bool = False) -> None:
    """Write a file that is whole from its first moment. A pipe or a device gets the content as it comes.

    Raises FileExistsError if there is a file that it may not replace, else OSError, and what ``content`` raises.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as pipe:
            for piece in _pieces(content):
                pipe.write(piece)
        return
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if replace:
        write_atomically(path, content, mode=None)
        return
    with _written_beside(path, _pieces(content), mode=_USUAL, durable=True) as beside:
        name_new(beside, path)
    _sync_directory(path.parent)


def _pieces(content: str | bytes | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    return (content,) if isinstance(content, bytes) else content


def name_new(beside: Path, path: Path) -> None:
    """Give a written file its name. Raises FileExistsError if the name is taken."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        # This file system has no links, as those of memory cards and some network shares.
        path.open("xb").close()
        beside.replace(path)


def write_atomically(
    path: Path, content: str | bytes | Iterable[bytes], *, mode: int | None = _OWNER_ONLY, durable: bool = True
) -> None:
    """Replace a file, or where it is a link the file that it leads to: readers see the old content or the new.

    ``mode`` are the permissions, None those of the file that is replaced, or the usual ones of a new file. ``durable``
    content is on the disk on return, which takes a busy disk a while: never on an event loop. Raises OSError, and
    leaves the old file then.
    """
    target = Path(os.path.realpath(path))
    kept = target.stat().st_mode & 0o7777 if mode is None and target.exists() else None
    with _written_beside(target, _pieces(content), mode=_USUAL if mode is None else mode, durable=durable) as beside:
        if kept is not None:
            beside.chmod(kept)
        beside.replace(target)
    if durable:
        _sync_directory(target.parent)


def create_atomically(path: Path, data: bytes, *, mode: int = _OWNER_ONLY) -> None:
    """Write a file that is whole from its first moment. Raises FileExistsError where there is one, else OSError."""
    with _written_beside(path, (data,), mode=mode, durable=True) as beside:
        os.link(beside, path)
    _sync_directory(path.parent)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, where there is none. Raises OSError.

    A file that is there is not opened: as this process closes it, the locks that SQLite holds on it in this process are
    gone (https://sqlite.org/howtocorrupt.html, section 2.2). Another process then removes the log that is in use here.
    """
    target = Path(os.path.realpath(path))
    if not target.exists():
        with (
            contextlib.suppress(FileExistsError),
            _written_beside(target, (), mode=_OWNER_ONLY, durable=False) as beside,
        ):
            name_new(beside, target)


@contextlib.contextmanager
def _written_beside(path: Path, pieces: Iterable[bytes], *, mode: int, durable: bool) -> Iterator[Path]:
    """Write a temporary file in the same directory, and remove it where it has not become another."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            for piece in pieces:
                file.write(piece)
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


def stamp_of(*files: Path) -> Hashable | None:
    """Return time, size and inode of each file, None for one that is missing; None for all if one changed a moment ago,
    and may change again."""
    found: list[tuple[int, int, int] | None] = []
    newest = 0.0
    for path in files:
        try:
            status = path.stat()
        except OSError:
            found.append(None)
            continue
        found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        newest = max(newest, status.st_mtime)
    return None if newest > time.time() - _SETTLED_S else tuple(found)


def open_to_every_user(mode: int) -> bool:
    """Return whether every user of the machine may read or write a file with these permissions."""
    return bool(mode & (stat.S_IROTH | stat.S_IWOTH))
