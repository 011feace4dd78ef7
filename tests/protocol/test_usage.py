"""Token counts as the provider bills them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.usage import DECLINED, Usage, UsageFold, usage_from_wire


def merged(*wires: Any) -> Usage | None:
    fold = UsageFold()
    for wire in wires:
        fold.merge(wire)
    return fold.usage


def test_counts_of_a_later_event_replace_earlier_ones_and_are_never_added():
    usage = merged({"input_tokens": 10, "output_tokens": 1}, {"output_tokens": 20}, {"output_tokens": 35})
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (10, 35)


def test_the_counts_are_known_at_any_time():
    fold = UsageFold()
    seen = []
    for tokens in (1, 20):
        fold.merge({"output_tokens": tokens})
        seen.append(fold.usage)
    assert seen == [Usage(output_tokens=1), Usage(output_tokens=20)]


def test_a_count_that_a_later_event_leaves_out_or_nulls_keeps_its_value():
    usage = merged({"cache_read_input_tokens": 7}, {"cache_read_input_tokens": None, "output_tokens": 3})
    assert usage is not None
    assert usage.cache_read_tokens == 7


def test_a_later_zero_is_meant():
    usage = merged({"input_tokens": 10}, {"input_tokens": 0})
    assert usage is not None
    assert usage.input_tokens == 0


def test_before_any_usage_nothing_is_known():
    assert merged() is None
    assert merged("no", None, 5, []) is None


def test_what_is_not_reported_is_unknown_and_not_zero():
    usage = usage_from_wire({"output_tokens": 3})
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens) == (None, None, None)
    assert usage.prompt_tokens is None


def test_the_prompt_is_all_of_input_cache_writes_and_cache_reads():
    usage = usage_from_wire({"input_tokens": 12, "cache_creation_input_tokens": 3072, "cache_read_input_tokens": 4096})
    assert usage.prompt_tokens == 12 + 3072 + 4096


@pytest.mark.parametrize(
    ("written", "split", "expected"),
    [
        (3072, {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": 2048}, (1024, 2048)),
        # Not told is not none: only the price of the default counts.
        (3072, None, (3072, None)),
        (3072, {}, (3072, None)),
        (3072, {"ephemeral_1h_input_tokens": 2048}, (1024, 2048)),
        # The total is what is billed; the client counts it the same way.
        (3072, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 5000}, (0, 3072)),
        (None, {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6}, (5, 6)),
        (None, {"ephemeral_1h_input_tokens": 6}, (0, 6)),
        (None, None, (None, None)),
        (0, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, (0, 0)),
    ],
)
def test_cache_writes_are_split_by_their_lifetime(written, split, expected):
    usage = usage_from_wire({"cache_creation_input_tokens": written, "cache_creation": split})
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == expected


def test_what_served_is_kept():
    usage = usage_from_wire(
        {
            "service_tier": "priority",
            "speed": "fast",
            "inference_geo": "us",
            "server_tool_use": {"web_search_requests": 2},
        }
    )
    assert (usage.service_tier, usage.speed, usage.inference_geo, usage.web_searches) == ("priority", "fast", "us", 2)


def test_iterations_that_the_counts_leave_out_are_kept_beside_them():
    message = {"type": "message", "input_tokens": 7, "output_tokens": 6}
    usage = usage_from_wire(
        {
            "input_tokens": 1,
            "output_tokens": 2,
            "inference_geo": "us",
            "speed": "fast",
            "iterations": [
                message,
                {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500},
                {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 9, "output_tokens": 8},
                {"type": "fallback_message", "model": "claude-opus-5", "input_tokens": 1, "output_tokens": 2},
                "nonsense",
                {"type": 5},
            ],
        }
    )
    assert usage.iterations == 6
    declined, compaction, advisor = usage.beyond
    assert (declined.type, declined.model, declined.usage.output_tokens) == (DECLINED, None, 6)
    assert (compaction.type, compaction.model, compaction.usage.prompt_tokens) == ("compaction", None, 180_000)
    assert (compaction.usage.inference_geo, compaction.usage.speed) == ("us", "fast")
    assert (advisor.type, advisor.model, advisor.usage.output_tokens) == ("advisor_message", "claude-opus-5", 8)
    assert (advisor.usage.inference_geo, advisor.usage.speed) == ("us", None)


def attempts(*entries: tuple[str, str | None]) -> list[str | None]:
    """The models of the iterations that the counts leave out."""
    wire = [{"type": kind, "input_tokens": 1, "output_tokens": 2, "model": model} for kind, model in entries]
    return [each.model for each in usage_from_wire({"input_tokens": 1, "iterations": wire}).beyond]


@pytest.mark.parametrize(
    ("entries", "left_out"),
    [
        # A loop of server tools: its parts are all in the counts.
        ([("message", None), ("message", None)], []),
        ([("message", "claude-fable-5"), ("message", "claude-fable-5")], []),
        ([("message", "claude-sonnet-4-5"), ("message", "claude-sonnet-4-5-20250929")], []),
        # Another model served: the loop of the one that served is in the counts.
        ([("message", "claude-fable-5"), ("fallback_message", "claude-opus-4-8")], ["claude-fable-5"]),
        ([("message", None), ("fallback_message", "claude-opus-4-8")], [None]),
        (
            [("message", "claude-fable-5"), ("message", "claude-opus-4-8"), ("fallback_message", "claude-opus-4-8")],
            ["claude-fable-5"],
        ),
        (
            [("message", "claude-fable-5"), ("message", "claude-opus-5"), ("fallback_message", "claude-opus-4-8")],
            ["claude-fable-5", "claude-opus-5"],
        ),
        # All declined.
        ([("message", "claude-fable-5"), ("message", "claude-opus-4-8")], ["claude-fable-5"]),
    ],
)
def test_attempts_that_declined_are_left_out_of_the_counts(entries, left_out):
    assert attempts(*entries) == left_out


@pytest.mark.parametrize("count", [-1, 2**53, 2**80, -0.5, 1e400, True, "twelve", "1_000", "", "true", None, [], {}])
def test_a_count_that_is_none_is_unknown(count):
    assert usage_from_wire({"input_tokens": count}).input_tokens is None


@pytest.mark.parametrize("count", [1000, 1000.0, "1000", "1000.0", "1e3", " 1000 "])
def test_a_whole_number_is_read_in_whatever_spelling(count):
    """Claude Code 2.1.332 counts a number and a number in a string alike."""
    fold = UsageFold()
    fold.merge({"input_tokens": count, "cache_creation": {"ephemeral_1h_input_tokens": count}})
    assert fold.usage is not None
    assert (fold.usage.input_tokens, fold.usage.cache_write_1h_tokens) == (1000, 1000)
    assert fold.unread == ()


@pytest.mark.parametrize(
    ("wire", "unread"),
    [
        ({"output_tokens": 123.45}, "output_tokens 123.45"),
        ({"output_tokens": "123.45"}, "output_tokens 123.45"),
        ({"input_tokens": -1}, "input_tokens -1"),
        ({"input_tokens": True}, "input_tokens True"),
        ({"cache_read_input_tokens": "many"}, "cache_read_input_tokens many"),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 0.5}}, "cache_creation.ephemeral_5m_input_tokens 0.5"),
        ({"server_tool_use": {"web_search_requests": []}}, "server_tool_use.web_search_requests []"),
        (
            {"iterations": [{"type": "compaction", "input_tokens": "x"}]},
            "iterations[0].input_tokens x",
        ),
    ],
)
def test_a_count_that_is_not_a_whole_number_is_named(wire, unread):
    fold = UsageFold()
    fold.merge({"service_tier": "standard", **wire})
    assert fold.unread == (unread,)


@given(st.floats(0, 1e9))
def test_of_a_fraction_counts_what_is_certain(count):
    tokens = usage_from_wire({"output_tokens": count}).output_tokens
    assert tokens is not None
    assert tokens <= count < tokens + 1


def test_a_split_in_a_later_event_is_merged_field_by_field():
    usage = merged(
        {
            "cache_creation_input_tokens": 3072,
            "cache_creation": {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": 2048},
            "server_tool_use": {"web_search_requests": 2},
        },
        {
            "output_tokens": 9,
            "cache_creation": {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": None},
            "server_tool_use": {"web_fetch_requests": 1},
        },
    )
    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens, usage.web_searches) == (1024, 2048, 2)


WIRE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "model", "iterations", "cache_creation", "input_tokens"]), inner)
    ),
    max_leaves=8,
)


@given(st.lists(WIRE, max_size=4))
def test_no_usage_of_any_form_fails_to_be_read(wires):
    usage = merged(*wires)
    assert usage is None or isinstance(usage, Usage)
