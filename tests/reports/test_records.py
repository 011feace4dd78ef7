"""What one request and one session are for other programs."""

import json
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

from candela_tui.exchange import Cost, Delegation, Exchange, Marks, Outcome
from candela_tui.exchange.facts import BY_NAME, Context
from candela_tui.ledger.ledger import Ledger
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.reports import records
from candela_tui.reports.csv_table import CSV
from candela_tui.reports.json_text import json_text
from candela_tui.reports.records import records_in_order, request_records, session_record
from tests.reports.exchanges import SESSION, exchange, written


def request_record(request: Exchange) -> records.Record:
    return records.request_record(request, Context())


def detailed_record(request: Exchange) -> dict[str, Any]:
    return records.detailed_record(request, Context())


ADAPTATIONS = (
    Adaptation("beta", "token-counting-2024-11-01", "Bedrock does not know it"),
    Adaptation("field", "context_management", "no flag that Bedrock knows asks for it"),
)


def test_a_request_has_every_field_in_its_place() -> None:
    facts = {
        "tools_called": ("Bash", "Read"),
        "saved": Decimal("0.01"),
        "cost_notes": ("first", "second"),
        "provider": "bedrock",
        "region": "us-east-1",
        "model_sent": "us.anthropic.claude-opus-4-8",
        "adaptations": ADAPTATIONS,
    }
    assert request_record(exchange(**facts)) == {
        "continues": None,
        "continues_request": None,
        "arrival": "base_url",
        "id": "0198-0001",
        "session_id": SESSION,
        "agent_id": None,
        "parent_agent_id": None,
        "started_at": "2026-11-21T12:01:01.250Z",
        "route": "anthropic-direct",
        "dialect": "messages",
        "model": "claude-opus-4-8",
        "model_used": "claude-opus-4-8",
        "status": 200,
        "outcome": "ok",
        "stop_reason": "end_turn",
        "error": None,
        "input_tokens": 12,
        "cache_read_tokens": 4096,
        "cache_write_5m_tokens": 1024,
        "cache_write_1h_tokens": 2048,
        "output_tokens": 15,
        "cost_usd": Decimal("0.029363"),
        "connect_ms": 1.25,
        "ttfb_ms": 100.0,
        "ttft_ms": 150.25,
        "duration_ms": 1201.0,
        "request_bytes": 90_000,
        "response_bytes": 4_200,
        "request_id": "req_011",
        "retry": 0,
        "agent_type": None,
        "agent_description": None,
        "tools": "Bash, Read",
        "saved_usd": Decimal("0.01"),
        "cost_notes": "first; second",
        "provider": "bedrock",
        "region": "us-east-1",
        "model_sent": "us.anthropic.claude-opus-4-8",
        "model_stated": None,
        "gateway": None,
        "adapted": "beta token-counting-2024-11-01; field context_management",
        "client": None,
        "inferred": None,
        "branch": "fix/flaky",
        "cost_at_least": False,
        "unpriced_model": None,
        "client_cost_usd": None,
        "unread": None,
        "kind": "messages",
        "request_class": None,
        "prompt_id": None,
        "tool_durations": None,
        "call": "0198-0001",
        "left_out": None,
        "method": "POST",
        "path": "/v1/messages?beta=true",
        "url": "https://api.anthropic.com/v1/messages",
        "streamed": True,
        "prompt_tokens": 7180,
        "cache_write_tokens": 3072,
        "cache_hit_rate": 0.570474,
        "tokens_per_second": 14.293,
        "web_searches": None,
        "service_tier": None,
        "speed": None,
        "subscription": False,
        "provider_status": None,
        "differs": None,
        "betas": None,
        "message_id": None,
        "imported": None,
        "rebuilt": None,
        "price_data": None,
        "held_ms": None,
        "replayed": None,
        "reported_cost_usd": None,
        "permission_ms": None,
        "cache_cause": None,
        "cache_state": None,
        "rewritten_tokens": None,
        "rewritten_usd": None,
        "system_tokens": None,
        "tools_tokens": None,
        "messages_tokens": None,
        "ruled": None,
        "providers_asked": None,
        "key": None,
    }


def test_what_is_unknown_is_null_and_never_zero() -> None:
    live = exchange(status=None, outcome=Outcome.LIVE, usage=None, cost=None, marks=Marks(), stop_reason=None)
    record = json.loads(json_text(request_record(live)))
    unknown = (
        "status",
        "stop_reason",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "ttfb_ms",
        "ttft_ms",
        "duration_ms",
    )
    assert {field: record[field] for field in unknown} == dict.fromkeys(unknown)


def test_a_field_that_the_provider_left_out_is_null_beside_those_that_it_reported() -> None:
    usage = exchange().usage
    assert usage is not None
    record = request_record(exchange(usage=replace(usage, cache_write_1h_tokens=None, output_tokens=0)))
    assert record["cache_write_1h_tokens"] is None
    assert record["output_tokens"] == 0


def test_money_is_a_json_number_with_exactly_its_digits() -> None:
    cost = Cost(
        input=Decimal("0.000000100000"),
        cache_read=Decimal(0),
        cache_write=Decimal("0.1"),
        output=Decimal("0.2"),
        web_searches=Decimal("1E+3"),
    )
    text = json_text(request_record(exchange(cost=cost)))
    assert '"cost_usd": 1000.3000001,' in text


def test_a_cost_of_nothing_is_a_plain_zero() -> None:
    nothing = Decimal("0.000000")
    text = json_text(request_record(exchange(cost=Cost(nothing, nothing, nothing, nothing, nothing))))
    assert '"cost_usd": 0,' in text


def test_an_error_is_its_type_and_message() -> None:
    failed = exchange(outcome=Outcome.ERROR, error=ApiError("overloaded_error", "Overloaded"))
    assert request_record(failed)["error"] == "overloaded_error: Overloaded"


def test_times_are_in_utc_whatever_zone_they_were_noted_in() -> None:
    noted = exchange().started_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert request_record(exchange(started_at=noted))["started_at"] == "2026-11-21T12:01:01.250Z"


def test_a_session_sums_up_its_requests() -> None:
    agent = exchange(2, agent_id="agent-1", clues=None)
    (session,) = Ledger.of(
        [agent, exchange(1, saved=Decimal("0.75")), exchange(3, session_title="Fix the flaky test")]
    ).sessions()
    assert session_record(session) == {
        "continues": None,
        "continues_request": None,
        "session_id": SESSION,
        "title": "Fix the flaky test",
        "client": None,
        "cwd": "/home/me/src/api",
        "branch": "fix/flaky",
        "started_at": "2026-11-21T12:01:01.250Z",
        "last_at": "2026-11-21T12:01:03.250Z",
        "requests": 3,
        "agents": 1,
        "input_tokens": 36,
        "cache_read_tokens": 12288,
        "cache_write_5m_tokens": 3072,
        "cache_write_1h_tokens": 6144,
        "output_tokens": 45,
        "cache_hit_rate": 0.570474,
        "cost_usd": Decimal("0.088089"),
        "unread": 0,
        "side_requests": 0,
        "side_cost_usd": Decimal(0),
        "saved_usd": Decimal("0.75"),
        "cost_at_least": False,
        "unpriced": 0,
        "client_difference_usd": None,
        "imported": 0,
    }


def test_a_sum_that_leaves_something_out_says_so() -> None:
    complete, broken = exchange(1), exchange(2)
    assert broken.cost is not None
    broken = replace(broken, cost=replace(broken.cost, at_least=True))
    unpriced = exchange(3, cost=None, unpriced_model="my-finetune")
    said = []
    for some in ([complete], [complete, broken], [complete, unpriced], [unpriced]):
        (session,) = Ledger.of(some).sessions()
        record = json.loads(json_text(session_record(session)))
        said.append((record["cost_usd"], record["cost_at_least"], record["unpriced"]))
    assert said == [(0.029363, False, 0), (0.058726, True, 0), (0.029363, True, 1), (None, True, 1)]
    assert [request_record(one)["cost_at_least"] for one in (complete, broken, unpriced)] == [False, True, None]
    assert request_record(unpriced)["unpriced_model"] == "my-finetune"
    lines = written(CSV, complete, broken, unpriced).splitlines()
    place = lines[0].split(",").index("cost_at_least")
    assert [line.split(",")[place] for line in lines] == ["cost_at_least", "false", "true", ""]


def test_what_the_client_counts_otherwise_is_told_of_a_request_and_a_session() -> None:
    refused = exchange(1, client_cost=Decimal("1.06005"), cost=Cost(*[Decimal(0)] * 5))  # type: ignore[arg-type]
    local = exchange(2, client_cost=Decimal("0.5"), cost=None, unpriced_model="local-llama")
    cheaper = exchange(3, client_cost=Decimal("0.02"))
    (session,) = Ledger.of([refused, local, cheaper, exchange(4)]).sessions()
    assert session.totals.counted_otherwise == 3
    assert session_record(session)["client_difference_usd"] == Decimal("1.06005") + Decimal("0.5") - Decimal("0.009363")
    assert request_record(refused)["client_cost_usd"] == Decimal("1.06005")


def test_the_cost_of_a_session_without_any_price_is_unknown() -> None:
    (session,) = Ledger.of([exchange(cost=None, unpriced_model="claude-nova")]).sessions()
    assert session_record(session)["cost_usd"] is None


def test_the_tokens_of_a_session_without_any_usage_are_unknown() -> None:
    (session,) = Ledger.of([exchange(usage=None)]).sessions()
    record = session_record(session)
    assert {name for name in record if name.endswith("_tokens") and record[name] is None} == {
        "input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
    }


def test_text_from_outside_reads_back_the_same_but_cannot_reach_the_terminal_raw() -> None:
    title = "a\x1b[2Jb\x9b31mc\u202ed\x7f\u2028e ünï 日本"
    text = json_text({"title": title})
    assert json.loads(text) == {"title": title}
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    assert "ünï 日本" in text


def test_a_request_of_a_sub_agent_says_which_one_set_to_work_by_which_call() -> None:
    delegating = exchange(1, delegations=(Delegation("Count the files", "Explore", "Count files"),))
    first, second = (exchange(n, agent_id="a1", task=task) for n, task in ((2, "Count the files"), (3, None)))
    records = list(request_records([delegating, first, second]))
    assert [record["agent_type"] for record in records] == [None, "Explore", "Explore"]
    assert records[2]["agent_description"] == "Count files"
    assert "Explore,Count files" in written(CSV, delegating, first, second).splitlines()[3]


def test_what_a_request_asks_of_the_cache_and_delegates_is_told_in_its_details() -> None:
    record = detailed_record(exchange(cache_ttls=("5m",), delegations=(Delegation("Count", "Explore", None),)))
    assert record["cache_ttls"] == ["5m"]
    assert record["delegations"] == [{"task": "Count", "agent_type": "Explore", "description": None}]


def test_what_was_changed_for_a_provider_is_told_with_the_reason_in_the_details() -> None:
    record = detailed_record(
        exchange(
            adaptations=ADAPTATIONS,
            provider_status=200,
            provider_metrics=(("firstByteLatency", "812"),),
            provider_request_headers=(("anthropic-version", "1"),),
        )
    )
    why = "Bedrock does not know it"
    assert record["adaptations"][0] == {"what": "beta", "name": "token-counting-2024-11-01", "why": why}
    assert (record["provider_status"], record["provider_metrics"]) == (200, {"firstByteLatency": "812"})
    assert record["provider_request_headers"] == [["anthropic-version", "1"]]


def test_records_of_a_long_list_are_those_of_a_short_one() -> None:
    delegated = exchange(1, delegations=(Delegation("Count", "Explore", "Count files"),))
    listed = [
        delegated,
        exchange(2, session_id="other", agent_id="a1", task="Count"),
        exchange(3, agent_id="a1", task="Count"),
        *(exchange(number, session_id=f"s{number}") for number in range(4, 200)),
        exchange(200, agent_id="a1"),
    ]

    def of_session(session_id: str | None) -> list[Exchange]:
        return [each for each in listed if each.session_id == session_id]

    assert list(records_in_order(listed, of_session)) == list(request_records(listed))


def test_a_session_names_what_it_shares_with_a_request_as_the_request_does() -> None:
    (session,) = Ledger.of([exchange(1)]).sessions()
    own = set(session_record(session)) - BY_NAME.keys()
    # A name in here is of a fact that a single request does not have. Any other comes from the table of facts.
    assert own == {
        "title",
        "cwd",
        "last_at",
        "requests",
        "agents",
        "side_requests",
        "side_cost_usd",
        "unpriced",
        "client_difference_usd",
    }
