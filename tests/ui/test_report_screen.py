"""The screen of usage reports."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Ledger
from candela_tui.store.database import connect_to_write
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges
from candela_tui.text import amounts
from candela_tui.ui.screens.report.screen import ReportScreen
from tests.ui.scene import Scene, clues, screen_text, shows, until

OPUS, SONNET, HAIKU = "claude-opus-4-8", "claude-sonnet-4-5", "claude-haiku-4-5"
DAY = 86_400


def a_month(scene: Scene) -> list[Exchange]:
    """Put requests of some days into the store: main agents and sub-agents, three models, one without a price."""
    made = []
    for day in (0, 1, 2, 5, 6, 8, 9, 12, 20):
        for number in range(1 + day % 4):
            about: dict[str, Any] = {
                "session_id": f"session-{day}",
                "clues": clues(f"task {day}", "/src/api" if day % 2 else "/src/db", "main"),
                "model": (OPUS, SONNET, HAIKU)[(day + number) % 3],
                "agent_id": f"a{day}" if number == 1 else None,
            }
            usage = (
                12 + day,
                4_000 * (day + 9 * number),
                9_000 + 900 * day,
                0 if number else 700 * day,
                900 + 90 * day,
            )
            made.append(scene.make(ago=day * DAY + 600 * (number + 1), usage=usage, **about))
    made.append(scene.make(ago=300, session_id="session-0", model="claude-fable-9", usage=(2, 5, 0, 0, 12)))
    keep(scene, made)
    return made


def keep(scene: Scene, made: list[Exchange]) -> None:
    connection = connect_to_write(scene.store)
    bring_up_to_date(connection, scene.store)
    with connection.begin():
        connection.execute(insert(exchanges), [row_of(each, None, response_dropped=False) for each in made])
    connection.close()


async def test_its_sums_are_those_of_the_ledger(scene: Scene) -> None:
    ledger = Ledger.of(a_month(scene)).totals
    async with scene.opened() as pilot:
        await pilot.press("r")
        await shows(pilot, "Usage daily · all time", "2026-11-21", "Total")
        cost = amounts.cost(ledger.cost, lower_bound=True)
        total = next(line for line in screen_text(pilot).splitlines() if line.startswith(" Total"))
        assert cost in total
        for name, key in (("session", "4"), ("project", "6"), ("model", "7"), ("agent", "8"), ("branch", "9")):
            await pilot.press(key)
            await shows(pilot, f"Usage {name} · all time", cost)


async def test_brackets_go_through_the_reports_and_round(scene: Scene) -> None:
    a_month(scene)
    async with scene.opened() as pilot:
        await pilot.press("r")
        await pilot.press("right_square_bracket")
        await shows(pilot, "Usage weekly", "2026-11-16")
        await pilot.press("left_square_bracket", "left_square_bracket")
        await shows(pilot, "Usage branch")
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ReportScreen))


async def test_a_time_span_leaves_out_what_began_before(scene: Scene) -> None:
    a_month(scene)
    async with scene.opened() as pilot:
        await pilot.press("r", "t", "3")
        said = await shows(pilot, "Usage daily · the last 7 days", "2026-11-15")
        assert "2026-11-13" not in said
        await pilot.press("t", "2")
        await shows(pilot, "Usage daily · today")


async def test_what_if_shows_the_arithmetic_beside_the_recorded_cost(scene: Scene) -> None:
    a_month(scene)
    async with scene.opened((140, 50)) as pilot:
        await pilot.press("r", "7", "w")
        await shows(pilot, "What would it have cost with", f"model={OPUS}")
        await pilot.press("1")
        await shows(
            pilot, "what if no-cache", "WHAT IF", "CHANGE", "What if there were no prompt cache", "requests compared"
        )
        await pilot.press("w", "0")
        await until(pilot, lambda: "WHAT IF" not in screen_text(pilot))


async def test_models_of_a_row_are_listed_on_request(scene: Scene) -> None:
    a_month(scene)
    async with scene.opened() as pilot:
        await pilot.press("r", "4", "enter")
        await shows(pilot, "   fable-9")
        await pilot.press("b")
        await until(pilot, lambda: "   fable-9" not in screen_text(pilot))


@pytest.mark.parametrize(("key", "ending"), [("1", "csv"), ("2", "json")])
async def test_the_export_has_the_same_sums(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = Ledger.of(a_month(scene)).totals
    path = tmp_path / f"candela-report-weekly.{ending}"
    async with scene.opened() as pilot:
        await pilot.press("r", "2")
        await shows(pilot, "Usage weekly", "Total")
        await pilot.press("e", key)
        await until(pilot, path.exists)
    text = path.read_text(encoding="utf-8")
    if ending == "csv":
        costs = [Decimal(row["cost_usd"]) for row in csv.DictReader(text.splitlines())]
    else:
        costs = [row["cost_usd"] for row in json.loads(text, parse_float=Decimal)["rows"]]
    assert sum(costs) == ledger.cost_usd


async def test_it_is_read_again_on_request(scene: Scene) -> None:
    made = a_month(scene)
    async with scene.opened() as pilot:
        await pilot.press("r", "7")
        await shows(pilot, "Usage model", "fable-9")
        keep(
            scene,
            [replace(made[-1], id="later", model_used="claude-saga-1", started_at=scene.now - timedelta(hours=1))],
        )
        await pilot.press("r")
        await shows(pilot, "saga-1")


async def test_the_filter_of_the_dashboard_holds_in_the_report(scene: Scene) -> None:
    for each in a_month(scene):
        scene.feed.publish((each,))
    async with scene.opened() as pilot:
        await shows(pilot, "task 0")
        await pilot.press("slash", *"model:haiku", "enter")
        await pilot.press("r", "7")
        said = await shows(pilot, "Usage model · all time · filter model:haiku", "haiku-4-5", "Total")
        assert "opus-4-8" not in said


async def test_nothing_recorded_is_said(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await pilot.press("r")
        await shows(pilot, "No recorded request is in this time span")


async def test_a_store_that_cannot_be_read_is_said(scene: Scene) -> None:
    scene.store.write_bytes(b"no database at all, and longer than a header of one" * 20)
    async with scene.opened() as pilot:
        await pilot.press("r")
        await shows(pilot, "store.sqlite3")
