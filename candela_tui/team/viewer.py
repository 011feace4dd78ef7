"""Who looks at a candela from elsewhere, and whose requests they see."""

from collections.abc import Iterable
from dataclasses import dataclass

from candela_tui.team.roles import Permission, Reach, Role, may, reach


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose requests with a key of a name are."""

    key: str
    user: str | None
    team: str | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who signed in, or a program with a key."""

    name: str
    """The e-mail address, or the name of the key."""
    user: str | None
    """Whose every key's requests they see; None for a program, which sees what was asked with its own key."""
    team: str | None
    roles: frozenset[Role]

    def may(self, wanted: Permission) -> bool:
        """Return whether a role of theirs has a permission."""
        return may(self.roles, wanted)

    @property
    def reach(self) -> Reach:
        """Whose requests they see. Who has no team leads none."""
        widest = reach(self.roles)
        return Reach.OWN if widest is Reach.TEAM and self.team is None else widest

    @property
    def sees_all(self) -> bool:
        """Whether they see every request, also those without a key."""
        return self.reach is Reach.ALL

    @property
    def sees_team(self) -> bool:
        """Whether they see what everyone in their team does."""
        return self.team is not None and self.reach is not Reach.OWN

    def visible_keys(self, owners: Iterable[KeyOwner]) -> frozenset[str]:
        """Return the names of the keys whose requests they see, unless they see all."""
        return frozenset({self.name, *(owner.key for owner in owners if self._sees(owner))})

    def visible_users(self, owners: Iterable[KeyOwner]) -> frozenset[str]:
        """Return the users whose requests they see, unless they see all."""
        named = {owner.user for owner in owners if self._of_team(owner)}
        return frozenset(user for user in {self.user, *named} if user is not None)

    def is_own(self, owner: KeyOwner) -> bool:
        """Return whether requests with a key are their own."""
        return owner.key == self.name or (self.user is not None and owner.user == self.user)

    def _sees(self, owner: KeyOwner) -> bool:
        return self.is_own(owner) or self._of_team(owner)

    def _of_team(self, owner: KeyOwner) -> bool:
        return self.sees_team and owner.team == self.team
