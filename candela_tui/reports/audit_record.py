"""An entry of the audit log as a record, for JSON and CSV."""

from typing import Any, Final

from candela_tui.audit.entry import AuditEntry
from candela_tui.exchange.facts import iso_time

FIELDS: Final = ("number", "at", "actor", "via", "action", "subject", "before", "after")


def audit_record(entry: AuditEntry) -> dict[str, Any]:
    """Return the fields of an entry."""
    return {name: iso_time(entry.at) if name == "at" else getattr(entry, name) for name in FIELDS}
