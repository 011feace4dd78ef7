"""A person who signed in with the identity of the company."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


def in_team(person: Person, teams: Mapping[str, str]) -> Person | None:
    """Return a person in the team that their groups have, or None if there are teams, but none for them. ``teams`` has
    the team of each group."""
    found = [team for group, team in teams.items() if group in person.groups]
    if teams and not found:
        return None
    return replace(person, team=found[0] if found else None)


OF_DASHBOARD: Final = "dashboard"
OF_CLIENT: Final = "session"
"""How the ids of sessions begin: of those for a dashboard, and of those for a client such as Claude Code."""


def is_of_dashboard(key: Key) -> bool:
    """Return whether a key is a token of someone who signed in for a dashboard, and not for a client. Only such a token
    has the roles of its person: a client's can be read by what the client runs."""
    return of_dashboard(key.id)


def of_dashboard(session_id: str) -> bool:
    """Return whether a sign-in is for a dashboard."""
    return session_id.startswith(f"{OF_DASHBOARD}_")


def key_of(person: Person) -> Key:
    """Return what says whose the requests of a person are, as a key does. Nothing can be asked with it."""
    never = datetime.fromtimestamp(0, UTC)
    return Key(id="", name=person.email, prefix="", hash=b"", created_at=never, user=person.email, team=person.team)
