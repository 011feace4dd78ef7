"""Who may do what: the whole table, and what holds for any roles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.team.roles import Permission, Reach, Role, may, reach, roles_of

TABLE = {
    Permission.READ: {Role.MEMBER, Role.LEAD, Role.AUDITOR, Role.ADMIN},
    Permission.READ_SPEND: {Role.AUDITOR, Role.ADMIN},
    Permission.READ_AUDIT: {Role.AUDITOR, Role.ADMIN},
    Permission.READ_STATE: {Role.ADMIN},
    Permission.CHANGE_BUDGETS: {Role.ADMIN},
    Permission.CHANGE_STATE: {Role.ADMIN},
}
REACHES = {Role.MEMBER: Reach.OWN, Role.AUDITOR: Reach.OWN, Role.LEAD: Reach.TEAM, Role.ADMIN: Reach.ALL}
NARROWEST_FIRST = [Reach.OWN, Reach.TEAM, Reach.ALL]
some_roles = st.frozensets(st.sampled_from(Role))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_may_do_what_the_table_says(role: Role, permission: Permission) -> None:
    assert may({role}, permission) is (role in TABLE[permission])


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_as_far_as_the_table_says(role: Role) -> None:
    assert reach({role}) is REACHES[role]


@given(some_roles, some_roles, st.sampled_from(Permission))
def test_another_role_never_takes_anything_away(
    some: frozenset[Role], more: frozenset[Role], wanted: Permission
) -> None:
    both = some | more
    assert may(both, wanted) == (may(some, wanted) or may(more, wanted))
    assert NARROWEST_FIRST.index(reach(both)) == max(NARROWEST_FIRST.index(reach(each)) for each in (some, more))


def test_nobody_without_a_role_may_do_anything() -> None:
    assert not any(may((), permission) for permission in Permission)
    assert reach(()) is Reach.OWN


@pytest.mark.parametrize(
    ("email", "groups", "named", "roles"),
    [
        ("ada@example.com", [], {}, {Role.MEMBER}),
        ("ada@example.com", ["eng"], {"eng": Role.LEAD}, {Role.MEMBER, Role.LEAD}),
        ("ada@example.com", ["eng"], {"ada@example.com": Role.ADMIN}, {Role.MEMBER, Role.ADMIN}),
        ("ada@example.com", ["a", "b"], {"a": Role.LEAD, "b": Role.AUDITOR}, {Role.MEMBER, Role.LEAD, Role.AUDITOR}),
        ("ada@example.com", ["eng"], {"Eng": Role.ADMIN, "ADA@example.com": Role.ADMIN}, {Role.MEMBER}),
        # Who may name groups must not become someone else by that.
        ("eve@example.com", ["ada@example.com"], {"ada@example.com": Role.ADMIN}, {Role.MEMBER}),
        ("ada", ["ada"], {"ada@example.com": Role.ADMIN}, {Role.MEMBER}),
    ],
)
def test_roles_come_from_groups_and_addresses(
    email: str, groups: list[str], named: dict[str, Role], roles: set[Role]
) -> None:
    assert roles_of(email, groups, named) == roles
