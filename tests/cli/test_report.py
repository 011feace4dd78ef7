"""``candela report``: sums by day, session, model and so on."""

import csv
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.exchange import Exchange
from candela_tui.keys.person import Person
from candela_tui.keys.session_store import SessionStore
from candela_tui.ledger.usage_report import OF_KEYS, UsageBy
from tests.cli.command import Home
from tests.keys.people import PEPPER, people_database
from tests.reports.exchanges import SESSION, exchange

FIELDS = [
    "key",
    "models",
    "requests",
    "agents",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "cost_usd",
    "saved_usd",
    "cache_hit_rate",
    "unpriced_requests",
    "first_at",
    "last_at",
    "breakdown",
]


def unpriced(number: int) -> Exchange:
    return exchange(number, model_used="claude-new-9", cost=None, saved=None, unpriced_model="claude-new-9")


@pytest.fixture
def recorded(home: Home) -> Home:
    home.record(exchange(1), exchange(2, agent_id="agent-7"), unpriced(3), exchange(4, session_id=None))
    return home


async def report(home: Home, *arguments: str) -> Any:
    return json.loads((await home.run("report", *arguments, "--json")).out, parse_float=Decimal)


@pytest.mark.parametrize("by", list(UsageBy))
async def test_every_report_has_the_same_sums_and_fields(recorded: Home, by: UsageBy) -> None:
    document = await report(recorded, by)
    for row in document["rows"]:
        assert list(row)[: len(FIELDS)] == FIELDS
        further = {UsageBy.BLOCKS: {"block"}, UsageBy.KEY: {"user", "team", "project"}}
        assert set(row) - set(FIELDS) == further.get(by, set())
    totals = document["totals"]
    assert (totals["requests"], totals["agents"], totals["unpriced_requests"]) == (4, 1, 1)
    assert totals["cost_usd"] == sum(row["cost_usd"] or 0 for row in document["rows"]) == 3 * Decimal("0.029363")


async def test_by_session_the_key_is_its_id(recorded: Home) -> None:
    assert {row["key"] for row in (await report(recorded, "session"))["rows"]} == {SESSION, None}


async def test_by_key_user_and_team_the_records_of_the_keys_say_whose_the_cost_is(home: Home) -> None:
    for name, *options in (("ci", "--team", "core", "--user", "ada", "--project", "api"), ("web", "--team", "core")):
        assert (await home.run("keys", "create", "--name", name, *options)).code == 0
    home.record(
        exchange(1, key="ci"), exchange(2, key="ci"), exchange(3, key="web"), exchange(4, key="gone"), exchange(5)
    )
    signed_in = SessionStore(people_database(None, home.data), lambda: PEPPER)
    signed_in.begin(Person("1", "grace@example.com", "core"), timedelta(hours=12))
    home.record(exchange(6, key="grace@example.com"))

    found = {by: {row["key"]: row["requests"] for row in (await report(home, by))["rows"]} for by in OF_KEYS}
    table = (await home.run("report", "key")).out
    lines = list(csv.DictReader((await home.run("report", "key", "--csv", "--breakdown")).out.splitlines()))

    assert found == {
        "key": {"ci": 2, "web": 1, "gone": 1, "grace@example.com": 1, None: 1},
        "user": {"ada": 2, "grace@example.com": 1, None: 3},
        "team": {"core": 4, None: 2},
    }
    assert "without a key" in table
    assert (lines[0]["key"], lines[0]["user"], lines[0]["team"], lines[0]["project"]) == ("ci", "ada", "core", "api")
    assert lines[0]["model"]
    assert Decimal(lines[0]["cost_usd"]) == 2 * Decimal("0.029363")


async def test_a_day_is_that_of_the_time_zone(recorded: Home) -> None:
    rows = (await report(recorded, "daily", "--timezone", "Pacific/Kiritimati"))["rows"]
    assert [row["key"] for row in rows] == ["2026-11-22"]


async def test_a_time_span_and_a_filter_narrow_it(recorded: Home) -> None:
    assert (await report(recorded, "--since", "2026-11-22", "--timezone", "UTC"))["rows"] == []
    assert (await report(recorded, "--until", "2026-11-21", "--timezone", "UTC"))["totals"]["requests"] == 4
    assert (await report(recorded, "--until", "2026-11-20", "--timezone", "UTC"))["totals"]["requests"] == 0
    assert (await report(recorded, "--filter", "model:new"))["totals"]["unpriced_requests"] == 1


async def test_the_table_has_the_models_of_a_row_and_names_what_has_no_price(recorded: Home) -> None:
    said = (await recorded.run("report", "--timezone", "UTC", "--breakdown")).out
    lines = said.splitlines()
    assert " ".join(lines[0].split()) == (
        "DAY MODELS REQUESTS AGENTS INPUT READ WRITE 5M WRITE 1H OUTPUT TOTAL HIT SAVED "
        "INPUT $ READ $ WRITE $ OUTPUT $ COST LAST"
    )
    assert [line.split()[0] for line in lines[1:4]] == ["2026-11-21", "opus-4-8", "new-9"]
    assert "No price: 1 request of claude-new-9." in said
    assert "≥ $0.088" in lines[1]
    assert "Cost by part: input <$0.001 + cache read $0.006 + cache write $0.081 + output $0.001." in said


async def test_what_if_is_a_column_of_its_own_with_its_arithmetic(recorded: Home) -> None:
    said = (await recorded.run("report", "--what-if", "ttl=1h")).out
    assert "What if the cache were written for 1h" in said
    assert "3 requests compared" in said
    assert "Not compared: 1 request, because claude-new-9 has no price." in said
    document = await report(recorded, "--what-if", "ttl=1h")
    row, arithmetic = document["rows"][0], document["what_if"]
    assert row["cost_usd"] == 3 * Decimal("0.029363")
    assert row["what_if"]["difference_usd"] == row["what_if"]["cost_usd"] - row["cost_usd"]
    parts = [each["cost_usd"] for each in arithmetic["changed"].values()]
    assert sum(parts) == document["totals"]["what_if"]["cost_usd"]


async def test_a_plot_has_a_bar_for_each_row(recorded: Home) -> None:
    lines = (await recorded.run("report", "session", "--plot")).out.splitlines()
    assert lines[0] == "cost   ░ cache read   ▒ cache write   ▓ input   █ output"
    without, session = ([line.count(sign) for sign in "░▒█"] for line in lines[1:3])
    # A third of the cost, and two.
    assert abs(sum(session) - 2 * sum(without)) <= 1
    assert session[1] > session[0] > session[2] > 0


async def test_nothing_recorded_is_said(home: Home) -> None:
    ran = await home.run("report")
    assert (ran.code, ran.out) == (0, "")
    assert "Nothing has been recorded" in ran.err
    assert (await report(home))["totals"]["cost_usd"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--timezone", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
        (["--timezone", "Europe"], "'Europe' is not a time zone"),
        (["--since", "soon"], "'soon' is not a time"),
        (["--filter", "nope:x"], "no field nope"),
        (["--what-if", "ttl=2h"], "expected model=NAME, no-cache, ttl=1h or ttl=5m"),
        (["yearly"], "'yearly' is not one of 'daily'"),
    ],
)
async def test_a_mistake_is_told_with_what_would_do(home: Home, arguments: list[str], words: str) -> None:
    ran = await home.run("report", *arguments)
    assert ran.code == 2
    assert words in ran.err
