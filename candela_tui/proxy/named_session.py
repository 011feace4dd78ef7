"""Finds the session that a client other than Claude Code names."""

from collections.abc import Sequence

from candela_tui.protocol.headers import HeaderList, header
from candela_tui.redaction import has_secret

_LONGEST = 200
"""Characters of the name of a session."""


def named_session(headers: HeaderList, fields: Sequence[str]) -> str | None:
    """Return what the first of the fields that a request has says, or None if it has none, or a credential in it."""
    values = ((header(headers, field) or "").strip() for field in fields)
    return next((value[:_LONGEST] for value in values if value and not has_secret(value)), None)
