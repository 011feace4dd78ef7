"""What an answer says, from the bytes of its body."""

import copy
import json
from codecs import BOM_UTF8
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.answer_decoder import AnswerDecoder, MessageFold
from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.usage import Usage
from tests.protocol.chunks import cuts
from tests.standin.event_frames import chunk as frame_of

STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"

USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 3072,
    "cache_read_input_tokens": 4096,
    "cache_creation": {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": 2048},
    "output_tokens": 1,
    "service_tier": "standard",
}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {"id": "msg_1", "type": "message", "model": "claude-opus-4-8", "content": [], "usage": USAGE},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "citations": []}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Grüße "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "😀"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"title": "T"}}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t", "name": "Bash", "input": {}},
    },
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"command":'}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '"ls"}'}},
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 40},
    },
    {"type": "message_stop"},
]


def wire(events: list[dict[str, Any]], *, named: bool = True) -> bytes:
    return b"".join(
        (f"event: {event['type']}\n" if named else "").encode()
        + f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for event in events
    )


def decoded(*chunks: bytes, status: int = 200, content_type: str = STREAM) -> MessageFold:
    decoder = AnswerDecoder(status, content_type)
    for chunk in chunks:
        decoder.feed(chunk)
    decoder.finish()
    return decoder.fold


def everything(fold: MessageFold) -> Any:
    blocks = {
        index: (block.type, block.text, block.citations, block.signature, block.done)
        for index, block in fold.blocks.items()
    }
    facts = (fold.message_id, fold.model, fold.stop_reason, fold.error, fold.stopped, fold.usage_final)
    return facts, fold.usage, fold.has_content, fold.output_characters, blocks


def changed(at: int, **more: Any) -> list[dict[str, Any]]:
    events = copy.deepcopy(EVENTS)
    events[at] |= more
    return events


class TestAStream:
    def test_becomes_a_message(self):
        fold = decoded(wire(EVENTS))
        assert (fold.message_id, fold.model, fold.stop_reason) == ("msg_1", "claude-opus-4-8", "tool_use")
        assert fold.stopped
        assert fold.usage_final
        thinking, text, tool = (fold.blocks[index] for index in range(3))
        assert (thinking.type, thinking.text, thinking.signature) == ("thinking", "hm", "c2ln")
        assert (text.type, text.text, text.citations) == ("text", "Grüße 😀", [{"title": "T"}])
        assert (tool.type, tool.text, tool.start["name"]) == ("tool_use", '{"command":"ls"}', "Bash")
        assert thinking.done
        assert text.done
        assert tool.done
        assert fold.output_characters == len("hm" + "Grüße 😀" + '{"command":"ls"}')

    def test_says_the_same_without_event_names(self):
        assert everything(decoded(wire(EVENTS, named=False))) == everything(decoded(wire(EVENTS)))

    @given(st.data())
    def test_says_the_same_however_it_is_cut(self, data):
        stream = wire(EVENTS)
        assert everything(decoded(*data.draw(cuts(stream)))) == everything(decoded(stream))

    def test_that_breaks_off_knows_only_the_placeholder_of_its_output(self):
        fold = decoded(wire(EVENTS[:8]))
        assert not fold.stopped
        assert not fold.usage_final
        assert fold.usage is not None
        assert fold.usage.output_tokens == 1
        assert fold.blocks[1].text == "Grüße "
        assert not fold.blocks[1].done

    def test_has_its_first_token_with_the_first_text_and_not_before(self):
        assert not decoded(wire(EVENTS[:2])).has_content
        assert decoded(wire(EVENTS[:3])).has_content

    def test_has_its_first_token_with_the_name_of_a_tool(self):
        assert decoded(wire([EVENTS[0], EVENTS[11]])).has_content

    def test_has_no_first_token_in_an_empty_delta(self):
        empty = {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": ""}}
        assert not decoded(wire([EVENTS[0], EVENTS[6], empty])).has_content

    def test_passes_unknown_events_blocks_and_deltas(self):
        unknown = [
            {"type": "brand_new", "index": 0},
            {"type": "content_block_start", "index": 9, "content_block": {"type": "hologram", "data": [1]}},
            {"type": "content_block_delta", "index": 9, "delta": {"type": "hologram_delta", "text": "x", "data": [2]}},
            {"type": "content_block_stop", "index": 9},
        ]
        fold = decoded(wire([*EVENTS[:-2], *unknown, *EVENTS[-2:]]))
        assert fold.blocks[9].type == "hologram"
        assert fold.blocks[9].text == ""
        assert fold.stopped

    def test_with_an_error_inside_ends_in_that_error(self):
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        fold = decoded(wire([*EVENTS[:5], error]))
        assert fold.error == ApiError("overloaded_error", "Overloaded")

    def test_with_an_error_event_that_is_no_json_quotes_it(self):
        assert decoded(b"event: error\ndata: upstream\t gone\n\n").error == ApiError("api_error", "upstream gone")

    def test_that_compacts_the_context_has_the_summary_as_a_block(self):
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "compaction", "content": None}}
        delta = {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "compaction_delta", "content": "In short"},
        }
        assert decoded(wire([EVENTS[0], start, delta])).blocks[0].text == "In short"

    def test_in_which_another_model_takes_over_names_the_one_that_answered(self):
        took_over = {
            "type": "content_block_start",
            "index": 1,
            "content_block": {
                "type": "fallback",
                "from": {"model": "claude-fable-5"},
                "to": {"model": "claude-opus-5"},
            },
        }
        assert decoded(wire([EVENTS[0], took_over])).model == "claude-opus-5"
        usage = {"output_tokens": 4, "iterations": [{"type": "fallback_message", "model": "claude-opus-4-8"}]}
        final = {"type": "message_delta", "delta": {}, "usage": usage}
        assert decoded(wire([EVENTS[0], took_over, final])).model == "claude-opus-4-8"

    @pytest.mark.parametrize("index", [True, 1.5, "1", None, [], {}])
    def test_with_a_block_at_no_index_leaves_it_out(self, index):
        assert list(decoded(wire(changed(6, index=index))).blocks) == [0, 2]

    @pytest.mark.parametrize("index", [True, -1, 2**70, 1.5, "1", None, [], {}])
    def test_with_an_index_of_any_kind_does_no_harm(self, index):
        fold = decoded(wire(changed(7, index=index)))
        assert fold.blocks[1].text == "😀"
        assert fold.stopped


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "usage"]), inner),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return here + [place for key, part in inner for place in places(part, (*path, key))]


@given(place=st.sampled_from(places(EVENTS)), value=JSON_VALUES, named=st.booleans())
def test_a_stream_with_a_wrong_value_anywhere_is_still_read_to_its_end(place, value, named):
    events: Any = copy.deepcopy(EVENTS)
    target = events
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    stream = b"".join(
        (f"event: {event['type']}\n".encode() if named and isinstance(event, dict) and "type" in event else b"")
        + b"data: "
        + json.dumps(event).encode()
        + b"\n\n"
        for event in events
    )
    fold = decoded(stream)
    assert fold.stopped or place[0] == len(EVENTS) - 1
    assert isinstance(fold.usage, Usage) or place[0] == 0


@given(
    body=st.binary() | st.binary().map(lambda data: b"data: " + data + b"\n\n"),
    status=st.sampled_from([200, 204, 400, 529]),
    content_type=st.sampled_from([STREAM, JSON, "", "text/html"]),
)
def test_no_bytes_ever_fail_to_be_taken(body, status, content_type):
    fold = decoded(body, status=status, content_type=content_type)
    assert (fold.error is not None) >= (status >= 400)


@pytest.mark.parametrize("content_type", [STREAM, JSON])
def test_json_nested_too_deep_is_passed_over(content_type):
    deep = b'{"type":"message","content":' + b"[" * 100_000
    body = b"event: message_start\ndata: " + deep + b"\n\n" if content_type == STREAM else deep
    assert decoded(body, content_type=content_type).usage is None


MESSAGE = {
    "id": "msg_2",
    "type": "message",
    "model": "claude-haiku-4-5-20251001",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "text", "text": "Hi", "citations": [{"title": "T"}]},
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 3, "output_tokens": 5},
}


class TestADocument:
    @given(st.data())
    def test_becomes_the_same_message_however_it_is_cut(self, data):
        body = json.dumps(MESSAGE).encode()
        fold = decoded(*data.draw(cuts(body)), content_type=JSON)
        assert (fold.message_id, fold.model, fold.stop_reason) == ("msg_2", "claude-haiku-4-5-20251001", "tool_use")
        assert (fold.stopped, fold.usage_final, fold.has_content) == (True, True, True)
        assert [block.text for block in fold.blocks.values()] == ["hm", "Hi", '{"command":"ls"}']
        assert (fold.blocks[0].signature, fold.blocks[1].citations) == ("c2ln", [{"title": "T"}])
        assert fold.usage == Usage(input_tokens=3, output_tokens=5)

    def test_in_which_another_model_took_over_names_the_one_that_answered(self):
        content = [{"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}, {"type": "text", "text": "Hi"}]
        assert decoded(json.dumps({**MESSAGE, "content": content}).encode(), content_type=JSON).model == "b"

    def test_with_content_of_another_form_still_tells_its_usage(self):
        fold = decoded(json.dumps({**MESSAGE, "content": "Hi"}).encode(), content_type=JSON)
        assert fold.usage is not None
        assert fold.usage.output_tokens == 5

    def test_that_breaks_off_tells_nothing(self):
        fold = decoded(json.dumps(MESSAGE).encode()[:-1], content_type=JSON)
        assert (fold.usage, fold.stopped) == (None, False)

    def test_that_is_an_error_despite_its_status_is_an_error(self):
        body = b'{"type":"error","error":{"type":"api_error","message":"Internal"}}'
        assert decoded(body, content_type=JSON).error == ApiError("api_error", "Internal")

    def test_of_another_kind_is_no_message(self):
        fold = decoded(b'{"data":[{"type":"model","id":"claude-opus-4-8"}],"has_more":false}', content_type=JSON)
        assert everything(fold) == everything(MessageFold())

    def test_without_a_type_is_a_message_where_it_has_content_and_usage(self):
        body = json.dumps({name: value for name, value in MESSAGE.items() if name != "type"}).encode()
        assert decoded(body, content_type=JSON).usage == Usage(input_tokens=3, output_tokens=5)

    def test_longer_than_any_real_answer_is_not_read(self):
        body = json.dumps(MESSAGE).encode()
        fold = decoded(body, b" " * 34_000_000, content_type=JSON)
        assert fold.usage is None


CONTENT_TYPES = st.sampled_from([STREAM, JSON, "", "text/plain", "text/html", "application/octet-stream", EVENT_STREAM])
BEGINNINGS = st.sampled_from([b"", BOM_UTF8, b"\n", b"\r\n \t", BOM_UTF8 + b"\n"])


def finished(chunks: list[bytes], content_type: str) -> AnswerDecoder:
    decoder = AnswerDecoder(200, content_type)
    for chunk in chunks:
        decoder.feed(chunk)
    decoder.finish()
    return decoder


class TestABody:
    """Of any form, whatever its Content-Type says and however it is cut."""

    @given(st.data(), CONTENT_TYPES, BEGINNINGS, st.sampled_from([b"", b": hello\n\n", b"id: 1\n", b"retry: 5\n\n"]))
    def test_of_events_is_read_as_a_stream(self, data, content_type, beginning, first):
        decoder = finished(data.draw(cuts(beginning + first + wire(EVENTS))), content_type)
        assert everything(decoder.fold) == everything(decoded(wire(EVENTS)))
        assert (decoder.streamed, decoder.failure, decoder.incomplete) == (True, None, False)

    @given(st.data(), CONTENT_TYPES)
    def test_of_events_without_names_is_read_as_a_stream(self, data, content_type):
        decoder = finished(data.draw(cuts(wire(EVENTS, named=False))), content_type)
        assert everything(decoder.fold) == everything(decoded(wire(EVENTS)))

    @given(st.data(), CONTENT_TYPES)
    def test_of_amazons_frames_is_read_as_a_stream(self, data, content_type):
        body = b"".join(frame_of(event) for event in EVENTS)
        decoder = finished(data.draw(cuts(body)), content_type)
        assert everything(decoder.fold) == everything(decoded(wire(EVENTS)))
        assert decoder.streamed

    @given(st.data(), CONTENT_TYPES, BEGINNINGS)
    def test_of_json_is_read_as_a_document(self, data, content_type, beginning):
        decoder = finished(data.draw(cuts(beginning + json.dumps(MESSAGE).encode())), content_type)
        assert decoder.fold.usage == Usage(input_tokens=3, output_tokens=5)
        assert (decoder.streamed, decoder.failure, decoder.incomplete) == (False, None, False)

    @given(st.data(), CONTENT_TYPES)
    def test_of_json_that_breaks_off_is_incomplete(self, data, content_type):
        decoder = finished(data.draw(cuts(json.dumps(MESSAGE).encode()[:-1])), content_type)
        assert (decoder.failure, decoder.incomplete) == (None, True)

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b"", ApiError("api_error", "the answer is empty")),
            (b" \n", ApiError("api_error", "the answer is empty")),
            (
                b"<!DOCTYPE html><html><head><title>Sign\n in</title></head></html>",
                ApiError("api_error", "the answer is a web page and not a message: Sign in"),
            ),
            (b'{"success": false, "msg": "no quota"}', ApiError("api_error", "no quota")),
            (b'{"detail": "Not Found"}', ApiError("api_error", "Not Found")),
            (b'{"object": "list"}', ApiError("api_error", 'the answer is not a message: {"object": "list"}')),
            (b'data: {"object": "x"}\n\n', ApiError("api_error", 'the answer is not a message: {"object": "x"}')),
            (b"Bad gateway", ApiError("api_error", "the answer is not a message: Bad gateway")),
        ],
    )
    @given(st.data())
    def test_that_is_not_a_message_is_a_failure_in_the_providers_words(self, body, error, data):
        content_type = data.draw(
            CONTENT_TYPES.filter(lambda name: name != EVENT_STREAM or body[:1] in (b"{", b"<", b"d"))
        )
        decoder = finished(data.draw(cuts(body)), content_type)
        assert decoder.failure == error
        assert decoder.fold.error is None

    @pytest.mark.parametrize("content_type", ["", "text/html", JSON, EVENT_STREAM])
    def test_that_is_an_empty_redirect_says_so(self, content_type):
        decoder = AnswerDecoder(307, content_type)
        decoder.finish()
        assert decoder.failure == ApiError("api_error", "the answer is a redirect (HTTP 307)")

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (
                b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}',
                ApiError("overloaded_error", "busy"),
            ),
            (b'{"error": {"message": "busy"}}', ApiError("api_error", "busy")),
            (b'data: {"error": {"message": "busy", "type": "x"}}\n\n', ApiError("x", "busy")),
            (b'data: {"success": false, "msg": "busy"}\n\n', ApiError("api_error", "busy")),
            (b'event: error\ndata: {"error": "busy"}\n\n', ApiError("api_error", "busy")),
        ],
    )
    @given(st.data(), CONTENT_TYPES)
    def test_that_says_an_error_is_that_error(self, body, error, data, content_type):
        decoder = finished(data.draw(cuts(body)), content_type)
        assert (decoder.fold.error, decoder.failure, decoder.incomplete) == (error, None, False)

    @given(CONTENT_TYPES)
    def test_that_ends_amid_a_stream_is_incomplete(self, content_type):
        decoder = finished([wire(EVENTS[:8])], content_type)
        assert (decoder.failure, decoder.incomplete) == (None, True)

    def test_that_ends_after_a_ping_is_incomplete(self):
        decoder = finished([wire([{"type": "ping"}])], STREAM)
        assert (decoder.failure, decoder.incomplete) == (None, True)

    def test_that_begins_with_too_much_white_space_is_what_its_header_says(self):
        assert finished([b"\n" * 5000, wire(EVENTS)], STREAM).fold.stopped


class TestAnErrorStatus:
    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (
                529,
                b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
                ("overloaded_error", "Overloaded"),
            ),
            (400, b'{"error":{"message":"prompt is too long"}}', ("invalid_request_error", "prompt is too long")),
            (403, b'[{"error":{"code":403,"message":"No","status":"PERMISSION_DENIED"}}]', ("PERMISSION_DENIED", "No")),
            (429, b'{"message":"Too many tokens"}', ("rate_limit_error", "Too many tokens")),
            (500, b'{"error":"boom"}', ("api_error", "boom")),
            (502, b"<html><head><title>502 Bad\n Gateway</title></head>...", ("api_error", "502 Bad Gateway")),
            (503, b"no healthy\tupstream", ("api_error", "no healthy upstream")),
            (404, b"", ("not_found_error", "HTTP 404 without a message")),
            (422, b"\xff", ("invalid_request_error", "\N{REPLACEMENT CHARACTER}")),
        ],
    )
    @pytest.mark.parametrize("content_type", [JSON, STREAM, ""])
    def test_is_told_in_the_providers_words_where_there_are_any(self, status, body, expected, content_type):
        assert decoded(body, status=status, content_type=content_type).error == ApiError(*expected)

    def test_with_an_event_stream_is_told_by_its_error_event(self):
        body = wire([{"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}])
        assert decoded(body, status=429).error == ApiError("rate_limit_error", "Slow down")

    def test_with_an_endless_body_keeps_the_beginning(self):
        error = decoded(*[b"na " * 100_000] * 20, status=500).error
        assert error is not None
        assert error.message.startswith("na na na")
        assert len(error.message) <= 300
