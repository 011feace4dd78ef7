"""Bedrock's answers as a client of the Messages API gets them, with Anthropic's own SDK as the judge."""

import base64
import json
from typing import Any

import botocore.session
import pytest
from anthropic.lib.bedrock._stream_decoder import AWSEventStreamDecoder
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.bedrock.answers import InvokeDocument, InvokeStream, invoke_answer
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.sse import SSEDecoder
from tests.protocol.chunks import cuts
from tests.protocol.test_answers import EVENTS, decoded, everything, wire
from tests.standin.event_frames import EVENT_STREAM, METRICS, chunk, chunks, corrupted, error, exception, frame

HEADERS = [
    ("Date", "Sat, 21 Nov 2026 10:00:00 GMT"),
    ("Content-Type", EVENT_STREAM),
    ("Transfer-Encoding", "chunked"),
    ("Connection", "keep-alive, X-Hop"),
    ("X-Hop", "1"),
    ("x-amzn-RequestId", "6a1f"),
    ("X-Amzn-Bedrock-Content-Type", "application/json"),
]
SPOKEN = [event for event in EVENTS if event["type"] != "ping"]
"""What Bedrock sends of a message: everything but pings."""
PING = b'event: ping\ndata: {"type": "ping"}\n\n'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KINDS = st.sampled_from(["message_start", "content_block_delta", "message_stop", "brand_new"]) | st.text(
    min_size=1, max_size=12
).filter(lambda kind: not {"\n", "\r"} & set(kind) and kind != "error")
MESSAGES_EVENTS = st.builds(
    lambda kind, more, first: {"type": kind, **more} if first else {**more, "type": kind},
    KINDS,
    st.dictionaries(st.text(max_size=8).filter(lambda name: name != "type"), JSON, max_size=3),
    st.booleans(),
)


def events(stream: InvokeStream, *data: bytes) -> list[tuple[str, Any]]:
    sse = SSEDecoder()
    return [(event.name, json.loads(event.data)) for part in data for event in sse.feed(stream.feed(part))]


def test_a_message_comes_as_the_events_that_anthropic_sends():
    assert b"".join(map(InvokeStream([]).feed, chunks(SPOKEN, metrics=None))) == wire_compact(SPOKEN)


def wire_compact(events: list[dict[str, Any]]) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
        for event in events
    )


@given(st.data(), st.lists(MESSAGES_EVENTS, max_size=4))
def test_events_through_bedrocks_frames_are_the_same_events_in_any_chunking(data, originals):
    framed = b"".join(chunk(event) for event in originals)
    assert events(InvokeStream([]), *data.draw(cuts(framed))) == [(event["type"], event) for event in originals]


@given(st.lists(MESSAGES_EVENTS, max_size=4))
def test_events_are_those_that_anthropics_sdk_reads_from_the_frames(originals):
    frames = [chunk(event) for event in originals]
    by_sdk = [(one.event, json.loads(one.data)) for one in AWSEventStreamDecoder().iter_bytes(iter(frames))]
    assert events(InvokeStream([]), *frames) == by_sdk


def test_each_event_comes_with_the_last_byte_of_its_frame():
    stream = InvokeStream([])
    for event in SPOKEN:
        framed = chunk(event)
        assert stream.feed(framed[:-1]) == b""
        assert stream.feed(framed[-1:]).startswith(f"event: {event['type']}\n".encode())


def test_a_big_event_passes_whole():
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ü😀" * 500_000}}
    assert events(InvokeStream([]), chunk(event)) == [("content_block_delta", event)]


@pytest.mark.parametrize(
    "data",
    [
        b'{"type" : "ping" , "n": 1.50, "u": "\\u00fc\\/"}',
        b'{"type":"content_block_delta","delta":{"text":"\\ud83d"}}',
        b'{"index":12345678901234567890123,"type":"content_block_delta"}',
    ],
    ids=["spaces, numbers and escapes", "half a surrogate pair", "a number of any length"],
)
def test_the_json_of_an_event_passes_byte_for_byte(data):
    assert InvokeStream([]).feed(chunk(data)).endswith(b"\ndata: " + data + b"\n\n")
    assert InvokeStream([]).feed(chunk(data)).startswith(b"event: ")


@pytest.mark.parametrize("data", [b"plain", b'{"n":1}', b'{"type":7}', b'["a"]', b'{"type":"a\\nb"}'])
def test_what_has_no_type_that_can_be_a_name_passes_without_one(data):
    assert InvokeStream([]).feed(chunk(data)) == b"data: " + data + b"\n\n"


def test_json_over_several_lines_stays_one_event():
    assert events(InvokeStream([]), chunk(b'{\n "type": "a",\r\n "n":\r 1\n}\n')) == [("a", {"type": "a", "n": 1})]


@pytest.mark.parametrize("payload", [b"{}", b'{"p":"abc"}', b'{"bytes":""}'], ids=["empty", "only padding", "no bytes"])
def test_a_chunk_without_an_event_is_none(payload):
    headers = {":message-type": "event", ":event-type": "chunk"}
    assert InvokeStream([]).feed(frame(headers, payload)) == b""
    assert InvokeStream([]).feed(frame({":message-type": "event", ":event-type": "initial-response"}, b"{}")) == b""


class TestMetrics:
    def test_of_an_event_that_names_a_member_twice_stay_where_they_are(self):
        data = b'{"type":"message_stop","x":1,"x":2,%b:{"a":1}}' % self.M
        assert InvokeStream([]).feed(chunk(data)) == b"event: message_stop\ndata: " + data + b"\n\n"

    def test_are_cut_out_of_message_stop_and_kept(self):
        stream = InvokeStream([])
        out = b"".join(map(stream.feed, chunks(SPOKEN)))
        assert out.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
        assert stream.metrics == tuple((name, str(value)) for name, value in METRICS.items())

    M = b'"amazon-bedrock-invocationMetrics"'

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (b'{"type":"message_stop",%b:{"a":1}}', b'{"type":"message_stop"}'),
            (b'{%b:{"a":1},"type":"message_stop"}', b'{"type":"message_stop"}'),
            (b'{"x":1.0,%b : {"a": 1} , "type":"message_stop"}', b'{"x":1.0 , "type":"message_stop"}'),
            (b'{ "type":"message_stop" , %b:{"a":1} }', b'{ "type":"message_stop" }'),
            (
                b'{"type":"message_stop","x":{"amazon-bedrock-invocationMetrics":{"a":1}},%b:{"a":1}}',
                b'{"type":"message_stop","x":{"amazon-bedrock-invocationMetrics":{"a":1}}}',
            ),
            (
                b'{"type":"message_stop","s":"\\"amazon-bedrock-invocationMetrics\\":{}",%b:{"a":1}}',
                b'{"type":"message_stop","s":"\\"amazon-bedrock-invocationMetrics\\":{}"}',
            ),
        ],
    )
    def test_leave_everything_else_byte_for_byte(self, before, after):
        stream = InvokeStream([])
        assert stream.feed(chunk(before % self.M)) == b"event: message_stop\ndata: " + after + b"\n\n"
        assert stream.metrics == (("a", "1"),)

    def test_that_are_none_are_cut_out_all_the_same(self):
        stream = InvokeStream([])
        assert b"amazon" not in stream.feed(chunk(b'{"type":"message_stop",%b:null}' % self.M))
        assert stream.metrics == ()

    def test_of_an_answer_that_is_not_streamed_are_in_its_header_fields(self):
        headers = [("X-Amzn-Bedrock-Invocation-Latency", "1403"), ("X-Amzn-Bedrock-Output-Token-Count", "15")]
        assert InvokeDocument([*headers, ("X-Amzn-Bedrock-Content-Type", "a/b")]).metrics == (
            ("invocation-latency", "1403"),
            ("output-token-count", "15"),
        )


EXCEPTIONS = {
    "throttlingException": "overloaded_error",
    "serviceUnavailableException": "overloaded_error",
    "modelStreamErrorException": "api_error",
    "internalServerException": "api_error",
    "modelTimeoutException": "timeout_error",
    "validationException": "invalid_request_error",
}


class TestErrors:
    def test_have_every_exception_of_the_service_model(self):
        model = botocore.session.get_session().get_service_model("bedrock-runtime")
        assert {*model.shape_for("ResponseStream").members} - {"chunk"} == {*EXCEPTIONS}

    @pytest.mark.parametrize(
        ("original", "shown"),
        [(429, "overloaded_error"), (529, "overloaded_error"), (400, "invalid_request_error"), (500, "api_error")],
    )
    def test_of_the_model_itself_have_its_own_type(self, original, shown):
        said = {"message": "It broke", "originalStatusCode": original, "originalMessage": "why"}
        headers = {":message-type": "exception", ":exception-type": "modelStreamErrorException"}
        ((_, document),) = events(InvokeStream([]), frame(headers, json.dumps(said).encode()))
        assert document["error"] == {"type": shown, "message": "It broke"}

    @pytest.mark.parametrize(("kind", "shown"), [*EXCEPTIONS.items(), ("brandNewException", "api_error")])
    def test_an_exception_ends_the_stream_with_the_event_that_clients_act_on(self, kind, shown):
        stream = InvokeStream(HEADERS)
        stream.feed(chunk(SPOKEN[0]))
        out = stream.feed(exception(kind, "Too many tokens, please wait.") + chunk(SPOKEN[1]))
        assert out.startswith(b"event: error\ndata: ")
        assert json.loads(out.removeprefix(b"event: error\ndata: ")) == {
            "type": "error",
            "error": {"type": shown, "message": "Too many tokens, please wait."},
            "request_id": "6a1f",
        }
        assert stream.over
        assert stream.ping == b""
        assert stream.feed(chunk(SPOKEN[1])) == b""

    def test_an_error_frame_is_read_from_its_headers(self):
        ((name, document),) = events(InvokeStream([]), error("InternalError", "An internal server error occurred"))
        assert name == "error"
        assert document["error"] == {"type": "api_error", "message": "An internal server error occurred"}

    def test_an_exception_without_words_has_its_name(self):
        ((_, document),) = events(
            InvokeStream([]), frame({":message-type": "exception", ":exception-type": "throttlingException"})
        )
        assert "throttlingException" in document["error"]["message"]

    def test_claude_code_finds_a_conversation_too_long_in_the_words_of_the_event(self):
        out = InvokeStream([]).feed(exception("validationException", "Input is too long for requested model."))
        assert b'"message":"Input is too long for requested model. The prompt is too long:' in out

    def test_claude_code_finds_overload_in_the_words_of_the_event(self):
        assert b'"type":"overloaded_error"' in InvokeStream([]).feed(exception("throttlingException", "Slow"))

    @pytest.mark.parametrize(
        "broken",
        [
            corrupted(chunk(SPOKEN[1])),
            b"<html>Bad Gateway</html>",
            frame({":message-type": "event", ":event-type": "chunk"}, b'{"bytes":"%%%"}'),
            frame({":message-type": "event", ":event-type": "chunk"}, b"\xff"),
        ],
        ids=["a changed bit", "a page", "bytes that are no base64", "a payload that is no JSON"],
    )
    def test_a_corrupt_stream_says_so_after_what_came_whole(self, broken):
        stream = InvokeStream([])
        first, second = events(stream, chunk(SPOKEN[0]) + broken)
        assert first == ("message_start", SPOKEN[0])
        assert second[0] == "error"
        assert second[1]["error"]["type"] == "api_error"
        assert "corrupt" in second[1]["error"]["message"]
        assert stream.over

    def test_a_stream_that_ends_early_ends_early(self):
        stream = InvokeStream([])
        stream.feed(chunk(SPOKEN[0]) + chunk(SPOKEN[1])[:50])
        assert stream.finish() == b""
        assert not stream.over


def test_pings_may_be_sent_from_message_start_to_message_stop():
    stream = InvokeStream([])
    pings = [stream.ping]
    for framed in chunks(SPOKEN):
        stream.feed(framed)
        pings.append(stream.ping)
    assert pings == [b"", *[PING] * (len(SPOKEN) - 1), b""]


class TestHead:
    def test_of_a_stream_is_that_of_server_sent_events_with_amazons_own_fields(self):
        assert InvokeStream(HEADERS).headers == [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("request-id", "6a1f"),
            ("Date", "Sat, 21 Nov 2026 10:00:00 GMT"),
            ("x-amzn-RequestId", "6a1f"),
            ("X-Amzn-Bedrock-Content-Type", "application/json"),
        ]

    def test_of_a_document_is_its_own_with_the_request_id(self):
        headers = [("Content-Type", "application/json"), ("Content-Length", "2"), ("x-amzn-RequestId", "6a1f")]
        answer = invoke_answer(200, headers)
        assert answer.headers == [
            ("content-type", "application/json"),
            ("request-id", "6a1f"),
            ("x-amzn-RequestId", "6a1f"),
        ]
        assert (answer.feed(b"{"), answer.feed(b"}"), answer.finish(), answer.ping) == (b"{", b"}", b"", b"")

    def test_decides_how_the_body_is_read(self):
        assert isinstance(invoke_answer(200, HEADERS), InvokeStream)


class TestNativeAnswers:
    """What candela shows of an answer that crosses as Bedrock frames it."""

    @given(st.data())
    def test_are_read_as_the_same_message_in_any_chunking(self, data):
        framed = data.draw(cuts(b"".join(chunks(SPOKEN))))
        assert everything(decoded(*framed, content_type=EVENT_STREAM)) == everything(decoded(wire(SPOKEN)))

    def test_are_streams(self):
        assert AnswerDecoder(200, EVENT_STREAM).streamed
        assert AnswerDecoder(200, "Application/Vnd.Amazon.EventStream; x=y").streamed

    def test_that_break_off_with_an_exception_are_errors_in_amazons_words(self):
        fold = decoded(chunk(SPOKEN[0]), exception("throttlingException", "Slow"), content_type=EVENT_STREAM)
        assert fold.error == ApiError("overloaded_error", "Slow")
        assert fold.model == "claude-opus-4-8"
        assert not fold.stopped

    def test_that_are_corrupt_are_errors(self):
        fold = decoded(*map(corrupted, chunks(SPOKEN)), content_type=EVENT_STREAM)
        assert fold.error is not None
        assert "corrupt" in fold.error.message

    def test_that_failed_at_once_are_read_as_documents(self):
        fold = decoded(b'{"message":"Slow"}', status=429, content_type=EVENT_STREAM)
        assert fold.error == ApiError("rate_limit_error", "Slow")

    @given(st.lists(st.binary(max_size=60) | st.sampled_from(chunks(SPOKEN)).map(lambda one: corrupted(one, 70))))
    def test_never_raise(self, data):
        decoded(*data, content_type=EVENT_STREAM)

    @given(st.lists(st.binary(max_size=40) | JSON.map(lambda one: json.dumps(one).encode()), max_size=3))
    def test_of_any_content_never_raise(self, data):
        framed = [
            frame(
                {":message-type": "event", ":event-type": "chunk"},
                json.dumps({"bytes": base64.b64encode(one).decode()}).encode(),
            )
            for one in data
        ]
        decoded(*framed, content_type=EVENT_STREAM)
