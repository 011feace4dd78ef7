"""Where an export goes."""

from pathlib import Path

import pytest

from candela_tui.reports.catalog import REPORTS
from tests.ui.scene import Scene, clues, screen_text, shows, typed, until


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


async def test_the_usual_name_is_in_the_field_and_follows_the_form(scene: Scene) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e")
        await shows(pilot, "the session as CSV", "candela-7c1d4f0e-session.csv")
        await pilot.press("j")
        await shows(pilot, "candela-7c1d4f0e-session.json")
        await pilot.press("enter")
        await shows(pilot, "1 request written")
        assert Path("candela-7c1d4f0e-session.json").exists()


async def test_every_report_is_offered(scene: Scene) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e")
        await shows(pilot, *(f"the session as {report.title}" for report in REPORTS.values()))


async def test_an_export_goes_where_its_user_says(scene: Scene, tmp_path: Path) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "tab", "ctrl+u")
        await typed(pilot, str(tmp_path / "mine.csv"))
        await pilot.press("enter")
        await shows(pilot, "1 request written")
        assert (tmp_path / "mine.csv").read_text().startswith("id,")


async def test_a_directory_gets_a_file_of_the_usual_name(scene: Scene, tmp_path: Path) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "tab", "ctrl+u")
        await typed(pilot, str(tmp_path))
        await pilot.press("enter")
        await shows(pilot, "1 request written")
        assert (tmp_path / "candela-7c1d4f0e-session.csv").exists()


async def test_a_file_that_exists_is_replaced_only_after_asking(scene: Scene, tmp_path: Path) -> None:
    taken = tmp_path / "taken.csv"
    taken.write_text("dear")
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "tab", "ctrl+u")
        await typed(pilot, str(taken))
        await pilot.press("enter")
        await shows(pilot, "taken.csv already exists. Press ⏎ again to replace it.")
        assert taken.read_text() == "dear"
        await pilot.press("x", "backspace")
        await until(pilot, lambda: "Press ⏎ again" not in screen_text(pilot))
        await pilot.press("enter")
        await shows(pilot, "taken.csv already exists.")
        await pilot.press("enter")
        await shows(pilot, "1 request written")
        assert taken.read_text().startswith("id,")


async def test_a_directory_that_is_not_there_is_named(scene: Scene, tmp_path: Path) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "tab", "ctrl+u")
        await typed(pilot, "nowhere/mine.csv")
        await pilot.press("enter")
        await shows(pilot, "The directory nowhere does not exist.")
