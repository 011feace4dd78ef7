"""The token that opens the local API: a file that only the user can read."""

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path

_OTHERS = 0o077
_FEWEST_CHARACTERS = 32


def own_token(path: Path) -> str:
    """The token in the file. A new one is made where there is none, or where others may have read it.

    It stays the same from one start to the next, and for every candela of the data directory. Raises OSError.
    """
    while True:
        token = _read(path)
        if token is not None:
            return token
        path.unlink(missing_ok=True)
        _make(path)


def _read(path: Path) -> str | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(file, "rb") as opened:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & _OTHERS:
            return None
        token = opened.read(1024).decode("ascii", "replace").strip()
    return token if len(token) >= _FEWEST_CHARACTERS and token.isascii() else None


def _make(path: Path) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
        # Where another candela was faster, its token holds.
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def bears(authorization: str, token: str) -> bool:
    """Whether an Authorization field carries the token; tells nothing by how long it takes."""
    scheme, _, given = authorization.strip().partition(" ")
    right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    return right and scheme.lower() == "bearer"
