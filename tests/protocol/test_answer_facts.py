"""What an answer states beyond its content and usage, in a stream and in a document, through every mapping."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.answer_facts import AnswerFacts
from candela_tui.protocol.bedrock.answers import InvokeDocument, InvokeStream
from tests.protocol.chunks import cuts
from tests.standin.event_frames import chunk as frame_of

VERDICTS = [
    {
        "type": "dangerous_tool_use",
        "status": {
            "type": "available",
            "tool_uses": {
                "toolu_1": {"type": "evaluated", "outcome": "not_flagged"},
                "toolu_2": {
                    "type": "evaluated",
                    "outcome": "flagged",
                    "explanation": "deletes  the\nhome",
                    "cited_rule": {"type": "file", "path": "CLAUDE.md"},
                },
                "toolu_3": {"type": "unavailable", "reason": "timeout"},
            },
        },
    },
    {"type": "other", "status": {"type": "unavailable", "reason": "disabled"}},
]
REFUSAL = {
    "type": "refusal",
    "category": "cyber",
    "explanation": "It could harm.",
    "recommended_model": "claude-opus-5",
}
MISS = {"cache_miss_reason": {"type": "tools_changed", "cache_missed_input_tokens": 4096}}
EDITS = {
    "applied_edits": [{"type": "clear_tool_uses_20250919", "cleared_tool_uses": 3, "cleared_input_tokens": 12000}, {}]
}
DROPPED = [{"type": "thinking_dropped"}, {"type": "thinking_dropped"}, {"type": "thinking_mismatch_allowed"}]
DETAILS = {
    "output_tokens": 9,
    "output_tokens_details": {"thinking_tokens": 7},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
    "fallback_credit": {"status": {"type": "not_applied", "reason": "expired"}},
}
STATED = {
    "cache_miss_reason": "tools_changed",
    "cache_missed_input_tokens": "4096",
    "input_transformations": "thinking_dropped ×2, thinking_mismatch_allowed",
    "thinking_tokens": "7",
    "web_fetch_requests": "1",
    "fallback_credit": "not_applied expired",
    "container": "cont_1",
    "context_edits": "clear_tool_uses_20250919 (3 tool uses, 12000 input tokens)",
    "stop_sequence": "END",
    "refusal_category": "cyber",
    "refusal_explanation": "It could harm.",
    "refusal_recommended_model": "claude-opus-5",
    "safeguard_results": (
        "dangerous_tool_use: toolu_1 not_flagged, toolu_2 flagged (deletes the home CLAUDE.md), "
        "toolu_3 unavailable timeout; other: unavailable disabled"
    ),
}

MESSAGE: dict[str, Any] = {"id": "m", "type": "message", "model": "claude-opus-5-5", "content": []}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {**MESSAGE, "diagnostics": MISS, "input_transformations": DROPPED, "usage": {}},
    },
    # The verdicts come ahead of the end, in a delta of their own.
    {"type": "message_delta", "delta": {"safeguard_results": VERDICTS}},
    {
        "type": "message_delta",
        "delta": {
            "stop_reason": "refusal",
            "stop_sequence": "END",
            "stop_details": REFUSAL,
            "container": {"id": "cont_1", "expires_at": "2026-11-28T00:00:00Z"},
        },
        "context_management": EDITS,
        "usage": DETAILS,
    },
    {"type": "message_stop"},
]
DOCUMENT = {
    **MESSAGE,
    "diagnostics": MISS,
    "input_transformations": DROPPED,
    "safeguard_results": VERDICTS,
    "stop_reason": "refusal",
    "stop_sequence": "END",
    "stop_details": REFUSAL,
    "container": {"id": "cont_1"},
    "context_management": EDITS,
    "usage": DETAILS,
}


def stated(*chunks: bytes) -> dict[str, str]:
    decoder = AnswerDecoder(200, "")
    for part in chunks:
        decoder.feed(part)
    decoder.finish()
    return dict(decoder.fold.facts.stated)


def wire(events: list[dict[str, Any]]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


@given(st.data())
def test_a_stream_states_its_facts_however_it_is_cut(data):
    assert stated(*data.draw(cuts(wire(EVENTS)))) == STATED


def test_a_document_states_the_same():
    assert stated(json.dumps(DOCUMENT).encode()) == STATED


@given(st.data())
def test_bedrocks_frames_bring_them_to_the_client(data):
    frames = b"".join(frame_of(event) for event in EVENTS)
    stream = InvokeStream([])
    out = b"".join(stream.feed(part) for part in data.draw(cuts(frames)))
    assert stated(out) == STATED
    for event in EVENTS:
        assert json.dumps(event, separators=(",", ":")).encode() in out


def test_bedrocks_document_brings_them_to_the_client():
    document = InvokeDocument([])
    body = json.dumps(DOCUMENT).encode()
    assert document.feed(body) + document.finish() == body


def test_a_block_that_is_restated_is_named():
    event = {"type": "content_block_restated", "index": 1, "content_block": {"type": "text", "text": "x"}}
    assert stated(wire([event, {**event, "index": 2, "content_block": None}])) == {
        "content_block_restated": "block 1 (text), block 2 (content)"
    }


def test_what_is_not_stated_is_not_made_up():
    plain = [
        {"type": "message_start", "message": {**MESSAGE, "stop_details": None, "usage": {"input_tokens": 1}}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
    ]
    assert stated(wire(plain)) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*DOCUMENT, *DETAILS, *EDITS, "type", "status", "tool_uses"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*DOCUMENT, "delta"]), JSON))
def test_nothing_of_any_form_fails_to_be_read(fields):
    facts = AnswerFacts()
    facts.message(fields)
    facts.delta(fields)
    facts.usage(fields.get("usage"))
    facts.restated(fields)
    assert all(isinstance(value, str) and value for _, value in facts.stated)


@pytest.mark.parametrize("length", [1000, 1_000_000])
def test_a_long_value_is_cut(length):
    details = {**REFUSAL, "explanation": "x" * length}
    assert len(stated(json.dumps({**DOCUMENT, "stop_details": details}).encode())["refusal_explanation"]) == 300
