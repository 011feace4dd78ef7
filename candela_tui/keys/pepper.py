"""The secret that the hashes of keys are made with, in a file of its own: who copies the database can't try keys."""

import contextlib
import secrets
from pathlib import Path

from candela_tui.files import create_atomically
from candela_tui.keys.errors import KeysError

_BYTES = 32


def read_pepper(path: Path) -> bytes:
    """Return the pepper. Raises KeysError."""
    try:
        pepper = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise KeysError(
            f"{path} is missing, without which no key can be checked: restore it from a backup, or create new keys"
        ) from None
    except ValueError:
        raise KeysError(f"{path} is damaged: restore it from a backup, or delete it and create new keys") from None
    except OSError as error:
        raise KeysError(f"{path}: can't be read: {error.strerror}") from None
    if len(pepper) != _BYTES:
        raise KeysError(f"{path} is damaged: restore it from a backup, or delete it and create new keys")
    return pepper


def make_pepper(path: Path) -> bytes:
    """Return the pepper, and create it if there is none. Raises KeysError."""
    try:
        with contextlib.suppress(FileExistsError):
            create_atomically(path, secrets.token_hex(_BYTES).encode())
    except OSError as error:
        raise KeysError(f"{path}: can't be written: {error.strerror}") from None
    return read_pepper(path)
