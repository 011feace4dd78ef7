"""A lock on one file across processes, so that two that change it at the same time both keep their change."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_OWNER_ONLY = 0o600


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while it is read, changed and replaced. Blocks while another process or thread holds it.

    Locks are per file and must not be nested for the same one. The lock is a file beside it, because the file itself
    is replaced; it is removed at the end. Windows, and directories that can't be written, go without.
    """
    with contextlib.ExitStack() as held:
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                held.callback(_release, _beside(path), _acquired(_beside(path), wait=True))
        yield


@contextlib.contextmanager
def locked_now(path: Path) -> Iterator[bool]:
    """Hold the lock of a file, as ``locked`` does, unless another process or thread holds it. Yields whether it is
    held."""
    with contextlib.ExitStack() as held:
        free = True
        if sys.platform != "win32":
            try:
                held.callback(_release, _beside(path), _acquired(_beside(path), wait=False))
            except BlockingIOError:
                free = False
            except OSError:
                pass
        yield free


def _beside(path: Path) -> Path:
    target = Path(os.path.realpath(path))
    return target.with_name(f".{target.name}.lock")


def _acquired(path: Path, *, wait: bool) -> int:
    """Return the descriptor of the locked file. Raises OSError if there can't be one, and BlockingIOError if it is held
    and ``wait`` is not set."""
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # The holder before removed this file, so another may hold the one that is there now.
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(path: Path, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    os.close(descriptor)
