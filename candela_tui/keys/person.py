"""A person who signed in with the identity of the company."""

from dataclasses import dataclass
from datetime import UTC, datetime

from candela_tui.keys.key import Key


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the identity provider says."""

    subject: str
    email: str
    team: str | None


def key_of(person: Person) -> Key:
    """Return what says whose the requests of a person are, as a key does. Nothing can be asked with it."""
    never = datetime.fromtimestamp(0, UTC)
    return Key(id="", name=person.email, prefix="", hash=b"", created_at=never, user=person.email, team=person.team)
