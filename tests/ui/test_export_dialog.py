"""Where an export goes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Export
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
        await shows(pilot, "the session, 1 request", "candela-7c1d4f0e-session.csv")
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
        await shows(pilot, *(f"{number}  {report.title}" for number, report in enumerate(REPORTS.values(), 1)))


async def test_the_columns_of_a_table_and_the_beginning_of_a_document_are_previewed(scene: Scene) -> None:
    scene.request(clues=clues("fix the test"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e")
        await shows(pilot, "Columns: id, session_id, agent_id", "one for each request")
        await pilot.press("b")
        await shows(pilot, "Columns: key, models, requests", "one for each session", "-session-by-session.csv")
        await pilot.press("j", "j", "j", "j")
        await shows(pilot, '{"log":{"version":"1.2"', "only in tables", "candela-7c1d4f0e-session.har")


async def test_what_is_chosen_is_written_summed_up_or_redacted(scene: Scene) -> None:
    scene.request(clues=clues("fix the test of ann@example.org"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "b", "b", "b", "b", "enter")
        await shows(pilot, "1 request written")
        assert "\n2026-11-21," in Path("candela-7c1d4f0e-session-by-day.csv").read_text()
        await pilot.press("e", "r")
        await shows(pilot, "secrets, paths and e-mail addresses")
        await pilot.press("6")
        await shows(pilot, "Redacted: ")
    written = Path("candela-7c1d4f0e-session.md").read_text()
    assert "ann@example.org" not in written
    assert "fix the test of" in written


async def test_a_long_export_says_how_far_it_is_and_esc_leaves_no_file(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.request(clues=clues("fix the test"))

    def endless(_: Export) -> Iterator[bytes]:
        yield b"x" * 2_000
        while True:
            yield b""

    monkeypatch.setitem(REPORTS, "csv", replace(REPORTS["csv"], pieces=endless))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "enter")
        await shows(pilot, "Exporting", "2.0 kB", "esc stop")
        await pilot.press("escape")
        await shows(pilot, "The export was stopped. No file was written.")
    assert list(Path().iterdir()) == []


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


async def test_bodies_that_are_not_stored_yet_are_exported(scene: Scene) -> None:
    scene.request(body=b'{"model": "m"}', answer=b"event: ping\ndata: {}\n\n", piece=9, pace_ms=20)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("e", "5")
        await shows(pilot, "1 request written")
    (path,) = Path().glob("*.har")
    (entry,) = json.loads(path.read_text())["log"]["entries"]
    assert entry["request"]["postData"]["text"] == '{"model": "m"}'
    assert entry["response"]["content"]["text"] == "event: ping\ndata: {}\n\n"
    assert [event["eventName"] for event in entry["_eventSourceMessages"]] == ["ping"]
