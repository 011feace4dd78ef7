"""Finds who sends a request to the local API with a key or a token of a sign-in, and with which roles."""

from collections.abc import Callable, Mapping

from candela_tui.protocol.headers import HeaderList
from candela_tui.proxy.access.key_gate import KeyGate, KeyRefusal
from candela_tui.proxy.team.people import People
from candela_tui.team.roles import Role, roles_of
from candela_tui.team.viewer import Viewer


class Viewers:
    """Asked for each request, so that a role that was taken away is gone at once. Used on the proxy's event loop."""

    def __init__(self, gate: KeyGate, people: People, roles: Callable[[], Mapping[str, Role]]) -> None:
        """``roles`` returns those that are in force, by group or person."""
        self._gate = gate
        self._people = people
        self._roles = roles

    async def of(self, headers: HeaderList) -> Viewer | KeyRefusal | None:
        """Return who has the key in header fields, the reason to refuse them, or None if there is no key.

        A key is a program's: whoever its user is, it has no role but a member's."""
        key = await self._gate.holder(headers)
        if key is None or isinstance(key, KeyRefusal):
            return key
        person = self._people.who_has(key)
        if person is None:
            return Viewer(key.name, None, key.team, frozenset({Role.MEMBER}))
        roles = roles_of(person.email, person.groups, self._roles())
        return Viewer(person.email, person.email, key.team, roles)
