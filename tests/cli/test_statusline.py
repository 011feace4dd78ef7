"""``candela statusline``: one line for Claude Code, whatever it is given."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.claude_code.status_line import PromptCache, UsageWindow
from candela_tui.cli.terminal.status_line import StatusFacts, status_line
from candela_tui.store.status_figures import Spent
from candela_tui.text.times import Clock
from tests.cli.command import Home
from tests.reports.exchanges import SESSION, exchange

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CLOCK = Clock(lambda: NOW, UTC)
FACTS = StatusFacts(
    session=Spent(41, Decimal("2.31")),
    today=Spent(80, Decimal("4.82")),
    context_used=0.43,
    context_window=200_000,
    cache=PromptCache(True, "5m", NOW + timedelta(minutes=5)),
    windows=(UsageWindow("5h", 0.42, NOW + timedelta(hours=2)), UsageWindow("7d", 0.17, NOW + timedelta(days=3))),
)
WHOLE = (
    "$2.31 session · $4.82 today · ctx 43% of 200k · cache 5m until 12:05 · "
    "5h 42% until 14:00 · 7d 17% until Nov 24 12:00"
)


def line(facts: StatusFacts, *hints: str, width: int | None = None) -> str:
    return status_line(facts, hints, CLOCK, width)


def test_the_line_has_costs_context_cache_and_limits() -> None:
    assert line(FACTS) == WHOLE


@pytest.mark.parametrize("width", [1, 20, 60, 100, len(WHOLE)])
def test_in_a_narrow_terminal_whole_parts_are_left_out(width: int) -> None:
    told = line(FACTS, width=width)
    assert WHOLE.startswith(told)
    assert told.split(" · ") == WHOLE.split(" · ")[: len(told.split(" · "))]
    assert len(told) <= width or " · " not in told


def test_lower_bounds_unknown_costs_and_subscriptions_are_marked() -> None:
    facts = StatusFacts(session=Spent(3, None), today=Spent(9, Decimal("4.82"), at_least=True))
    assert line(facts) == "– session · ≥ $4.82 today"
    assert line(replace(facts, subscription=True)) == "API-equivalent – session · ≥ $4.82 today"


def test_a_cost_that_only_the_client_knows_is_named_so() -> None:
    assert line(StatusFacts(session=Spent(None, Decimal("0.42")), by_client=True)) == (
        "$0.42 session by the client, not recorded"
    )


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        (PromptCache(True, "1h", NOW + timedelta(minutes=50)), "cache 1h until 12:50"),
        (PromptCache(True, None, None), "cache warm"),
        (PromptCache(False, "5m", NOW + timedelta(minutes=5)), "cache cold"),
        (PromptCache(True, "5m", NOW), "cache cold"),
    ],
)
def test_the_cache_clock(cache: PromptCache, told: str) -> None:
    assert line(StatusFacts(cache=cache)) == told


def test_where_nothing_is_known_the_line_says_so_and_hints_come_first() -> None:
    assert line(StatusFacts()) == "candela: nothing is known yet"
    assert line(FACTS, "candela: a hint").startswith("candela: a hint · $2.31 session")


def stated(**changes: Any) -> str:
    document = {
        "session_id": SESSION,
        "cost": {"total_cost_usd": 0.5},
        "context_window": {"context_window_size": 1_000_000, "used_percentage": 2},
    }
    return json.dumps({**document, **changes})


@pytest.fixture
def recorded(home: Home) -> Home:
    # Not the present, which may be yesterday when the command runs.
    now = datetime.now(UTC) + timedelta(hours=1)
    home.record(
        exchange(1, started_at=now - timedelta(days=3)),
        exchange(2, started_at=now, cache_ttls=("5m", "1h")),
        exchange(3, started_at=now, session_id="another"),
    )
    return home


async def test_what_is_recorded_goes_before_what_the_client_counts(recorded: Home) -> None:
    ran = await recorded.run_piped(stated(), "statusline")
    assert (ran.code, ran.err) == (0, "")
    # 2 x 0.029363: the session's, and today's of both sessions.
    session, today, context, cache = ran.out.strip().split(" · ")
    assert (session, today, context) == ("$0.059 session", "$0.059 today", "ctx 2% of 1.0M")
    assert cache.startswith("cache 5m until ")


async def test_a_session_that_is_not_recorded_makes_today_a_lower_bound(recorded: Home) -> None:
    ran = await recorded.run_piped(stated(session_id="elsewhere"), "statusline")
    assert ran.out == "$0.50 session by the client, not recorded · ≥ $0.059 today · ctx 2% of 1.0M\n"


async def test_where_nothing_was_ever_recorded_the_client_is_all_there_is(home: Home) -> None:
    ran = await home.run_piped(stated(), "statusline")
    assert (ran.code, ran.out) == (0, "$0.50 session by the client, not recorded · ctx 2% of 1.0M\n")
    assert not home.data.exists()


@pytest.mark.parametrize("text", ["", "not JSON", "[1, 2]", '{"session_id": 7, "cost": "much"'])
async def test_bad_input_is_answered_with_a_hint_and_what_is_known(recorded: Home, text: str) -> None:
    ran = await recorded.run_piped(text, "statusline")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "candela: standard input is not the JSON of Claude Code; set it up with `candela install statusline` · "
        "$0.059 today\n"
    )


async def test_a_damaged_store_is_named_beside_what_the_client_states(home: Home) -> None:
    home.data.mkdir()
    (home.data / "candela.db").write_bytes(b"hello" * 1000)
    ran = await home.run_piped(stated(), "statusline")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("candela: its records can't be read; see `candela doctor` · $0.50 session by the client")


async def test_the_line_fits_the_terminal_that_the_client_names(recorded: Home) -> None:
    ran = await recorded.run_piped(stated(), "statusline", COLUMNS="40")
    assert ran.out == "$0.059 session · $0.059 today\n"


async def test_a_mistake_in_the_settings_does_not_reach_the_line(recorded: Home) -> None:
    recorded.config.write_text("[proxy\n")
    assert (await recorded.run_piped(stated(), "statusline")).out.startswith("$0.059 session")
