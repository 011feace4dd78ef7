"""Reads ``[proxy] keys_file``: keys in a TOML file, for a server whose keys come from elsewhere, such as a mounted
secret."""

import os
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from candela_tui.files import open_to_every_user
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import READERS, Key, hash_of, prefix_of
from candela_tui.redaction import KEY_BEGINNING

_MOST_BYTES = 1_048_576
_SHORTEST = len(KEY_BEGINNING) + 24
"""Characters of a text that nobody guesses, if it is random."""
_KNOWN = ("name", "key", *(member for member in READERS if member != "name"), "expires")


def read_keys_file(path: Path, pepper: bytes) -> list[Key]:
    """Return the keys of a file: ``[[keys]]`` with a ``name`` and a ``key``. Raises KeysError.

    The file must not be readable by every user. ``pepper`` may be new in each process: no hash is stored.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if open_to_every_user(status.st_mode):
                raise KeysError(f"{path} can be read or written by every user: `chmod o= {path}`")
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeysError(f"{path}: can't be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise KeysError(f"{path} is larger than 1 MiB")
    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        # The error would quote the text, which may be a key.
        raise KeysError(f"{path} is not valid TOML in UTF-8") from None
    tables = document.get("keys")
    if not isinstance(tables, list) or set(document) != {"keys"}:
        raise KeysError(f"{path}: expected only [[keys]], each with a name and a key")
    found = [_key(path, number, table, pepper) for number, table in enumerate(tables, 1)]
    for what, values in (("name", {key.name for key in found}), ("key", {key.hash for key in found})):
        if len(values) < len(found):
            raise KeysError(f"{path}: two entries of [[keys]] have the same {what}")
    return found


def _key(path: Path, number: int, table: Any, pepper: bytes) -> Key:
    place = f"{path}: [[keys]] number {number}"
    if not isinstance(table, dict):
        raise KeysError(f"{place}: expected a table")
    for member in table:
        if member not in _KNOWN:
            raise KeysError(f"{place}: no such key {member[:40]!r}; known here: {', '.join(_KNOWN)}")
    text = table.get("key")
    if not isinstance(text, str) or not text.startswith(KEY_BEGINNING) or len(text) < _SHORTEST or not text.isascii():
        raise KeysError(f"{place}: key must be {KEY_BEGINNING} with at least 24 random letters and digits behind it")

    def read(member: str, checked: Callable[[str], Any]) -> Any:
        value = table.get(member)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
            value = [f"{name}={model}" for name, model in value.items()]
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            value = ",".join(value)
        if not isinstance(value, str):
            raise KeysError(f"{place}: {member}: expected text")
        try:
            return checked(value)
        except ValueError as error:
            raise KeysError(f"{place}: {member}: {error}") from None

    chosen = {member: value for member, checked in READERS.items() if (value := read(member, checked)) is not None}
    if "name" not in chosen:
        raise KeysError(f"{place}: name is missing")
    return Key(
        id=f"file_{number}",
        prefix=prefix_of(text),
        hash=hash_of(text, pepper),
        created_at=datetime.now(UTC),
        expires_at=_moment(place, table.get("expires")),
        **chosen,
    )


def _moment(place: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else datetime.combine(value, time())
    except (TypeError, ValueError):
        raise KeysError(f"{place}: expires: expected a day or a time, such as 2027-01-31") from None
    return found.astimezone(UTC)
