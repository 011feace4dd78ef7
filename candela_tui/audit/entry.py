"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

State = Mapping[str, Any]
"""What something was, or became: only what JSON has, and no secret."""


class Via(StrEnum):
    """How a change was made."""

    COMMAND = "command"
    DASHBOARD = "dashboard"
    LOCAL_API = "local API"
    SIGN_IN = "sign-in"
    """Someone signed in or out. The actor is the person, by the e-mail address."""
    FILE = "config.toml"
    """Someone changed the file. The actor is who owns it."""
    RETENTION = "retention"
    """A limit in days was applied. The actor is the user who runs candela."""


class AuditError(Exception):
    """The audit log can't be read or written. ``str()`` says which file, and why."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done."""

    number: int
    """Counts the entries from 1."""
    at: datetime
    actor: str
    """The user of this machine who did it."""
    via: str
    action: str
    """Such as ``key.create``."""
    subject: str
    """The name of the key, budget or rule, or the id of the request."""
    before: State | None
    """None: it was not there."""
    after: State | None
    """None: it is no longer there."""
