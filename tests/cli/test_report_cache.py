"""``candela report cache``: misses by cause, and what would have saved most."""

import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.paths import default_paths
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.protocol.usage import Usage
from candela_tui.store.writer import StoreWriter
from tests.cli.command import Home
from tests.reports.exchanges import SESSION, exchange


def diagnosed(number: int, state: CacheState, cause: Cause | None, usd: str, **facts: Any) -> Exchange:
    missed = cause is not None
    diagnosis = Diagnosis(
        state,
        cause,
        idle=timedelta(minutes=6 + number),
        rewritten_tokens=1000 * number if missed else 0,
    )
    usage = Usage(5, 100, 0, 0, 7)
    return exchange(number, usage=usage, cache=CacheResult(diagnosis, Decimal(usd)), **facts)


@pytest.fixture
def recorded(home: Home) -> Home:
    requests = [
        diagnosed(1, CacheState.MISS, Cause.TOOLS_CHANGED, "0.100000000001"),
        diagnosed(2, CacheState.PARTIAL, Cause.TTL_EXPIRED_5M, "1.25"),
        diagnosed(3, CacheState.MISS, Cause.TTL_EXPIRED_5M, "0.75", agent_id="agent-7"),
        diagnosed(4, CacheState.HIT, None, "0"),
        diagnosed(5, CacheState.MISS, Cause.TOOLS_CHANGED, "0.2", session_id=None),
    ]
    home.record(*requests, exchange(6))
    stored = threading.Event()
    writer = StoreWriter(default_paths(home.config, home.data).store, on_problem=print, on_stored=lambda _: None)
    writer.add_results(requests, stored.set)
    writer.start()
    assert stored.wait(30)
    writer.close(30)
    return home


async def report(home: Home, *arguments: str) -> Any:
    return json.loads((await home.run("report", "cache", *arguments, "--json")).out, parse_float=Decimal)


async def test_it_says_what_was_answered_from_the_store_and_what_that_saved(home: Home) -> None:
    def repeat(number: int, *, dry_run: bool = False, **facts: Any) -> Exchange:
        action = RuleAction("rules.cache", "cache", dry_run, "the answer to 1, which cost $0.02")
        return exchange(number, usage=None, rules=(action,), **{"saved": None, **facts})

    home.record(
        exchange(1, saved=Decimal("0.5")),
        repeat(2, saved=Decimal("0.02")),
        repeat(3, saved=Decimal("0.000000000001")),
        repeat(4, kind=Kind.COUNT_TOKENS),
        repeat(5, dry_run=True, saved=Decimal("7")),
    )

    assert (await report(home))["answered_from_store"] == {
        "requests": 3,
        "saved_usd": Decimal("0.020000000001"),
        "unpriced_requests": 0,
        "dry_run_requests": 1,
    }
    lines = (await home.run("report", "cache")).out.splitlines()
    assert "Answered from the store by [rules.cache]: 3 requests, $0.020 saved" in lines
    assert "[rules.cache] is only tried, and would have answered 1 request" in lines

    home.record(repeat(6))
    lines = (await home.run("report", "cache")).out.splitlines()
    assert "Answered from the store by [rules.cache]: 4 requests, ≥ $0.020 saved" in lines


async def test_it_sums_up_the_misses_by_cause(recorded: Home) -> None:
    document = await report(recorded)
    assert document["states"] == {"hit": 1, "partial": 1, "miss": 3, "cold": 0, "off": 0, "unknown": 1}
    assert [(row["cause"], row["requests"], row["rewritten_tokens"]) for row in document["rows"]] == [
        ("ttl_expired_5m", 2, 5000),
        ("tools_changed", 2, 6000),
    ]
    assert document["totals"] == {
        "requests": 4,
        "rewritten_tokens": 11_000,
        "rewritten_usd": Decimal("2.300000000001"),
        "unpriced_requests": 0,
    }
    assert [(each["change"], each["saved_usd"]) for each in document["savings"]] == [
        ("extend the TTL", 2),
        ("keep the tools as they are", Decimal("0.300000000001")),
    ]


@pytest.mark.parametrize(
    ("by", "keys"),
    [("session", {SESSION, None}), ("agent", {"main", None}), ("day", {"2026-11-21"})],
)
async def test_its_sums_are_the_same_within_sessions_days_and_agents(
    recorded: Home, by: str, keys: set[str | None]
) -> None:
    document = await report(recorded, "--by", by, "--timezone", "UTC")
    assert {row["key"] for row in document["rows"]} == keys
    assert sum(row["rewritten_usd"] for row in document["rows"]) == Decimal("2.300000000001")
    assert document["totals"] == (await report(recorded))["totals"]


async def test_only_matching_requests_count(recorded: Home) -> None:
    document = await report(recorded, "--filter", "cause:tools missed>1k")
    assert [(row["cause"], row["requests"]) for row in document["rows"]] == [("tools_changed", 1)]


async def test_it_is_a_table_with_what_would_have_saved_most(recorded: Home) -> None:
    told = (await recorded.run("report", "cache")).out
    assert told.startswith("6 requests: hit 1, partial 1, miss 3, not known 1\n")
    assert "ttl_expired_5m" in told
    assert "extend the TTL: 2 expiries at 8m00 to 9m00 idle, $2.00" in told


@pytest.mark.parametrize("arguments", [["cache", "--plot"], ["daily", "--by", "day"]])
async def test_options_of_other_reports_are_errors(recorded: Home, arguments: list[str]) -> None:
    assert "--by" in (await recorded.run("report", *arguments)).err


async def test_without_requests_it_says_so(home: Home) -> None:
    assert "Nothing has been recorded" in (await home.run("report", "cache")).err


async def test_why_has_what_is_kept(recorded: Home) -> None:
    request = diagnosed(2, CacheState.PARTIAL, Cause.TTL_EXPIRED_5M, "1.25")
    found = json.loads((await recorded.run("why", request.id, "--json")).out, parse_float=Decimal)
    assert (found["id"], found["cause"], found["rewritten_usd"]) == (request.id, "ttl_expired_5m", Decimal("1.25"))
