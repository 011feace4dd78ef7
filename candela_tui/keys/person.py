"""A person who signed in with the identity of the company."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from candela_tui.keys.key import Key


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the identity provider says."""

    subject: str
    email: str
    team: str | None
    groups: tuple[str, ...] = ()
    """Those of the identity provider, by which roles are given."""


OF_DASHBOARD: Final = "dashboard"
OF_CLIENT: Final = "session"
"""How the ids of sessions begin: of those for a dashboard, and of those for a client such as Claude Code."""


def is_of_dashboard(key: Key) -> bool:
    """Return whether a key is a token of someone who signed in for a dashboard, and not for a client. Only such a token
    has the roles of its person: a client's can be read by what the client runs."""
    return key.id.startswith(f"{OF_DASHBOARD}_")


def key_of(person: Person) -> Key:
    """Return what says whose the requests of a person are, as a key does. Nothing can be asked with it."""
    never = datetime.fromtimestamp(0, UTC)
    return Key(id="", name=person.email, prefix="", hash=b"", created_at=never, user=person.email, team=person.team)
