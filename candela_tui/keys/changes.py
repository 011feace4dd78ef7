"""Changes of keys, each with its entry in the audit log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from candela_tui.audit.entry import AuditError
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key
from candela_tui.keys.record import key_record
from candela_tui.keys.store import KeyStore
from candela_tui.text.times import utc_now

if TYPE_CHECKING:
    # It imports SQLAlchemy.
    from candela_tui.audit.log import AuditLog, Write


class KeyChanges:
    """Makes and withdraws keys. Every method raises KeysError, and then nothing was changed."""

    def __init__(self, store: KeyStore, audit: "AuditLog", now: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._audit = audit
        self._now = now

    def create(self, wanted: Key) -> tuple[Key, str]:
        """Keep a new key, and return it with its text, which can't be read again."""
        with self._recorded() as write:
            made, text = self._store.create(wanted)
            write("key.create", made.name, None, self._record(made))
        return made, text

    def rotate(self, key: Key) -> tuple[Key, str]:
        """Give a key another text, and return both. The old one is accepted for ``GRACE``."""
        with self._recorded() as write:
            before = self._current(key)
            after, text = self._store.rotate(before, self._now())
            write("key.rotate", after.name, self._record(before), self._record(after))
        return after, text

    def disable(self, key: Key) -> None:
        """Refuse a key until it is enabled again."""
        self._change("disable", key, disabled_at=key.disabled_at or self._now())

    def enable(self, key: Key) -> None:
        """Accept a disabled key again."""
        self._change("enable", key, disabled_at=None)

    def revoke(self, key: Key) -> None:
        """Refuse a key for good."""
        self._change("revoke", key, revoked_at=self._now())

    def expire(self, key: Key, at: datetime | None) -> None:
        """Let a key expire at a moment, or never."""
        self._change("expire", key, expires_at=at)

    def _change(self, action: str, key: Key, **changes: datetime | None) -> None:
        with self._recorded() as write:
            before = self._current(key)
            after = replace(before, **changes)  # type: ignore[arg-type]  # All of them are moments.
            write(f"key.{action}", after.name, self._record(before), self._record(after))
            self._store.change(after)

    @contextmanager
    def _recorded(self) -> "Iterator[Write]":
        """Provide what adds an entry to the audit log. Whoever else changes keys waits until the block ends."""
        try:
            with self._audit.writing() as write:
                yield write
        except AuditError as error:
            raise KeysError(str(error)) from None

    def _current(self, key: Key) -> Key:
        """Return a key as it is kept now: since the caller read it, someone may have rotated or revoked it."""
        kept = self._store.keys()
        found = next((each for each in kept if each.id == key.id), None)
        if found is None:
            raise KeysError(f"The key {key.name} is no longer there.")
        if found.revoked_at is not None:
            raise KeysError(f"{found.name} ({found.prefix}…) was revoked, for good: make another key.")
        return found

    def _record(self, key: Key | None) -> dict[str, object] | None:
        return key_record(key, self._now()) if key is not None else None
