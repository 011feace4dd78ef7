"""What is counted of requests that ended, and how Prometheus reads it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from candela_tui.exchange import Cost, Exchange, Marks, Outcome, Recording
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.proxy.metrics.counts import MOST_MODELS, Counts, Spread
from candela_tui.proxy.metrics.exposition import exposition
from candela_tui.proxy.metrics.moment import Moment
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState
from candela_tui.sinks.sink import Growth
from candela_tui.storing import Storing
from candela_tui.telemetry_state import TelemetryState
from tests.reports.exchanges import exchange

NO_GROWTH = Growth((), (), None)
OPUS = {"provider": "anthropic", "model": "claude-opus-4-8"}


def counted(*exchanges: Exchange) -> Counts:
    counts = Counts()
    for each in exchanges:
        counts.began(each, Recording(b""))
        counts.grew(each, None)
        counts.ended(each, NO_GROWTH)
    return counts


def moment(counts: Counts, **changes: Any) -> Moment:
    fields: dict[str, Any] = {
        "counted": counts.now(),
        "live": 2,
        "started_at": 1_796_000_000.0,
        "storing": Storing("the disk is full", 3, 4),
        "telemetry": (TelemetryState("telemetry", "http://localhost:4318", None, 5, 6),),
        "budgets": (),
    }
    return Moment(**{**fields, **changes})


def samples(of: Moment) -> dict[str, list[tuple[dict[str, str], float]]]:
    """The samples by name, as a scraper reads them."""
    text, media_type = exposition(of, "text/plain")
    assert media_type.startswith("text/plain")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_a_request_counts_with_its_tokens_cost_and_times() -> None:
    found = samples(moment(counted(exchange(1), exchange(2))))
    assert found["candela_requests_total"] == [({**OPUS, "kind": "messages", "outcome": "ok"}, 2)]
    assert {labels["type"]: value for labels, value in found["candela_tokens_total"]} == {
        "input": 24,
        "cache_read": 8192,
        "cache_write_5m": 2048,
        "cache_write_1h": 4096,
        "output": 30,
    }
    assert found["candela_cost_usd_total"] == [({**OPUS, "billing": "api"}, pytest.approx(0.058726, abs=1e-12))]
    assert found["candela_time_to_first_token_seconds_count"] == [(OPUS, 2)]
    assert found["candela_request_duration_seconds_sum"] == [(OPUS, pytest.approx(2.402))]
    assert "candela_errors_total" not in found


def test_buckets_are_cumulative() -> None:
    fast = exchange(1, marks=Marks(connected=0, first_byte=50, first_token=100, end=300))
    slow = exchange(2, marks=Marks(connected=0, first_byte=50, first_token=300_000, end=900_000))
    buckets = {
        labels["le"]: value
        for labels, value in samples(moment(counted(fast, slow)))["candela_time_to_first_token_seconds_bucket"]
    }
    assert (buckets["0.1"], buckets["64.0"], buckets["+Inf"]) == (1, 1, 2)


@given(st.lists(st.floats(0, 1e6)))
def test_every_value_is_in_one_bucket(values: list[float]) -> None:
    spread = Spread((0.5, 1.0, 10.0))
    for value in values:
        spread.add(value)
    assert sum(spread.counts) == len(values)
    assert spread.counts[0] == sum(value <= 0.5 for value in values)
    assert spread.counts[-1] == sum(value > 10 for value in values)


def test_an_error_counts_by_its_type_and_an_unknown_one_as_other() -> None:
    overloaded = ApiError("overloaded_error", "Overloaded")
    odd = ApiError("a-type-that-a-gateway-made-up-4711", "no")
    found = samples(
        moment(
            counted(
                exchange(1, outcome=Outcome.ERROR, error=overloaded, usage=None, cost=None),
                exchange(2, outcome=Outcome.ERROR, error=odd, usage=None, cost=None),
                exchange(3, outcome=Outcome.CUT, error=None),
                exchange(4, outcome=Outcome.CANCELLED),
            )
        )
    )
    assert {labels["type"]: value for labels, value in found["candela_errors_total"]} == {
        "overloaded_error": 1,
        "other": 1,
        "cut": 1,
    }


def test_what_is_no_bill_is_counted_apart_and_what_is_not_known_is_counted() -> None:
    found = samples(
        moment(
            counted(
                exchange(1, subscription=True, saved=Decimal("0.5")),
                exchange(2, cost=None, unpriced_model="claude-x", saved=None),
                exchange(3, unread="it ended early"),
                exchange(4, saved=Decimal("-0.75")),
            )
        )
    )
    assert {labels["billing"] for labels, _ in found["candela_cost_usd_total"]} == {"api", "subscription"}
    assert found["candela_cost_unknown_total"] == [(OPUS, 2)]
    assert found["candela_cache_saved_usd"] == [(OPUS, -0.25)]


def test_a_free_request_has_no_times() -> None:
    found = samples(moment(counted(exchange(1, kind=Kind.COUNT_TOKENS, usage=None, cost=None))))
    assert "candela_request_duration_seconds_count" not in found
    assert found["candela_requests_total"][0][0]["kind"] == "count_tokens"


def test_models_that_clients_make_up_are_counted_together_beyond_some() -> None:
    made_up = [exchange(n, model=f"model-{n}", model_used=None) for n in range(MOST_MODELS + 30)]
    found = samples(moment(counted(*made_up, exchange(1, model="m" * 5000, model_used=None))))
    models = {labels["model"]: value for labels, value in found["candela_requests_total"]}
    assert len(models) == MOST_MODELS + 1
    assert models["other"] == 31
    names = samples(moment(counted(exchange(1, model="m" * 5000, model_used=None))))["candela_requests_total"]
    assert names[0][0]["model"] == "m" * 100


@given(st.text())
def test_any_name_of_a_model_can_be_read_back(name: str) -> None:
    found = samples(moment(counted(exchange(1, model=name, model_used=None))))
    [(labels, value)] = found["candela_requests_total"]
    assert (labels["provider"], value) == ("anthropic", 1)


def test_what_became_of_the_cache_counts_once_it_is_known() -> None:
    counts = Counts()
    miss = CacheResult(Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED))
    hit = CacheResult(Diagnosis(CacheState.HIT))
    unknown = CacheResult(Diagnosis(None))
    counts.completed([exchange(n, cache=cache) for n, cache in enumerate((miss, miss, hit, unknown, None))])
    found = samples(moment(counts))["candela_cache_results_total"]
    assert found == [({"state": "miss", "cause": "tools_changed"}, 2), ({"state": "hit", "cause": ""}, 1)]


def test_what_waits_and_what_was_dropped_is_there_for_each_queue() -> None:
    found = samples(moment(Counts()))
    assert found["candela_queue_waiting"] == [({"queue": "store"}, 3), ({"queue": "telemetry"}, 5)]
    assert found["candela_queue_dropped_total"] == [({"queue": "store"}, 4), ({"queue": "telemetry"}, 6)]
    assert found["candela_queue_failing"] == [({"queue": "store"}, 1), ({"queue": "telemetry"}, 0)]
    assert found["candela_requests_live"] == [({}, 2)]
    assert "process_resident_memory_bytes" in found or "process_start_time_seconds" not in found


def budget(target: str | None, spent: str, state: BudgetStanding) -> BudgetState:
    return BudgetState(
        name="sessions",
        scope="session",
        target=target,
        window="day",
        starts_at=None,
        resets_at=None,
        limit_usd=Decimal(10),
        limit_tokens=None,
        spent_usd=Decimal(spent),
        spent_tokens=0,
        reserved_usd=Decimal(1),
        reserved_tokens=0,
        state=state,
        on_breach="block",
        dry_run=False,
        in_flight=0,
        waiting=0,
        last_hour_usd=Decimal(0),
        last_hour_tokens=0,
    )


def test_of_a_budget_for_each_session_the_fullest_counts() -> None:
    states = (budget("a", "9", BudgetStanding.BLOCKED), budget("b", "1", BudgetStanding.OK))
    found = samples(moment(Counts(), budgets=states))
    assert found["candela_budget_used_ratio"] == [({"budget": "sessions"}, 1.0)]
    assert found["candela_budget_blocked_targets"] == [({"budget": "sessions"}, 1)]
    assert found["candela_budget_limit_usd"] == [({"budget": "sessions"}, 10)]


def test_a_moment_does_not_change() -> None:
    counts = counted(exchange(1))
    before = moment(counts)
    counts.ended(exchange(2), NO_GROWTH)
    assert samples(before)["candela_requests_total"][0][1] == 1
    assert samples(before)["candela_request_duration_seconds_count"][0][1] == 1


def test_costs_add_up_exactly() -> None:
    cent = Cost(Decimal("0.1"), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    found = samples(moment(counted(*(exchange(n, cost=cent) for n in range(30)))))
    assert found["candela_cost_usd_total"][0][1] == 3.0


def test_open_metrics_is_written_for_those_who_ask_for_it() -> None:
    text, media_type = exposition(moment(counted(exchange(1))), "application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
    assert b"_created" not in text
