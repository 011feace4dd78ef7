"""Keys for tests."""

from pathlib import Path
from typing import Any

from candela_tui.audit.entry import Via
from candela_tui.audit.log import LocalAuditLog
from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.key import Key
from candela_tui.keys.store import KeyStore, LocalKeyStore
from candela_tui.text.times import utc_now


def wanted(name: str = "ci", **limits: Any) -> Key:
    """A key that is to be made."""
    return Key(id="", name=name, prefix="", hash=b"", created_at=utc_now(), **limits)


def store_in(data: Path) -> KeyStore:
    """The keys of a data directory."""
    return LocalKeyStore(data / "keys.db", data / "keys-pepper")


def changes_in(data: Path) -> KeyChanges:
    """What changes the keys of a data directory."""
    return KeyChanges(store_in(data), LocalAuditLog(data / "audit.db", "ada", Via.COMMAND))


def make(data: Path, name: str = "ci", **limits: Any) -> tuple[Key, str]:
    """Make a key in a data directory, and return it with its text."""
    return store_in(data).create(wanted(name, **limits))
