"""Why less was read from the prompt cache than could be."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.cache_baselines import closest, latest_cached, readable_requests
from candela_tui.analysis.cache_changes import Asked
from candela_tui.analysis.cache_miss import (
    diagnose,
    disagreement,
    explained,
    rewrite_usd,
)
from candela_tui.analysis.cache_rules import PARAMETERS, Parameter, minimum_tokens
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import Prompt, difference_path, prompt_of
from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Imported, Marks, Outcome
from candela_tui.exchange.cache_diagnosis import CacheState, Cause, Diagnosis
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider, RouteName
from tests.analysis.exchanges import exchange

MARK = {"cache_control": {"type": "ephemeral"}}
BODY: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "thinking": {"type": "adaptive"},
    "tools": [
        {"name": "Bash", "description": "Runs.", "input_schema": {"properties": {"command": {"type": "string"}}}},
        {"name": "Read", "description": "Reads."},
    ],
    "system": [{"type": "text", "text": "You are a reef."}, {"type": "text", "text": "one\ntwo", **MARK}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "fix the weather vane"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Reading."}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "rust", **MARK}]},
    ],
}
ANSWER = {"role": "assistant", "content": [{"type": "text", "text": "It is rusty."}]}
WROTE = Usage(12, 0, 9000, 0, 50)


def next_body(*questions: str) -> dict[str, Any]:
    """The request after BODY: its mark moved to the new end."""
    body = deepcopy(BODY)
    del body["messages"][-1]["content"][-1]["cache_control"]
    asked = [{"type": "text", "text": text} for text in questions or ("now oil it",)]
    body["messages"] += [deepcopy(ANSWER), {"role": "user", "content": [*asked[:-1], {**asked[-1], **MARK}]}]
    return body


def prompt(body: dict[str, Any]) -> Prompt:
    items = Items()
    for _ in read_items(json.dumps(body).encode(), items, Items()):
        pass
    return prompt_of(items)


def asked(body: dict[str, Any] | None, number: int, usage: Usage | None, **facts: Any) -> Asked:
    facts = {
        "kind": Kind.MESSAGES,
        "model": "claude-opus-4-8",
        "marks": Marks(1, 1000, 1200, 9000),
        "betas": (),
        "url": "https://api.anthropic.com/v1/messages",
        **facts,
    }
    return Asked(exchange(number, usage=usage, **facts), prompt(body) if body is not None else None)


def after(body: dict[str, Any] | None, *, read: int = 0, minutes: int = 1, **facts: Any) -> Diagnosis:
    """What is said of a request some minutes after BODY, which wrote 9,000 tokens."""
    now = asked(body, minutes, Usage(12, read, 9300 - read, 0, 40), **facts)
    return diagnose(now, asked(BODY, 0, WROTE))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The next request with one value changed, or removed (None)."""
    body = next_body()
    at: Any = body
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return body


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@pytest.mark.parametrize(
    ("body", "cause", "where"),
    [
        (changed("tools/1/description", "Reads a file."), Cause.TOOLS_CHANGED, "tools[1].description"),
        (
            changed("tools/0/input_schema/properties/command/type", "array"),
            Cause.TOOLS_CHANGED,
            "tools[0].input_schema.properties.command.type",
        ),
        (changed("tools/1", None), Cause.TOOLS_CHANGED, "tools[1]"),
        (changed("system/0/text", "You are a wreck."), Cause.SYSTEM_PROMPT_CHANGED, "system[0].text"),
        (
            changed("messages/0/content/0/text", "mend it"),
            Cause.MESSAGES_REWRITTEN,
            "messages[0].content[0].text",
        ),
        (changed("thinking", {"type": "disabled"}), Cause.PARAMETERS_CHANGED, "thinking"),
        (changed("tool_choice", {"type": "any"}), Cause.PARAMETERS_CHANGED, "tool_choice"),
        (changed("messages/4/content/0", {**IMAGE, **MARK}), Cause.PARAMETERS_CHANGED, "image"),
        (
            next_body(*(f"question {number}" for number in range(25))),
            Cause.LOOKBACK_EXCEEDED,
            "messages[4].content[24]",
        ),
        (next_body(), Cause.LIKELY_SERVER_SIDE, None),
    ],
)
def test_the_first_thing_that_differs_in_the_providers_order_is_the_cause(
    body: dict[str, Any], cause: Cause, where: str | None
) -> None:
    found = after(body)
    assert (found.state, found.cause, found.where) == (CacheState.MISS, cause, where)
    assert (found.expected_read_tokens, found.rewritten_tokens) == (9000, 9000)


@pytest.mark.parametrize(
    ("facts", "cause", "where"),
    [
        ({"model": "claude-haiku-4-5"}, Cause.MODEL_CHANGED, "model"),
        ({"provider": Provider.VERTEX, "route": RouteName.VERTEX}, Cause.ROUTE_CHANGED, "route"),
        ({"region": "us-east5"}, Cause.ROUTE_CHANGED, "region"),
        ({"url": "https://gateway.example/v1/messages"}, Cause.ROUTE_CHANGED, "url"),
        ({"url": ""}, Cause.LIKELY_SERVER_SIDE, None),
        ({"imported": Imported.TRANSCRIPT, "subscription": True}, Cause.LIKELY_SERVER_SIDE, None),
        ({"gateway": "LiteLLM"}, Cause.ROUTE_CHANGED, "gateway"),
        ({"subscription": True}, Cause.ROUTE_CHANGED, "authorization"),
        ({"betas": ("context-1m-2025-08-07",)}, Cause.PARAMETERS_CHANGED, "anthropic-beta"),
        ({"betas": ("cache-diagnosis-2026-04-07",)}, Cause.LIKELY_SERVER_SIDE, None),
    ],
)
def test_another_cache_is_told_from_another_prompt(facts: dict[str, Any], cause: Cause, where: str | None) -> None:
    found = after(next_body(), **facts)
    assert (found.cause, found.where) == (cause, where)


def test_another_account_has_another_cache() -> None:
    def of(uuid: str, body: dict[str, Any]) -> dict[str, Any]:
        user = json.dumps({"device_id": "d", "account_uuid": uuid, "session_id": "s"})
        return {**body, "metadata": {"user_id": user}}

    mine, theirs = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    for uuid, cause in ((mine, Cause.LIKELY_SERVER_SIDE), (theirs, Cause.ROUTE_CHANGED)):
        found = diagnose(asked(of(uuid, next_body()), 1, WROTE), asked(of(mine, BODY), 0, WROTE))
        assert found.cause is cause


SETTINGS: dict[str, Any] = {
    "speed": {"speed": "fast"},
    "output_config.format": {"output_config": {"format": {"type": "json_schema"}}},
    "output_format": {"output_format": {"type": "json_schema"}},
    "tool_choice": {"tool_choice": {"type": "any"}},
    "thinking": {"thinking": {"type": "disabled"}},
    "output_config.effort": {"output_config": {"effort": "high"}},
    "context_management": {"context_management": {"edits": []}},
    "output_config": {"output_config": {"verbosity": "low"}},
}
DOCUMENT = {"type": "document", "source": {"type": "text", "data": "A."}, "citations": {"enabled": True}}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_each_setting_of_the_table_is_a_cause_with_its_place_and_confidence(parameter: Parameter) -> None:
    if parameter.name in SETTINGS:
        body = {**next_body(), **SETTINGS[parameter.name]}
    else:
        block = DOCUMENT if parameter.name == "citations" else IMAGE
        body = changed("messages/4/content/0", {**block, **MARK})
    found = after(body)
    assert (found.cause, found.where, found.confidence) == (
        Cause.PARAMETERS_CHANGED,
        parameter.name,
        parameter.confidence,
    )


def test_what_is_not_behind_a_change_explains_more_than_the_change() -> None:
    # The tools are before the system prompt, which a change of the speed makes unreadable.
    assert after({**changed("tools/0/description", "!"), "speed": "fast"}).cause is Cause.TOOLS_CHANGED
    assert after({**changed("system/0/text", "!"), "speed": "fast"}).where == "speed"
    assert after({**changed("system/0/text", "!"), "tool_choice": {"type": "any"}}).where == "system[0].text"
    assert after({**changed("messages/0/content/0/text", "!"), "thinking": {"type": "disabled"}}).where == "thinking"


def test_a_setting_that_is_behind_all_that_was_kept_is_no_cause() -> None:
    before = deepcopy(BODY)
    del before["messages"][-1]["content"][-1]["cache_control"]
    found = diagnose(asked({**next_body(), "tool_choice": {"type": "any"}}, 1, WROTE), asked(before, 0, WROTE))
    assert found.cause is Cause.LIKELY_SERVER_SIDE


def test_a_full_read_has_no_cause_whatever_changed() -> None:
    found = after(changed("system/0/text", "You are a wreck."), read=9000, model="claude-haiku-4-5")
    assert (found.state, found.cause, found.rewritten_tokens) == (CacheState.HIT, None, 0)


def test_what_is_left_of_the_prefix_is_read_partly() -> None:
    found = after(changed("messages/0/content/0/text", "mend it"), read=4000)
    assert (found.state, found.cause, found.rewritten_tokens) == (CacheState.PARTIAL, Cause.MESSAGES_REWRITTEN, 5000)


@pytest.mark.parametrize(("minutes", "cause"), [(4, Cause.LIKELY_SERVER_SIDE), (6, Cause.TTL_EXPIRED_5M)])
def test_a_cache_that_was_not_used_for_its_lifetime_has_expired(minutes: int, cause: Cause) -> None:
    found = after(next_body(), minutes=minutes)
    assert (found.cause, found.ttl) == (cause, "5m")
    assert found.idle == timedelta(minutes=minutes)


def test_a_cache_of_an_hour_expires_after_an_hour() -> None:
    before = asked(BODY, 0, Usage(12, 0, 0, 9000, 50))
    early = diagnose(asked(next_body(), 30, WROTE), before)
    late = diagnose(asked(next_body(), 62, WROTE), before)
    assert (early.cause, late.cause) == (Cause.LIKELY_SERVER_SIDE, Cause.TTL_EXPIRED_1H)


def test_of_two_lifetimes_the_one_that_ended_is_named() -> None:
    before = asked(BODY, 0, Usage(12, 0, 4000, 5000, 50), cache_ttls=("5m", "1h"))
    for minutes, read, cause in (
        (20, 5000, Cause.TTL_EXPIRED_5M),
        (70, 0, Cause.TTL_EXPIRED_1H),
        (4, 0, Cause.LIKELY_SERVER_SIDE),
    ):
        found = diagnose(asked(next_body(), minutes, Usage(12, read, 9300 - read, 0, 40)), before)
        assert (found.cause, found.ttl) == (cause, "5m")


def test_a_change_counts_before_the_clock_where_nothing_would_have_been_left_to_read() -> None:
    # With the tools, all of the prompt is another one. With a message, the system prompt could have been read.
    assert after(changed("tools/0/description", "!"), minutes=20).cause is Cause.TOOLS_CHANGED
    assert after(changed("messages/0/content/0/text", "!"), minutes=20).cause is Cause.TTL_EXPIRED_5M


@pytest.mark.parametrize(
    ("model", "asks", "cause", "where"),
    [
        ("claude-haiku-4-5", "now oil it", Cause.MESSAGES_REWRITTEN, "messages[1].content[0]"),
        ("claude-haiku-4-5", None, Cause.LIKELY_SERVER_SIDE, None),
        ("claude-opus-4-8", "now oil it", Cause.LIKELY_SERVER_SIDE, None),
    ],
    ids=["the user writes", "a tool's result", "a model that keeps it"],
)
def test_thinking_that_the_provider_drops_rewrites_what_is_behind_it(
    model: str, asks: str | None, cause: Cause, where: str | None
) -> None:
    thinking = {"type": "thinking", "thinking": "Rust?", "signature": "x"}
    before, now = deepcopy(BODY), next_body(*([asks] if asks else []))
    for body in (before, now):
        body["messages"][1]["content"].insert(0, thinking)
    if asks is None:
        now["messages"][-1]["content"] = [{"type": "tool_result", "tool_use_id": "t2", "content": "oil", **MARK}]
    found = diagnose(asked(now, 1, Usage(12, 0, 9300, 0, 40), model=model), asked(before, 0, WROTE, model=model))
    assert (found.cause, found.where) == (cause, where)


def test_without_marks_the_cache_is_off() -> None:
    body = next_body()
    del body["messages"][-1]["content"][-1]["cache_control"], body["system"][-1]["cache_control"]
    found = after(body)
    assert (found.state, found.cause) == (CacheState.OFF, Cause.CACHE_MARKS_MOVED)
    first = diagnose(asked(body, 0, Usage(9000, 0, 0, 0, 5)), None)
    assert (first.state, first.cause) == (CacheState.OFF, None)


def test_a_mark_that_moved_to_the_front_reaches_less() -> None:
    body = next_body()
    del body["messages"][-1]["content"][-1]["cache_control"]
    found = after(body)
    assert (found.cause, found.where) == (Cause.CACHE_MARKS_MOVED, "system[1]")


def test_a_mark_of_the_whole_body_is_one_on_its_last_block() -> None:
    body = next_body()
    del body["messages"][-1]["content"][-1]["cache_control"]
    assert prompt(body | MARK).last_mark == prompt(next_body()).last_mark == 8


def test_the_summary_of_a_compacted_conversation_is_a_new_beginning() -> None:
    before = asked(BODY, 0, WROTE, kind=Kind.COMPACTION)
    body = {**next_body(), "messages": [{"role": "user", "content": [{"type": "text", "text": "So far: …", **MARK}]}]}
    found = diagnose(asked(body, 1, WROTE), before)
    assert found.cause is Cause.COMPACTED


def test_the_first_request_writes_what_nobody_has_written() -> None:
    assert diagnose(asked(BODY, 0, WROTE), None).cause is Cause.FIRST_REQUEST
    # Another session has the same tools and system prompt.
    assert diagnose(asked(BODY, 0, Usage(12, 8000, 1000, 0, 5)), None).state is CacheState.HIT
    short = diagnose(asked(BODY, 0, Usage(700, 0, 0, 0, 5)), None)
    assert (short.state, short.cause, short.confidence) == (CacheState.COLD, Cause.BELOW_MINIMUM, "certain")


@pytest.mark.parametrize(
    ("model", "tokens", "cause", "confidence"),
    [
        ("claude-opus-5-5", 500, Cause.BELOW_MINIMUM, "certain"),
        ("claude-opus-5-5", 600, Cause.UNKNOWN, "unknown"),
        ("us.anthropic.claude-opus-4-6-v1", 4000, Cause.BELOW_MINIMUM, "certain"),
        ("claude-haiku-4-5@20251001", 4100, Cause.UNKNOWN, "unknown"),
        ("claude-someday-9", 4000, Cause.BELOW_MINIMUM, "likely"),
    ],
)
def test_a_prompt_is_too_short_by_the_minimum_of_its_model(
    model: str, tokens: int, cause: Cause, confidence: str
) -> None:
    found = diagnose(asked(BODY, 0, Usage(tokens, 0, 0, 0, 5), model=model), None)
    assert (found.state, found.cause, found.confidence) == (CacheState.COLD, cause, confidence)
    assert explained(found)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("claude-opus-4-8", 1024),
        ("claude-opus-4-20250514", 1024),
        ("claude-sonnet-4-5@20250929", 1024),
        ("global.anthropic.claude-opus-4-7-v1:0", 2048),
        ("claude-3-5-haiku-20241022", 2048),
        ("claude-opus-5", 512),
        ("claude-opus-5-9", None),
        (None, None),
    ],
)
def test_the_minimum_of_a_model_is_found_by_any_providers_name(name: str | None, tokens: int | None) -> None:
    assert minimum_tokens(name) == tokens


def test_without_bodies_only_the_clock_can_tell() -> None:
    assert after(None).cause is Cause.UNKNOWN
    assert after(None, minutes=20).cause is Cause.TTL_EXPIRED_5M


def test_without_usage_nothing_is_claimed() -> None:
    found = diagnose(asked(next_body(), 1, None, outcome=Outcome.CUT), asked(BODY, 0, WROTE))
    assert (found.state, found.cause, found.rewritten_tokens) == (None, None, None)


def test_the_providers_own_reason_stands_beside() -> None:
    found = after(next_body(), answer_facts=(("cache_miss_reason", "tools_changed"),))
    assert (found.cause, found.provider_reason) == (Cause.LIKELY_SERVER_SIDE, "tools_changed")


@pytest.mark.parametrize(
    ("reason", "differs"),
    [
        ("tools_changed", True),
        ("messages_changed", False),
        ("unavailable", False),
        ("previous_message_not_found", False),
    ],
)
def test_another_reason_of_the_provider_is_told(reason: str, differs: bool) -> None:
    found = after(changed("messages/0/content/0/text", "!"), answer_facts=(("cache_miss_reason", reason),))
    assert disagreement(found) is differs


def test_a_hit_has_no_other_reason() -> None:
    assert not disagreement(after(next_body(), read=9000, answer_facts=(("cache_miss_reason", "tools_changed"),)))


def test_every_diagnosis_is_a_sentence() -> None:
    assert all(explained(Diagnosis(CacheState.MISS, cause)) for cause in Cause)
    assert explained(Diagnosis(CacheState.HIT)) == "all that was in the cache was read"


class TestWhichRequestItIsComparedWith:
    WRITER = exchange(0, usage=WROTE, kind=Kind.MESSAGES, marks=Marks(1, 1000, 1200, 9000))
    NOW = exchange(5, usage=WROTE, kind=Kind.MESSAGES)

    def found(self, *others: Exchange) -> Exchange | None:
        return latest_cached([self.WRITER, *others, self.NOW], self.NOW)

    def test_the_latest_of_the_same_agent_that_left_something(self) -> None:
        later = replace(self.WRITER, id="00003")
        nothing = replace(self.WRITER, id="00004", usage=Usage(9000, 0, 0, 0, 5))
        assert self.found(later, nothing) == later

    @pytest.mark.parametrize(
        "facts",
        [
            {"agent_id": "a1"},
            {"session_id": "s2"},
            {"kind": Kind.TITLE},
            # Its answer had not begun when this one was sent.
            {"marks": Marks(1, 600_000, None, None)},
        ],
    )
    def test_not_one_whose_cache_it_can_not_read(self, facts: dict[str, Any]) -> None:
        assert self.found(replace(self.WRITER, id="00003", **facts)) == self.WRITER


class TestAFirstRequest:
    """What it could read is what other agents and sessions left."""

    SUB_AGENT: ClassVar[dict[str, Any]] = {
        **BODY,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "look around", **MARK}]}],
    }
    MAIN = asked(BODY, 0, WROTE)

    def found(self, body: dict[str, Any], read: int = 0, minutes: int = 1) -> Diagnosis:
        now = asked(body, minutes, Usage(12, read, 9000 - read, 0, 5), agent_id="a1")
        others = readable_requests([self.MAIN.exchange], now.exchange)
        return diagnose(now, closest(now, [self.MAIN] if others else []))

    def test_reads_the_beginning_that_both_have(self) -> None:
        found = self.found(self.SUB_AGENT, read=7000)
        assert (found.state, found.cause, found.previous_id) == (CacheState.HIT, None, self.MAIN.exchange.id)

    def test_misses_what_is_there_and_the_same(self) -> None:
        found = self.found(self.SUB_AGENT)
        assert (found.state, found.cause) == (CacheState.MISS, Cause.LIKELY_SERVER_SIDE)
        assert 0 < (found.expected_read_tokens or 0) < 9000
        assert found.rewritten_tokens == found.expected_read_tokens

    @pytest.mark.parametrize(
        "body", [{**SUB_AGENT, "tools": []}, {**SUB_AGENT, "speed": "fast"}, {**SUB_AGENT, "system": "Another."}]
    )
    def test_has_nothing_to_read_where_the_beginning_differs(self, body: dict[str, Any]) -> None:
        found = self.found(body)
        assert (found.state, found.cause, found.previous_id) == (CacheState.COLD, Cause.FIRST_REQUEST, None)

    def test_has_nothing_to_read_where_all_has_expired(self) -> None:
        assert self.found(self.SUB_AGENT, minutes=6).cause is Cause.FIRST_REQUEST

    def test_reads_the_whole_conversation_that_it_continues_in_another_session(self) -> None:
        now = asked(next_body(), 1, Usage(12, 9000, 300, 0, 5), session_id="s2")
        other = asked(BODY, 0, Usage(9, 0, 8000, 0, 5), session_id="s3")
        near = closest(now, [other, self.MAIN])
        assert near == self.MAIN
        assert diagnose(now, near).expected_read_tokens == 9000

    def test_is_compared_with_four_others_at_most_those_of_its_session_first(self) -> None:
        now = exchange(10, kind=Kind.MESSAGES, agent_id="new")
        facts = {"kind": Kind.MESSAGES, "usage": WROTE, "marks": Marks(1, 1000)}
        agents = [exchange(number, agent_id=f"a{number}", **facts) for number in (6, 7)]
        sessions = [exchange(number, session_id=f"s{number}", **facts) for number in (8, 9, 9)]
        earlier = exchange(5, agent_id="a7", **facts)
        found = readable_requests([*sessions, earlier, *agents], now)
        assert [each.id for each in found] == ["00007", "00006", "00009", "00008"]

    def test_a_request_beside_the_conversation_is_compared_as_a_first_one(self) -> None:
        title = {"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "Name it."}]}
        now = asked(title, 1, Usage(700, 0, 0, 0, 5), kind=Kind.TITLE)
        assert readable_requests([self.MAIN.exchange], now.exchange) == [self.MAIN.exchange]
        found = diagnose(now, closest(now, [self.MAIN]))
        assert (found.state, found.cause, found.rewritten_tokens) == (CacheState.OFF, None, None)


def test_writing_again_costs_the_difference_of_the_two_prices() -> None:
    # A million is read for $0.50 and written for $6.25 or $10: https://docs.claude.com/en/docs/about-claude/pricing
    usage = Usage(0, 0, 1_000_000, 1_000_000, 0)
    of = exchange(0, model="claude-opus-4-8", usage=usage, price_basis=PriceBasis("", "anthropic", final=True))
    pricer = Pricer(PricingSettings())
    assert rewrite_usd(of, 1_000_000, pricer) == Decimal("5.75")
    assert rewrite_usd(of, 2_000_000, pricer) == Decimal("5.75") + Decimal("9.5")
    assert rewrite_usd(of, 0, pricer) == 0
    assert rewrite_usd(replace(of, price_basis=None), 1, pricer) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_the_path_of_a_difference_leads_to_two_values_that_differ(old: Any, new: Any) -> None:
    path = difference_path(old, new)
    if old == new:
        assert path == ""
        return
    one, other = old, new
    for step in path.replace("[", ".[").split(".")[1:]:
        key: Any = int(step[1:-1]) if step.startswith("[") else step
        one, other = member(one, key), member(other, key)
    assert one != other


MISSING = object()


def member(of: Any, key: Any) -> Any:
    there = key in of if isinstance(of, dict) else key < len(of)
    return of[key] if there else MISSING


@pytest.mark.parametrize("place", range(9))
def test_what_is_the_same_up_to_a_block_is_found_up_to_it(place: int) -> None:
    body = next_body()
    name, *numbers = re.findall(r"[a-z]+|\d+", prompt(body).blocks[place].path.replace(".content", ""))
    target = body[name][int(numbers[0])]
    if name == "messages":
        target = target["content"][int(numbers[1])]
    target["extra"] = 1
    assert prompt(body).common_prefix(prompt(next_body())) == place
