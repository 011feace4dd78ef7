"""A program that candela becomes has the environment that the user had before ``uv run`` added candela's."""

from pathlib import Path

import pytest

from candela_tui.cli.claude.own_environment import without_own_environment

BEFORE = {"PATH": "/home/ada/bin:/usr/bin", "HOME": "/home/ada"}
OWN = "/home/ada/candela/.venv"
BY_UV = {
    "PATH": f"{OWN}/bin:{BEFORE['PATH']}",
    "HOME": "/home/ada",
    "VIRTUAL_ENV": OWN,
    "UV": "/usr/bin/uv",
    "UV_RUN_RECURSION_DEPTH": "1",
}


def test_what_uv_run_added_is_removed() -> None:
    assert without_own_environment(BY_UV, OWN) == BEFORE


def test_what_uvx_added_to_path_is_removed() -> None:
    """uvx sets no VIRTUAL_ENV; one that is there is the user's, and so is a ``uv run`` around it."""
    by_uvx = {"PATH": BY_UV["PATH"], "UV": "/usr/bin/uv"}
    theirs = {"VIRTUAL_ENV": "/home/ada/project/.venv", "UV_RUN_RECURSION_DEPTH": "1"}
    assert without_own_environment(by_uvx, OWN) == by_uvx | {"PATH": BEFORE["PATH"]}
    assert without_own_environment(by_uvx | theirs, OWN) == by_uvx | theirs | {"PATH": BEFORE["PATH"]}


@pytest.mark.parametrize(
    "environ",
    [
        BEFORE,
        {"PATH": f"{OWN}/bin:/usr/bin", "VIRTUAL_ENV": OWN},
        {**BY_UV, "VIRTUAL_ENV": "/home/ada/project/.venv", "PATH": "/home/ada/project/.venv/bin:/usr/bin"},
        {"UV": "/usr/bin/uv"},
        {},
    ],
    ids=["no uv", "activated, no uv", "uv run of another project", "no PATH", "nothing"],
)
def test_an_environment_that_uv_did_not_change_for_candela_stays(environ: dict[str, str]) -> None:
    assert without_own_environment(environ, OWN) == environ


def test_an_environment_that_the_user_activated_stays_on_path_and_active() -> None:
    activated = {**BEFORE, "PATH": f"{OWN}/bin:{BEFORE['PATH']}", "VIRTUAL_ENV": OWN}
    by_uv = {**BY_UV, "PATH": f"{OWN}/bin:{activated['PATH']}"}
    assert without_own_environment(by_uv, OWN) == activated


def test_places_that_came_before_uvs_stay_first() -> None:
    assert without_own_environment({**BY_UV, "PATH": f"/first:{BY_UV['PATH']}"}, OWN)["PATH"] == (
        f"/first:{BEFORE['PATH']}"
    )


def test_the_marks_of_an_outer_uv_run_stay() -> None:
    nested = without_own_environment({**BY_UV, "UV_RUN_RECURSION_DEPTH": "2"}, OWN)
    assert nested == BEFORE | {"UV": "/usr/bin/uv", "UV_RUN_RECURSION_DEPTH": "1"}


def test_a_symbolic_link_to_the_checkout_is_the_same_place(tmp_path: Path) -> None:
    checkout, link = tmp_path / "checkout", tmp_path / "link"
    (checkout / ".venv/bin").mkdir(parents=True)
    link.symlink_to(checkout)
    by_uv = {**BY_UV, "PATH": f"{link}/.venv/bin:{BEFORE['PATH']}", "VIRTUAL_ENV": f"{link}/.venv"}
    assert without_own_environment(by_uv, str(checkout / ".venv")) == BEFORE
