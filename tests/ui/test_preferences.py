"""What the dashboard remembers."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.ui.state.preferences import Preferences, Remembered
from candela_tui.ui.style.spinner import frame, tick_at
from tests.ui.scene import NOW, Scene, shows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dashboard.json"


def test_what_was_chosen_is_remembered(file: Path) -> None:
    Preferences(file).change(theme="nord", columns=("time", "model"))
    again = Preferences(file)
    assert (again.now.theme, again.now.columns) == ("nord", ("time", "model"))
    assert again.trouble is None
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_fields_of_a_newer_candela_are_no_trouble(file: Path) -> None:
    file.write_text(json.dumps({"theme": "nord", "hologram": {"depth": 3}}))
    preferences = Preferences(file)
    assert preferences.now == Remembered(theme="nord")
    assert preferences.trouble is None


def test_a_field_of_a_wrong_type_is_told_and_the_others_hold(file: Path) -> None:
    file.write_text(json.dumps({"theme": "nord", "columns": 3}))
    preferences = Preferences(file)
    assert preferences.now == Remembered(theme="nord")
    assert preferences.trouble is not None
    assert "columns" in preferences.trouble


@pytest.mark.parametrize("text", ["{", "[]", "\xff", "null"])
def test_a_file_that_can_not_be_read_is_told_and_set_aside_not_written_over(file: Path, text: str) -> None:
    file.write_text(text, encoding="latin-1")
    preferences = Preferences(file)
    assert preferences.now == Remembered()
    assert preferences.trouble is not None
    assert str(file) in preferences.trouble
    preferences.change(theme="nord")
    assert Preferences(file).now.theme == "nord"
    assert file.with_name("dashboard.json.unreadable").read_text(encoding="latin-1") == text


@given(st.dictionaries(st.sampled_from(Remembered.__struct_fields__), st.none() | st.integers() | st.text()))
def test_no_file_keeps_the_dashboard_from_opening(tmp_path_factory: pytest.TempPathFactory, written: Any) -> None:
    file = tmp_path_factory.mktemp("p") / "dashboard.json"
    file.write_text(json.dumps(written))
    assert isinstance(Preferences(file).now, Remembered)


async def test_trouble_with_writing_is_a_warning_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, preferences=Preferences(tmp_path / "gone" / "dashboard.json"))
    async with scene.opened() as pilot:
        await shows(pilot, "Waiting")
        for theme in ("nord", "gruvbox"):
            scene.app.choose_theme(theme)
        await shows(pilot, "⚠ 1")
        assert ["can't be saved" in notice.text for notice in scene.app.sources.notices] == [True]
        assert scene.app.theme == "gruvbox"


async def test_a_remembered_theme_wins_over_the_configured_one(tmp_path: Path) -> None:
    Preferences(tmp_path / "dashboard.json").change(theme="nord")
    scene = Scene(tmp_path, theme="candela-light", preferences=Preferences(tmp_path / "dashboard.json"))
    async with scene.opened() as pilot:
        await shows(pilot, "Waiting")
        assert scene.app.theme == "nord"


def test_with_reduced_motion_the_spinner_stands_still_and_seconds_are_still_whole() -> None:
    from datetime import timedelta

    from candela_tui.ui.style.spinner import TICKS_A_SECOND

    ticks = [tick_at(NOW + timedelta(seconds=0.97 * n), still=True) for n in range(50)]
    assert {frame(tick) for tick in ticks} == {frame(0)}
    assert all(tick % TICKS_A_SECOND == 0 for tick in ticks)
    assert len({frame(tick_at(NOW + timedelta(seconds=n / TICKS_A_SECOND), still=False)) for n in range(10)}) == 10
