"""A usage report holds the same sums however it is read, and the same as every other way to add them up."""

import csv
import json
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, update

from candela_tui.analysis.filter import parse
from candela_tui.config import PricingSettings
from candela_tui.exchange import Delegation, Exchange, Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.usage_report import UsageBy
from candela_tui.ledger.what_if import WhatIf
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.json_text import json_text
from candela_tui.reports.report import export_of
from candela_tui.reports.usage.reading import FinishedReport, Wanted, read_report
from candela_tui.reports.usage.records import report_record
from candela_tui.reports.usage.table import table_lines
from candela_tui.store.schema import exchanges
from candela_tui.text import amounts
from candela_tui.text.times import Clock
from tests.ledger.test_three_ways import BEGUN, database, many, store
from tests.reports.exchanges import exchange

__all__ = ["database"]

CLOCK = Clock(lambda: BEGUN + timedelta(hours=8), UTC)
EVERY_ONE = parse("-id:no-such-id")
"""A filter that matches every request, one at a time."""
TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens")
_EXAMPLES = 30
"""Each is read from a store, several times."""
bys = some.sampled_from(UsageBy)


def pricer() -> Pricer:
    return Pricer(PricingSettings())


def read(history: Any, by: UsageBy, **wanted: Any) -> FinishedReport:
    return read_report(history, Wanted(by, **{"clock": CLOCK, **wanted}), pricer)


def written(report: FinishedReport) -> Any:
    """Return the report as a program reads it."""
    return json.loads(json_text(report_record(report)), parse_float=Decimal)


@settings(max_examples=_EXAMPLES)
@given(many, bys)
def test_the_database_sums_up_what_is_read_one_by_one(
    database: Connection, stored: list[Exchange], by: UsageBy
) -> None:
    history = store(database, stored)
    assert report_record(read(history, by)) == report_record(read(history, by, filter=EVERY_ONE))


@settings(max_examples=_EXAMPLES)
@given(many, bys)
def test_csv_json_report_and_ledger_have_the_same_sums(
    database: Connection, stored: list[Exchange], by: UsageBy
) -> None:
    history = store(database, stored)
    pieces = REPORTS["csv"].pieces(export_of(stored))
    requests = list(csv.DictReader(b"".join(pieces).decode().splitlines()))
    report = read(history, by)
    document, ledger = written(report), Ledger.of(stored).totals
    rows, totals = document["rows"], document["totals"]
    assert len(requests) == ledger.requests == totals["requests"] == sum(row["requests"] for row in rows)
    for name in (*TOKENS, "cost_usd", "saved_usd"):
        priced = [each for each in requests if each["cost_usd"] or not name.endswith("usd")]
        of_csv = sum(Decimal(each[name] or 0) for each in priced)
        assert of_csv == getattr(ledger, name) == (totals[name] or 0) == sum(row[name] or 0 for row in rows)
        assert of_csv == sum(model[name] or 0 for row in rows for model in row["breakdown"])
    parts = [model["cost_parts_usd"] for model in totals["breakdown"] if model["cost_parts_usd"]]
    assert sum(sum(each.values()) for each in parts) == ledger.cost_usd
    assert totals["unpriced_requests"] == ledger.unpriced
    if stored:
        assert (
            amounts.cost(ledger.cost, lower_bound=ledger.at_least)
            in list(table_lines(report, None, breakdown=False))[-1]
        )


@settings(max_examples=_EXAMPLES)
@given(many, bys)
def test_without_a_cache_each_request_costs_what_the_cache_saved_besides(
    database: Connection, stored: list[Exchange], by: UsageBy
) -> None:
    saved = [each if each.cost is None else replace(each, saved=each.saved or Decimal(0)) for each in stored]
    billed = [each for each in saved if each.cost is not None and each.cost.total and each.usage is not None]
    report = read(store(database, billed), by, what_if=WhatIf.parse("no-cache"))
    assert report.total.compared is not None
    ledger = Ledger.of(billed).totals
    assert report.total.compared.before.cost_usd == ledger.cost_usd
    assert report.total.compared.after.cost_usd == ledger.cost_usd + ledger.saved_usd
    assert report.total.compared.difference == sum(
        (row.compared.difference for row in report.rows if row.compared), Decimal(0)
    )


@settings(max_examples=_EXAMPLES)
@given(many, some.integers(0, 300), some.integers(0, 300))
def test_a_time_span_selects_what_began_in_it(
    database: Connection, stored: list[Exchange], one: int, other: int
) -> None:
    since, until = (BEGUN + timedelta(minutes=minutes) for minutes in sorted((one, other)))
    history = store(database, stored)
    inside = [each for each in stored if since <= each.started_at < until]
    for wanted in (parse(""), EVERY_ONE):
        report = read(history, UsageBy.DAILY, since=since, until=until, filter=wanted)
        assert report.total.sums.totals() == Ledger.of(inside).totals


def recorded(database: Connection, made: Collection[Exchange]) -> Any:
    return store(database, made)


def keys(report: FinishedReport) -> list[Any]:
    return [row["key"] for row in report_record(report)["rows"]]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        # Clocks go forward, and back.
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        # At midnight, which that day does not have.
        ("America/Santiago", date(2026, 9, 6), 23),
        # By half an hour.
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Kathmandu", date(2026, 11, 21), 24),
    ],
)
def test_days_begin_where_the_time_zone_says(database: Connection, zone: str, day: date, hours: float) -> None:
    clock = Clock(lambda: BEGUN, ZoneInfo(zone))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    made = [exchange(number, started_at=noon + timedelta(minutes=15 * (number - 200))) for number in range(400)]
    history = recorded(database, made)
    for wanted in (parse(""), EVERY_ONE):
        report = read(history, UsageBy.DAILY, clock=clock, filter=wanted)
        assert {row.key: row.sums.totals().requests for row in report.rows}[day] == hours * 4


def test_a_week_begins_on_monday_and_a_month_on_its_first_day(database: Connection) -> None:
    days = [datetime(2026, 11, day, 12, tzinfo=UTC) for day in (29, 30)] + [datetime(2026, 12, 6, 23, tzinfo=UTC)]
    history = recorded(database, [exchange(number, started_at=day) for number, day in enumerate(days)])
    assert keys(read(history, UsageBy.WEEKLY)) == ["2026-11-23", "2026-11-30"]
    assert keys(read(history, UsageBy.MONTHLY)) == ["2026-11", "2026-12"]


def test_projects_and_branches_are_those_of_the_session(database: Connection) -> None:
    made = [
        exchange(1, clues=SessionClues(None, "/src/api", "fix/flaky")),
        exchange(2, clues=None, agent_id="a1"),
        exchange(3, session_id="other", clues=SessionClues(None, "/src/db", None)),
        exchange(4, session_id=None, clues=SessionClues(None, "/src/db", "main")),
    ]
    history = recorded(database, made)
    requests = {row.key: row.sums.totals().requests for row in read(history, UsageBy.PROJECT).rows}
    assert requests == {"/src/api": 2, "/src/db": 1, None: 1}
    assert {row.key: row.sums.totals().requests for row in read(history, UsageBy.BRANCH).rows} == {
        "fix/flaky": 2,
        None: 2,
    }


def test_agents_have_the_types_of_the_calls_that_started_them(database: Connection) -> None:
    made = [
        exchange(1, delegations=(Delegation("look for it", "Explore", "find it"),)),
        exchange(2, agent_id="a1", task="look for it"),
        exchange(3, agent_id="a2", agent_type="Plan"),
        exchange(4, agent_id="a3"),
    ]
    report = read(recorded(database, made), UsageBy.AGENT, since=made[1].started_at)
    assert {row.key: len(row.sums.agents) for row in report.rows} == {"Explore": 1, "Plan": 1, None: 1}


def test_what_has_no_price_is_named_and_not_counted_as_free(database: Connection) -> None:
    made = [exchange(1), exchange(2, model_used="claude-new-9", cost=None, saved=None, unpriced_model="claude-new-9")]
    row = written(read(recorded(database, made), UsageBy.DAILY))["rows"][0]
    assert row["unpriced_requests"] == 1
    new = next(each for each in row["breakdown"] if each["model"] == "claude-new-9")
    assert (new["cost_usd"], new["unpriced_requests"], new["cost_at_least"]) == (None, 1, True)


def test_blocks_are_measured_where_an_answer_states_their_end(database: Connection) -> None:
    noon = datetime(2026, 11, 21, 12, 20, tzinfo=UTC)
    end = noon + timedelta(hours=3, minutes=40)
    limits = (("anthropic-ratelimit-unified-5h-reset", f"{end.timestamp():.0f}"),)
    made = [
        exchange(1, started_at=noon - timedelta(hours=4)),
        exchange(2, started_at=noon),
        exchange(3, started_at=noon + timedelta(hours=1), rate_limits=limits),
        exchange(4, started_at=end),
    ]
    history = recorded(database, made)
    clock = Clock(lambda: end + timedelta(minutes=30), UTC)
    for wanted in (parse(""), EVERY_ONE):
        rows = written(read(history, UsageBy.BLOCKS, clock=clock, filter=wanted))["rows"]
        assert [(row["key"], row["block"]["measured_from"], row["requests"]) for row in rows] == [
            # The measured block ends it before its five hours are over.
            ("2026-11-21T08:00:00.000Z", "first use", 1),
            ("2026-11-21T11:00:00.000Z", "answers", 2),
            ("2026-11-21T16:00:00.000Z", "first use", 1),
        ]
        assert [row["block"]["active"] for row in rows] == [False, False, True]
        # Half an hour of five is over.
        assert rows[2]["block"]["projected_cost_usd"] == 10 * Decimal(str(rows[2]["cost_usd"]))


def test_a_request_before_the_time_span_says_what_the_cache_held(database: Connection) -> None:
    began = exchange().started_at
    first, again = exchange(1, started_at=began), exchange(2, started_at=began + timedelta(minutes=20))
    history = recorded(database, [first, again])
    report = read(history, UsageBy.DAILY, since=again.started_at, what_if=WhatIf.parse("ttl=5m"))
    assert report.total.compared is not None
    assert (report.total.compared.requests, report.total.compared.shifted_requests) == (1, 1)


def test_reading_one_by_one_can_be_stopped(database: Connection) -> None:
    history = recorded(database, [exchange(1), exchange(2, session_id="other")])
    wanted = Wanted(UsageBy.DAILY, CLOCK, filter=EVERY_ONE)
    report = read_report(history, wanted, pricer, lambda sessions: list(sessions)[:1])
    assert report.total.sums.totals().requests == 1


def test_a_damaged_row_is_left_out_and_the_rest_summed_up(database: Connection) -> None:
    made = [exchange(number) for number in (1, 2, 3)]
    history = recorded(database, made)
    with database.begin():
        database.execute(update(exchanges).where(exchanges.c.id == made[1].id).values(model_used=b"\xff"))
    assert read(history, UsageBy.DAILY).total.sums.totals() == Ledger.of([made[0], made[2]]).totals


def test_a_live_request_counts_with_what_is_known(database: Connection) -> None:
    history = recorded(database, [replace(exchange(1), outcome=Outcome.LIVE, pid=-1)])
    totals = read(history, UsageBy.MODEL).total.sums.totals()
    assert (totals.requests, totals.live, totals.at_least) == (1, 0, True)
