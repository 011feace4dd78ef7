"""Claude's answers as chat completions: streamed and whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from candela_tui.protocol.errors import ApiError, Untranslatable
from candela_tui.protocol.openai import ChatStream, chat_completion, chat_error, models_for_both
from tests.protocol.chunks import cuts
from tests.standin import Answer, message, text, thinking, tool_use, usage, whole_message
from tests.standin.answers import error_event, event


def body_of(answer: Answer) -> bytes:
    return b"".join(step for step in answer.steps if isinstance(step, bytes))


def streamed(*chunks: bytes, **options: Any) -> bytes:
    stream = ChatStream([], created=1, **options)
    return b"".join([*(stream.feed(chunk) for chunk in chunks), stream.finish()])


def begun(*chunks: bytes) -> bytes:
    """What a stream that ends early gives until it does."""
    stream = ChatStream([], created=1)
    out = b"".join(stream.feed(chunk) for chunk in chunks)
    with pytest.raises(Untranslatable) as caught:
        stream.finish()
    assert caught.value.error == ApiError("cut", "the stream ended before message_stop")
    return out


def said(output: bytes) -> list[Any]:
    """The documents of a stream; [DONE] and comments as words."""
    lines = [line for line in output.decode().split("\n\n") if line]
    return [json.loads(line[6:]) if line.startswith("data: {") else line.removeprefix("data: ") for line in lines]


def as_the_sdk_sees_it(output: bytes) -> ChatCompletion:
    """What the openai SDK makes of a stream's chunks."""
    state = ChatCompletionStreamState()
    for document in said(output):
        if isinstance(document, dict):
            state.handle_chunk(ChatCompletionChunk.model_validate(document))
    return state.get_final_completion()


BLOCKS = [thinking("hm", "m"), text("Größe ", "😀"), tool_use("look", {"at": "ä", "n": 1}), tool_use("leave", {})]
STREAM = body_of(message(*BLOCKS, usage=usage(3, read=5, write_5m=7), output_tokens=11))
WHOLE = body_of(whole_message(*BLOCKS))


@given(st.data(), st.booleans())
def test_any_chunking_of_a_stream_gives_the_same_chunks(data, include_usage):
    whole = streamed(STREAM, include_usage=include_usage)
    assert streamed(*data.draw(cuts(STREAM)), include_usage=include_usage) == whole


def test_a_stream_begins_with_the_role_and_ends_with_the_reason_the_usage_and_done():
    documents = [document for document in said(streamed(STREAM, include_usage=True)) if document != ": ping"]
    assert documents[0]["choices"][0]["delta"]["role"] == "assistant"
    assert documents[-3]["choices"][0]["finish_reason"] == "tool_calls"
    assert documents[-2]["choices"] == []
    assert documents[-2]["usage"] == {
        "prompt_tokens": 15,
        "completion_tokens": 11,
        "total_tokens": 26,
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 7},
    }
    assert documents[-1] == "[DONE]"
    assert all(document["usage"] is None for document in documents[:-2])


def test_the_usage_comes_only_where_it_is_asked_for():
    assert not any("usage" in document for document in said(streamed(STREAM)) if isinstance(document, dict))


def test_text_comes_in_the_pieces_it_was_sent_in_and_at_once():
    stream = ChatStream([], created=1)
    pieces = []
    for step in message(text("one", " two")).steps:
        assert isinstance(step, bytes)
        for document in said(stream.feed(step)):
            if isinstance(document, dict) and document["choices"][0]["delta"].get("content"):
                pieces.append(
                    (json.loads(step.split(b"data: ")[1])["type"], document["choices"][0]["delta"]["content"])
                )
    assert pieces == [("content_block_delta", "one"), ("content_block_delta", " two")]


def test_thinking_is_reasoning_content():
    deltas = [d["choices"][0]["delta"] for d in said(streamed(STREAM)) if isinstance(d, dict) and d["choices"]]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "hmm"


def test_streamed_and_whole_say_the_same_to_the_sdk():
    whole = ChatCompletion.model_validate_json(chat_completion(body_of(whole_message(*BLOCKS)), created=1))
    from_stream = as_the_sdk_sees_it(streamed(STREAM))
    for completion in (whole, from_stream):
        choice = completion.choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.content == "Größe 😀"
        assert choice.message.tool_calls is not None
        calls = [call.function for call in choice.message.tool_calls if call.type == "function"]
        assert [(call.name, json.loads(call.arguments)) for call in calls] == [
            ("look", {"at": "ä", "n": 1}),
            ("leave", {}),
        ]
    ids = [call.id for call in whole.choices[0].message.tool_calls or ()]
    assert ids == [call.id for call in from_stream.choices[0].message.tool_calls or ()]
    assert whole.model_dump()["choices"][0]["message"]["reasoning_content"] == "hmm"


def test_a_call_that_has_no_input_has_arguments_that_can_be_read():
    start = {"type": "tool_use", "id": "t", "name": "leave", "input": {}}
    stream = event("content_block_start", {"type": "content_block_start", "index": 0, "content_block": start})
    stream += event("content_block_stop", {"type": "content_block_stop", "index": 0})
    calls = [d["choices"][0]["delta"]["tool_calls"][0] for d in said(begun(stream))]
    assert "".join(call["function"]["arguments"] for call in calls) == "{}"


ARGUMENTS = st.dictionaries(
    st.text(), st.integers() | st.text() | st.lists(st.floats(allow_nan=False, allow_infinity=False)), max_size=4
)


@given(ARGUMENTS, st.integers(1, 9))
def test_the_arguments_of_a_call_come_back_as_claude_wrote_them(arguments, piece):
    wire = json.dumps(arguments)
    call = tool_use("look", arguments, piece=piece)
    completion = as_the_sdk_sees_it(streamed(body_of(message(call))))
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.arguments == wire
    whole = ChatCompletion.model_validate_json(chat_completion(body_of(whole_message(call)), created=1))
    assert (
        json.loads(whole.model_dump()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]) == arguments
    )


def test_a_client_that_speaks_of_functions_gets_a_function_call():
    answer = [tool_use("look", {"at": 1})]
    completion = json.loads(chat_completion(body_of(whole_message(*answer)), created=1, legacy_functions=True))
    assert completion["choices"][0]["finish_reason"] == "function_call"
    assert completion["choices"][0]["message"]["function_call"] == {"name": "look", "arguments": '{"at": 1}'}
    deltas = [
        d["choices"][0]["delta"]
        for d in said(streamed(body_of(message(*answer)), legacy_functions=True))
        if isinstance(d, dict)
    ]
    calls = [delta["function_call"] for delta in deltas if "function_call" in delta]
    assert calls[0]["name"] == "look"
    assert "".join(call["arguments"] for call in calls) == '{"at": 1}'


@pytest.mark.parametrize(
    ("stop_reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("something_new", "stop"),
    ],
)
def test_why_an_answer_ended(stop_reason, expected):
    answer = {"stop_reason": stop_reason}
    whole = json.loads(chat_completion(body_of(whole_message(text("x"), **answer)), created=1))
    assert whole["choices"][0]["finish_reason"] == expected
    chunks = said(streamed(body_of(message(text("x"), **answer))))
    assert chunks[-2]["choices"][0]["finish_reason"] == expected


def test_why_the_model_refused_is_the_refusal():
    details = {"type": "refusal", "category": "cyber", "explanation": "It could harm."}
    final = {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": details}}
    chunks = said(begun(event("message_delta", final)))
    assert chunks[0]["choices"][0]["delta"] == {"refusal": "It could harm."}
    assert chunks[0]["choices"][0]["finish_reason"] == "content_filter"
    whole = {**json.loads(WHOLE), "stop_reason": "refusal", "stop_details": details}
    completion = ChatCompletion.model_validate_json(chat_completion(json.dumps(whole).encode(), created=1))
    assert completion.choices[0].message.refusal == "It could harm."


def test_an_error_in_the_middle_is_the_last_that_is_said():
    cut = STREAM[: STREAM.index(b"event: content_block_stop")]
    documents = said(streamed(cut + error_event("overloaded_error", "Overloaded") + STREAM))
    assert documents[-1] == {
        "error": {"message": "Overloaded", "type": "overloaded_error", "param": None, "code": None}
    }


@given(st.integers(0, len(STREAM) - 1))
def test_a_stream_that_breaks_off_is_not_done(end):
    assert b"[DONE]" not in begun(STREAM[:end])


@given(st.integers(1, len(WHOLE) - 1))
def test_a_document_that_breaks_off_is_not_given_for_a_whole_one(end):
    with pytest.raises(Untranslatable) as caught:
        chat_completion(WHOLE[:end], created=1)
    assert caught.value.error == ApiError("cut", "the answer ended in the middle of its JSON")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", ApiError("api_error", "the answer is empty")),
        (b'{"success":false,"msg":"no quota"}', ApiError("api_error", "no quota")),
        (b"<title>Sign in</title>", ApiError("api_error", "the answer is a web page and not a message: Sign in")),
        (
            b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
            ApiError("overloaded_error", "busy"),
        ),
    ],
)
def test_a_document_that_is_not_a_message_is_an_error(body, error):
    with pytest.raises(Untranslatable) as caught:
        chat_completion(body, created=1)
    assert caught.value.error == error


def test_pings_are_comments_and_what_is_unknown_is_left_out():
    strange = event("new", {"type": "new"}) + event("x", {"type": "content_block_delta", "index": "a", "delta": 5})
    strange += b"data: not json\n\n" + event("ping", {"type": "ping"})
    assert begun(strange) == b": ping\n\n"


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_does_no_other_harm(data):
    begun(data)
    with pytest.raises(Untranslatable):
        chat_completion(data, created=1)
    assert json.loads(chat_error(500, data))["error"]["type"] == "api_error"
    assert isinstance(models_for_both(data), bytes)


def test_half_an_emoji_costs_only_itself():
    delta = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\ud83d"}}\n\n'
    assert said(begun(delta))[0]["choices"][0]["delta"] == {"content": "a�"}


def test_thinking_tokens_are_reasoning_tokens():
    counted = usage(3, output_tokens_details={"thinking_tokens": 4})
    completion = json.loads(chat_completion(body_of(whole_message(text("x"), usage=counted)), created=1))
    assert completion["usage"]["completion_tokens_details"] == {"reasoning_tokens": 4}


def test_a_usage_that_was_not_told_is_none_and_not_zero():
    body = b'{"id":"m","model":"x","content":[],"stop_reason":"end_turn"}'
    assert json.loads(chat_completion(body, created=1))["usage"] is None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            429,
            b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
            {"message": "slow", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"},
        ),
        (
            400,
            b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 2 > 1"}}',
            {
                "message": "prompt is too long: 2 > 1",
                "type": "invalid_request_error",
                "param": None,
                "code": "context_length_exceeded",
            },
        ),
        (
            403,
            b'[{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}]',
            {"message": "no", "type": "PERMISSION_DENIED", "param": None, "code": None},
        ),
        (
            502,
            b"<html><title>Bad Gateway</title>",
            {"message": "Bad Gateway", "type": "api_error", "param": None, "code": None},
        ),
    ],
)
def test_errors_in_openais_form(status, body, expected):
    assert json.loads(chat_error(status, body)) == {"error": expected}


def test_a_list_of_models_has_the_members_of_both_apis():
    row = {"type": "model", "id": "claude-x", "display_name": "X", "created_at": "2025-09-29T00:00:00Z"}
    both = json.loads(models_for_both(json.dumps({"data": [row], "has_more": False}).encode()))
    assert both["object"] == "list"
    assert both["has_more"] is False
    assert both["data"][0] == {**row, "object": "model", "created": 1759104000, "owned_by": "anthropic"}
    assert json.loads(models_for_both(json.dumps(row).encode())) == both["data"][0]
