"""The screen of candela's own keys (K)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.audit.log import LocalAuditLog
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.keys.key import Key, KeyBudget, KeyState
from candela_tui.keys.ring import KeyRing
from candela_tui.paths import Paths, default_paths
from candela_tui.text.times import Clock
from candela_tui.ui.screens.keys.rows import KeyRow
from tests.keys.made import store_in, wanted
from tests.ui.budget_states import MY_DAY, still
from tests.ui.scene import NOW, Scene, screen_text, shows, typed
from tests.ui.test_session_rows import said

CI = replace(
    wanted("ci", user="ada", team="core", project="api", models=("claude-haiku-*",)),
    id="key_1",
    prefix="ck_live_a1B2c3D4",
    created_at=NOW,
    budget=KeyBudget(Decimal(20), "day"),
    aliases=(("fast", "claude-haiku-4-5"),),
    deny_tools=("WebFetch",),
    parallel=4,
)
SPENT = replace(MY_DAY, name="key ci")


def paths_in(directory: Path) -> Paths:
    paths = default_paths(directory / "config.toml", directory / "data")
    paths.make_data_directory()
    return paths


async def test_a_key_is_made_shown_once_rotated_disabled_and_revoked(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    ring = KeyRing(store_in(paths.data), None)
    scene = Scene(tmp_path, sign_in_setup=SignInSetup(paths), control=still(tmp_path / "config.toml", SPENT))
    async with scene.opened((100, 30)) as pilot:
        await pilot.press("K")
        await shows(pilot, "No key. n makes one")
        await pilot.press("n")
        await shows(pilot, "A new key")
        await pilot.press("w")
        await shows(pilot, "A key needs a name.")
        await pilot.press("enter")
        await typed(pilot, "two words")
        await pilot.press("enter")
        await shows(pilot, "is not a name")
        await pilot.press("ctrl+u")
        await typed(pilot, "ci")
        await pilot.press("enter", *["j"] * 9, "enter")
        await typed(pilot, "20/day")
        await pilot.press("enter", "w")
        await shows(pilot, "The key ci", "It is shown only now")
        [text] = [word for word in screen_text(pilot).split() if len(word) == 51]
        key = await ring.find(text)
        assert key is not None
        assert str(key.budget) == "20/day"
        await pilot.press("escape")
        await shows(pilot, "1 of 1 accepted", key.prefix, "$16.40 of $20.00", "84%")
        assert text not in screen_text(pilot)

        await pilot.press("r")
        await shows(pilot, "Rotate ci?")
        await pilot.press("y")
        await shows(pilot, "It is shown only now")
        [other] = [word for word in screen_text(pilot).split() if len(word) == 51]
        assert other != text
        await pilot.press("escape")
        await shows(pilot, "Rotated: the old text is accepted")

        await pilot.press("d")
        await shows(pilot, "Disable ci?")
        await pilot.press("y")
        await shows(pilot, "0 of 1 accepted", "disabled")
        await pilot.press("d")
        await shows(pilot, "1 of 1 accepted")
        await pilot.press("x")
        await shows(pilot, "Revoke ci?")
        await pilot.press("n")
        await shows(pilot, "1 of 1 accepted")
        await pilot.press("x")
        await shows(pilot, "Revoke ci?")
        await pilot.press("y")
        await shows(pilot, "No key. n makes one")

    entries = LocalAuditLog(paths.audit, "", "").entries()
    assert [entry.action for entry in entries] == [
        f"key.{action}" for action in ("create", "rotate", "disable", "enable", "revoke")
    ]
    assert {entry.via for entry in entries} == {"dashboard"}
    assert store_in(paths.data).keys()[0].revoked_at is not None


async def test_without_the_data_directory_it_says_so(scene: Scene) -> None:
    async with scene.opened((80, 24)) as pilot:
        await pilot.press("K")
        await shows(pilot, "does not know where the keys are")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tour": True}, "The demo has no keys."),
        ({"server": "https://candela.example"}, "Keys of https://candela.example are made on its own machine."),
    ],
)
async def test_where_no_key_can_be_made_no_press_is_offered_for_it(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    async with Scene(tmp_path, **options).opened((80, 24)) as pilot:
        await pilot.press("K")
        await shows(pilot, said)
        assert [word for word in ("⚠", "n New", "n makes") if word in screen_text(pilot)] == []


def row(key: Key = CI, width: int = 100) -> tuple[str, str]:
    found = KeyRow(key, SPENT, Clock(lambda: NOW))
    return said(found.draw(0, width, 0)), said(found.draw(1, width, 0))


def test_a_row_says_whose_a_key_is_and_what_it_has_spent() -> None:
    first, second = row()
    assert all(word in first for word in ("ci", "ck_live_a1B2c3D4…", "84%", "$16.40 of $20.00", "active"))
    assert second.strip() == "ada · core · api · models claude-haiku-*"
    assert "$16.40 of $20.00" in row(width=80)[0]
    expired = replace(CI, expires_at=NOW - timedelta(hours=1))
    assert expired.state(NOW) is KeyState.EXPIRED
    assert "expired" in row(expired)[0]
    unlimited = KeyRow(replace(CI, budget=None, models=()), None, Clock(lambda: NOW))
    assert "no budget" in said(unlimited.draw(0, 80, 0))
    assert "all models" in said(unlimited.draw(1, 80, 0))


def test_what_is_known_of_a_key_names_all_its_limits() -> None:
    found = "\n".join(map(said, KeyRow(CI, SPENT, Clock(lambda: NOW)).about(90)))
    for words in ("fast = claude-haiku-4-5", "WebFetch", "4 requests at once", "budget 20/day", "all providers"):
        assert words in found
