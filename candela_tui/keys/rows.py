"""Keys as databases keep them: one value for each field."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from candela_tui.keys.key import Key, KeyBudget

COLUMNS = tuple(field.name for field in fields(Key))


def row_of(key: Key) -> tuple[Any, ...]:
    """Return the values of a key, in the order of ``COLUMNS``."""
    return tuple(_stored(getattr(key, name)) for name in COLUMNS)


def _stored(value: object) -> str | bytes | int | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, tuple):
        return json.dumps(value)
    return value if isinstance(value, bytes | int) or value is None else str(value)


def key_of(row: tuple[Any, ...]) -> Key:
    """Return the key that has these values. A list that an older candela did not keep is empty."""
    found = dict(zip(COLUMNS, row, strict=True))
    for name in ("created_at", "expires_at", "disabled_at", "revoked_at", "old_until"):
        found[name] = found[name] and datetime.fromisoformat(found[name])
    for name in ("models", "providers", "deny_tools"):
        found[name] = tuple(json.loads(found[name] or "[]"))
    found["aliases"] = tuple((name, model) for name, model in json.loads(found["aliases"] or "[]"))
    if found["budget"] is not None:
        limit, _, window = found["budget"].partition("/")
        found["budget"] = KeyBudget(Decimal(limit), window)
    return Key(**found)
