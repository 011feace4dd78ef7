"""Whose requests a viewer sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.team.roles import Role
from candela_tui.team.viewer import KeyOwner, Viewer

OWNERS = (
    KeyOwner("ada@example.com", "ada@example.com", "web"),
    KeyOwner("ada-ci", "ada@example.com", "web"),
    KeyOwner("bob", "bob", "web"),
    KeyOwner("eve", "eve", "data"),
    KeyOwner("shared", None, "web"),
    KeyOwner("nobody", "carl", None),
)
ADA = "ada@example.com"


def person(*roles: Role, team: str | None = "web") -> Viewer:
    return Viewer(ADA, ADA, team, frozenset({Role.MEMBER, *roles}))


@pytest.mark.parametrize(
    ("viewer", "keys", "users"),
    [
        (person(), {ADA, "ada-ci"}, {ADA}),
        (person(Role.AUDITOR), {ADA, "ada-ci"}, {ADA}),
        (person(Role.LEAD), {ADA, "ada-ci", "bob", "shared"}, {ADA, "bob"}),
        # Who has no team leads none: not the people without a team either.
        (person(Role.LEAD, team=None), {ADA, "ada-ci"}, {ADA}),
        # A program sees what was asked with its own key, and not what else its user asks.
        (Viewer("ada-ci", None, "web", frozenset({Role.MEMBER})), {"ada-ci"}, set()),
    ],
)
def test_a_viewer_sees_what_the_role_reaches(viewer: Viewer, keys: set[str], users: set[str]) -> None:
    assert viewer.visible_keys(OWNERS) == keys
    assert viewer.visible_users(OWNERS) == users
    assert not viewer.sees_all


def test_an_admin_sees_all() -> None:
    assert person(Role.ADMIN).sees_all


names = st.sampled_from(["a", "b", "c", "d"])
maybe = st.none() | names
owners = st.builds(KeyOwner, names, maybe, maybe)


@given(st.lists(owners), names, maybe, maybe, st.frozensets(st.sampled_from([Role.MEMBER, Role.AUDITOR, Role.LEAD])))
def test_what_is_seen_is_ones_own_or_of_a_team_that_one_leads(
    known: list[KeyOwner], name: str, user: str | None, team: str | None, roles: frozenset[Role]
) -> None:
    viewer = Viewer(name, user, team, roles)
    seen = viewer.visible_keys(known)
    for owner in known:
        if owner.key in seen:
            same_name = [each for each in known if each.key == owner.key]
            assert owner.key == name or any(
                (user is not None and each.user == user)
                or (Role.LEAD in roles and team is not None and each.team == team)
                for each in same_name
            )
