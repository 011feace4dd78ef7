"""Native calls of the clouds as requests of the Messages API: the way back of the mapping."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.bedrock.answers import InvokeStream
from candela_tui.protocol.bedrock.native_answers import InvokeFrames
from candela_tui.protocol.clouds.native_requests import as_messages, messages_name
from candela_tui.protocol.native_calls import NativeCall, NativeOperation
from tests.standin import error_event, message, text

CALL = NativeCall(NativeOperation.INVOKE, "us.anthropic.claude-opus-4-8", streamed=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
bodies = st.dictionaries(
    st.sampled_from(["anthropic_version", "anthropic_beta", "model", "stream", "system", "messages", "max_tokens"]),
    values,
)


@given(bodies, st.booleans())
def test_only_what_the_path_and_the_header_state_moves(body: dict[str, Any], streamed: bool) -> None:
    call = NativeCall(NativeOperation.INVOKE, "us.anthropic.claude-opus-4-8", streamed)
    found = as_messages(call, [], json.dumps(body).encode())
    assert found is not None
    kept = {name: body[name] for name in body.keys() & {"system", "messages", "max_tokens"}}
    first = {"model": "claude-opus-4-8", **({"stream": True} if streamed else {})}
    assert json.loads(found.body) == {**first, **kept}


@given(st.binary(max_size=50))
def test_any_other_body_is_none(body: bytes) -> None:
    found = as_messages(CALL, [], body)
    assert found is None or isinstance(json.loads(found.body), dict)


def test_the_rest_of_the_body_stays_byte_for_byte() -> None:
    body = b'{ "anthropic_version":"bedrock-2023-05-31", "max_tokens": 64.0,"system":"\\u00e9" }'
    found = as_messages(CALL, [], body)
    assert found is not None
    assert found.body == b'{"model":"claude-opus-4-8","stream":true,"max_tokens": 64.0,"system":"\\u00e9" }'


def test_names_of_models() -> None:
    assert messages_name("us.anthropic.claude-sonnet-4-5-20250929-v1:0") == "claude-sonnet-4-5-20250929"
    assert messages_name("claude-haiku-4-5@20251001") == "claude-haiku-4-5-20251001"
    profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
    assert messages_name(profile) is None


def test_flags_of_the_body_and_of_the_field_are_together_in_the_field() -> None:
    headers = [
        ("anthropic-beta", "a,b"),
        ("X-Amzn-Bedrock-Trace", "on"),
        ("Accept", "application/json"),
        ("X-Own", "1"),
    ]
    found = as_messages(CALL, headers, b'{"anthropic_beta":["b","c"]}')
    assert found is not None
    assert dict(found.headers) == {
        "X-Own": "1",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "a,b,c",
    }


@given(st.lists(st.integers(1, 200), max_size=20))
def test_frames_are_read_back_as_the_same_events_however_they_are_split(cuts: list[int]) -> None:
    steps = message(text("Hel", "lo é"), ping=False).steps
    events = b"".join(step for step in steps if isinstance(step, bytes))
    out = InvokeFrames([("content-type", "text/event-stream")])
    framed, at = b"", 0
    for cut in cuts:
        framed += out.feed(events[at : at + cut])
        at += cut
    framed += out.feed(events[at:]) + out.finish()
    assert InvokeStream([]).feed(framed) == events


def test_an_error_in_the_stream_is_an_exception_frame() -> None:
    out = InvokeFrames([])
    framed = out.feed(error_event("overloaded_error", "Overloaded") + b"event: ping\ndata: {}\n\n")
    assert b"modelStreamErrorException" in framed
    assert b"Overloaded" in InvokeStream([]).feed(framed)
