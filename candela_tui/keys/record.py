"""A key as a record: everything but its text and the hash of that."""

from datetime import UTC, datetime
from typing import Any

from candela_tui.keys.key import Key, KeyState


def key_record(key: Key, now: datetime) -> dict[str, Any]:
    """Return the fields of ``candela keys show --json``."""
    state = key.state(now)
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "state": state.value,
        "user": key.user,
        "team": key.team,
        "project": key.project,
        "models": list(key.models),
        "providers": list(key.providers),
        "aliases": dict(key.aliases),
        "deny_tools": list(key.deny_tools),
        "parallel": key.parallel,
        "budget": str(key.budget) if key.budget is not None else None,
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "disabled_at": _iso(key.disabled_at) if state is not KeyState.REVOKED else None,
        "revoked_at": _iso(key.revoked_at),
        "old_until": _iso(key.old_until),
    }


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
