"""Changes of keys, each with its entry in the audit log."""

from collections.abc import Callable
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
    from candela_tui.audit.log import AuditLog


class KeyChanges:
    """Makes and withdraws keys. Every method raises KeysError, and then nothing was changed."""

    def __init__(self, store: KeyStore, audit: "AuditLog", now: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._audit = audit
        self._now = now

    def create(self, wanted: Key) -> tuple[Key, str]:
        """Keep a new key, and return it with its text, which can't be read again."""
        return self._with_text("create", None, lambda: self._store.create(wanted))

    def rotate(self, key: Key) -> tuple[Key, str]:
        """Give a key another text, and return both. The old one is accepted for ``GRACE``."""
        _require_not_revoked(key)
        return self._with_text("rotate", key, lambda: self._store.rotate(key, self._now()))

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

    def _with_text(self, action: str, before: Key | None, made: Callable[[], tuple[Key, str]]) -> tuple[Key, str]:
        try:
            with self._audit.writing() as write:
                after, text = made()
                write(f"key.{action}", after.name, self._record(before), self._record(after))
        except AuditError as error:
            raise KeysError(str(error)) from None
        return after, text

    def _change(self, action: str, key: Key, **changes: datetime | None) -> None:
        _require_not_revoked(key)
        after = replace(key, **changes)  # type: ignore[arg-type]  # All of them are moments.
        try:
            with self._audit.writing() as write:
                write(f"key.{action}", key.name, self._record(key), self._record(after))
                self._store.change(after)
        except AuditError as error:
            raise KeysError(str(error)) from None

    def _record(self, key: Key | None) -> dict[str, object] | None:
        return key_record(key, self._now()) if key is not None else None


def _require_not_revoked(key: Key) -> None:
    if key.revoked_at is not None:
        raise KeysError(f"{key.name} ({key.prefix}…) was revoked, for good: make another key.")
