"""The token of the local API, in a file that only the user can read."""

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from candela_tui.files import create_atomically

_OTHERS = 0o077
_FEWEST_CHARACTERS = 32


def own_token(path: Path) -> str:
    """Return the token in the file. A new one is made if there is none, or if other users may have read it.

    It stays the same from one start to the next, and for every candela of the data directory. Raises OSError.
    """
    while True:
        token = _read(path)
        if token is not None:
            return token
        path.unlink(missing_ok=True)
        # If another process was faster, its token is used.
        with contextlib.suppress(FileExistsError):
            create_atomically(path, f"{secrets.token_urlsafe(32)}\n".encode())


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


def bears(authorization: str, token: str) -> bool:
    """Return whether an Authorization field has the token, in constant time."""
    scheme, _, given = authorization.strip().partition(" ")
    return is_token(given, token) and scheme.lower() == "bearer"


def is_token(given: str, token: str) -> bool:
    """Return whether a text is the token, in constant time."""
    return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
