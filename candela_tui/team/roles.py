"""What each role may see and do. Everyone who signed in is a member; other roles add to that."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is in a team."""

    MEMBER = "member"
    LEAD = "lead"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What a path of the local API asks for from another machine."""

    READ = "read"
    """See requests, their bodies, sessions and budgets, as far as the reach of a role goes."""
    READ_SPEND = "read spend"
    """See what everyone spent, without the requests."""
    READ_AUDIT = "read audit"
    """See the audit log."""
    READ_STATE = "read state"
    """See how candela itself is: credentials, refused fields, rules and notices."""
    CHANGE_BUDGETS = "change budgets"
    """Let requests pass a budget for a time."""
    CHANGE_STATE = "change state"
    """Have rules read again, and refused fields forgotten."""


class Reach(StrEnum):
    """Whose requests a role sees."""

    OWN = "own"
    TEAM = "team"
    """Those of everyone in one's own team."""
    ALL = "all"


PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.MEMBER: frozenset({Permission.READ}),
    Role.LEAD: frozenset({Permission.READ}),
    Role.AUDITOR: frozenset({Permission.READ, Permission.READ_SPEND, Permission.READ_AUDIT}),
    Role.ADMIN: frozenset(Permission),
}
_REACH: Final[Mapping[Role, Reach]] = {
    Role.MEMBER: Reach.OWN,
    Role.LEAD: Reach.TEAM,
    Role.AUDITOR: Reach.OWN,
    Role.ADMIN: Reach.ALL,
}
_WIDER: Final = (Reach.OWN, Reach.TEAM, Reach.ALL)


def roles_of(email: str, groups: Collection[str], named: Mapping[str, Role]) -> frozenset[Role]:
    """Return the roles of a person. ``named`` has roles by the group of the identity provider or the e-mail address; a
    name with an @ is an address, so that nobody gets a role by naming a group like a person."""
    given = (role for name, role in named.items() if (name == email if "@" in name else name in groups))
    return frozenset({Role.MEMBER, *given})


def may(roles: Iterable[Role], wanted: Permission) -> bool:
    """Return whether any of these roles has a permission."""
    return any(wanted in PERMISSIONS[role] for role in roles)


def reach(roles: Iterable[Role]) -> Reach:
    """Return the widest reach of these roles."""
    return max((_REACH[role] for role in roles), key=_WIDER.index, default=Reach.OWN)


def who_may(wanted: Permission) -> str:
    """Return the roles that have a permission, in words."""
    return " or ".join(role for role in Role if wanted in PERMISSIONS[role])
