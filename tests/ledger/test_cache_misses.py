"""The sums of cache misses are those of the requests, whatever they are summed up within."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.ledger.cache_misses import CacheMisses
from candela_tui.ledger.cache_savings import EXTEND_TTL, LongerLife, savings
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import exchange

PRICER = Pricer(PricingSettings())
MISSED = [CacheState.MISS, CacheState.PARTIAL, CacheState.OFF]


@some.composite
def diagnosed(draw: Any) -> Exchange:
    state = draw(some.sampled_from([*MISSED, CacheState.HIT, CacheState.COLD]))
    missed = state in MISSED
    diagnosis = Diagnosis(
        state,
        draw(some.sampled_from(Cause)) if missed else None,
        idle=draw(some.none() | some.timedeltas(timedelta(0), timedelta(hours=3))),
        rewritten_tokens=draw(some.integers(0, 200_000)) if missed else draw(some.sampled_from([0, None])),
    )
    usd = some.decimals(0, 90, places=12)
    result = CacheResult(diagnosis, draw(some.none() | usd) if missed else draw(some.sampled_from([None, Decimal(0)])))
    return exchange(
        draw(some.integers(0, 999)),
        kind=draw(some.sampled_from([Kind.MESSAGES, Kind.COUNT_TOKENS])),
        session_id=draw(some.sampled_from(["one", "two", None])),
        cache=draw(some.sampled_from([result, result, None])),
    )


@given(some.lists(diagnosed()))
def test_the_sums_are_those_of_the_requests_to_the_last_digit(exchanges: list[Exchange]) -> None:
    counted = [each for each in exchanges if each.kind is Kind.MESSAGES]
    results = [each.cache for each in counted if each.cache is not None]
    for key in (lambda _: None, lambda each: each.session_id, lambda each: each.started_at.date()):
        misses = CacheMisses()
        for each in exchanges:
            misses.add(each, key(each))
        total = misses.total()
        assert total.tokens == sum(result.diagnosis.rewritten_tokens or 0 for result in results)
        assert total.usd == sum(result.rewritten_usd or 0 for result in results)
        assert total.usd == sum(row.usd for _, _, row in misses.listed())
        assert total.usd == sum(row.usd for row in misses.by_cause().values())
        assert misses.states == Counter(each.cache and each.cache.diagnosis.state for each in counted)
        assert total.requests == sum(misses.states[state] for state in MISSED)


def test_a_cost_that_is_known_of_no_request_is_unknown() -> None:
    misses = CacheMisses()
    misses.add(missed(1, Cause.TOOLS_CHANGED, None), None)
    assert (misses.total().known_usd, misses.total().unpriced) == (None, 1)
    misses.add(missed(2, Cause.TOOLS_CHANGED, Decimal("0.5")), None)
    assert misses.total().known_usd == Decimal("0.5")


def missed(number: int, cause: Cause, usd: Decimal | None, minutes: int = 10, **facts: Any) -> Exchange:
    """A request that wrote a million tokens again, and as many new ones."""
    idle = timedelta(minutes=minutes)
    diagnosis = Diagnosis(CacheState.MISS, cause, idle=idle, ttl="5m", rewritten_tokens=1_000_000)
    known = {
        "usage": Usage(0, 0, 2_000_000, 0, 0),
        "cache": CacheResult(diagnosis, usd),
        "kind": Kind.MESSAGES,
        "model": "claude-opus-4-8",
        "price_basis": PriceBasis("", "anthropic", final=True),
    }
    return exchange(number, **{**known, **facts})


def test_a_longer_life_is_worth_the_expiries_less_what_writing_for_an_hour_adds() -> None:
    expired = missed(1, Cause.TTL_EXPIRED_5M, Decimal("5.75"), minutes=6)
    later = missed(2, Cause.TTL_EXPIRED_5M, Decimal("5.75"), minutes=20)
    too_late = missed(3, Cause.TTL_EXPIRED_5M, Decimal("5.75"), minutes=61, cache=None)
    other_agent = replace(missed(4, Cause.TOOLS_CHANGED, Decimal("5.75")), agent_id="agent")
    misses, longer = CacheMisses(), LongerLife(PRICER)
    session = [expired, later, too_late, other_agent]
    for each in session:
        misses.add(each, None)
    longer.add_session(session)
    # Opus 4.8 in USD a million tokens: 6.25 to write for 5 minutes, 10 for an hour. What expired would be read; the
    # other million of both, and the two of the third, would be written for an hour.
    added = 4 * (Decimal(10) - Decimal("6.25"))
    assert longer.added_usd == added
    assert (longer.missed.requests, longer.missed.usd) == (2, Decimal("11.50"))
    assert (longer.missed.shortest_idle, longer.missed.longest_idle) == (timedelta(minutes=6), timedelta(minutes=20))
    (tools,) = savings(misses, longer)
    assert (tools.change, tools.usd) == ("keep the tools as they are", Decimal("5.75"))


def test_what_saves_most_comes_first() -> None:
    misses, longer = CacheMisses(), LongerLife(PRICER)
    small = Usage(0, 0, 1_000_000, 0, 0)
    session = [
        missed(1, Cause.TTL_EXPIRED_5M, Decimal("5.75"), usage=small),
        missed(2, Cause.MODEL_CHANGED, Decimal("0.01"), agent_id="other"),
        missed(3, Cause.LIKELY_SERVER_SIDE, Decimal(9), agent_id="other"),
    ]
    for each in session:
        misses.add(each, None)
    longer.add_session(session)
    found = savings(misses, longer)
    assert [(each.change, each.usd) for each in found] == [
        (EXTEND_TTL, Decimal("5.75")),
        ("stay with one model", Decimal("0.01")),
    ]
