"""Chat completions requests, as Claude is asked them."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.openai import ChatRequest, InvalidChat, to_messages

OLD, BUDGETED, ADAPTIVE, NEW, THINKER = (
    "claude-3-5-haiku-20241022",
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-6",
    "claude-opus-4-8",
    "claude-opus-5",
)
HI = {"role": "user", "content": "hi"}
FUNCTION = {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1.0}'}}


def translated(*messages: Any, **more: Any) -> ChatRequest:
    document = {"model": NEW, "messages": messages or [HI], **more}
    return to_messages(json.dumps(document).encode())


def asked(*messages: Any, **more: Any) -> Any:
    return json.loads(translated(*messages, **more).body)


def noted(*messages: Any, **more: Any) -> list[str]:
    return [adaptation.name for adaptation in translated(*messages, **more).adaptations]


def refusal(*messages: Any, **more: Any) -> InvalidChat:
    with pytest.raises(InvalidChat) as caught:
        translated(*messages, **more)
    return caught.value


def test_a_plain_question_is_asked_as_it_is_and_with_a_limit():
    assert asked() == {
        "model": NEW,
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert noted() == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"max_tokens": 7}, 7, id="the older name"),
        pytest.param({"max_completion_tokens": 8, "max_tokens": 7}, 8, id="the newer name wins"),
        pytest.param({"model": OLD}, 8_192, id="an older model's longest answer"),
        pytest.param({"model": "claude-3-haiku-20240307"}, 4_096, id="the oldest model's longest answer"),
        pytest.param({"model": "my-own"}, 32_000, id="a model whose generation is not known"),
    ],
)
def test_the_limit_of_the_answer(fields, expected):
    assert asked(**fields)["max_tokens"] == expected


@pytest.mark.parametrize("name", ["", "gpt-4o", "claude-opus-4-8[1m]", "Übermodell"])
def test_any_name_of_a_model_is_passed_on(name):
    assert asked(model=name)["model"] == name


def test_system_and_developer_messages_are_the_system_prompt_and_a_late_one_is_noted():
    messages = [
        {"role": "system", "content": "one"},
        {"role": "developer", "content": [{"type": "text", "text": "two"}]},
        HI,
        {"role": "system", "content": "three"},
    ]
    assert [block["text"] for block in asked(*messages)["system"]] == ["one", "two", "three"]
    assert len(asked(*messages)["messages"]) == 1
    assert noted(*messages) == ["messages[3]"]


def test_results_of_tools_are_one_turn_with_what_the_user_says_then():
    calls = [CALL, {**CALL, "id": "call_2"}]
    turns = asked(
        HI,
        {"role": "assistant", "content": "looking", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "and now?"},
    )["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == [
        {"type": "text", "text": "looking"},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": 1.0}},
        {"type": "tool_use", "id": "call_2", "name": "look", "input": {"at": 1.0}},
    ]
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "one"}]},
        {"type": "tool_result", "tool_use_id": "call_2", "content": [{"type": "text", "text": "two"}]},
        {"type": "text", "text": "and now?"},
    ]


def test_functions_of_the_older_form_are_tools_called_one_at_a_time():
    messages = [
        HI,
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "found"},
    ]
    request = asked(*messages, functions=[FUNCTION], function_call={"name": "look"})
    call, result = request["messages"][1]["content"][0], request["messages"][2]["content"][0]
    assert call["id"] == result["tool_use_id"]
    assert request["tools"][0]["name"] == "look"
    assert request["tool_choice"] == {"type": "tool", "name": "look", "disable_parallel_tool_use": True}
    assert translated(*messages, functions=[FUNCTION]).legacy_functions


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_the_arguments_of_a_call_reach_claude_byte_for_byte(arguments, ascii_only):
    wire = json.dumps(arguments, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look", "arguments": wire.decode("utf-8", "replace")},
    }
    body = translated(HI, {"role": "assistant", "tool_calls": [call]}).body
    assert b'"input":' + wire.decode("utf-8", "replace").encode() + b"}" in body


@pytest.mark.parametrize("arguments", ['{"at": ', "[1]", "look there"])
def test_arguments_that_are_no_object_are_sent_as_anthropic_recommends(arguments):
    call = {"id": "call_1", "function": {"name": "look", "arguments": arguments}}
    message = {"role": "assistant", "tool_calls": [call]}
    assert asked(HI, message)["messages"][1]["content"][0]["input"] == {"INVALID_JSON": arguments}
    assert noted(HI, message) == ["messages[1].tool_calls[0].function.arguments"]


def test_a_call_without_arguments_has_an_empty_object():
    call = {"id": "call_1", "function": {"name": "look", "arguments": ""}}
    assert asked(HI, {"role": "assistant", "tool_calls": [call]})["messages"][1]["content"][0]["input"] == {}


def test_ids_of_other_providers_are_put_into_claudes_alphabet_alike_in_call_and_result():
    turns = asked(
        HI,
        {"role": "assistant", "tool_calls": [{**CALL, "id": "functions.look:0"}]},
        {"role": "tool", "tool_call_id": "functions.look:0", "content": ""},
    )["messages"]
    assert turns[1]["content"][0]["id"] == turns[2]["content"][0]["tool_use_id"] == "functions_look_0"


PNG = base64.b64encode(b"\x89PNG" * 200).decode()


@pytest.mark.parametrize(
    ("part", "block"),
    [
        pytest.param(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            id="an image in the request",
        ),
        pytest.param(
            {"type": "image_url", "image_url": {"url": "DATA:image/JPG;base64,AAAA"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"}},
            id="an image under a usual wrong name",
        ),
        pytest.param(
            {"type": "image_url", "image_url": "https://example.org/a.png"},
            {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
            id="an image elsewhere",
        ),
        pytest.param(
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
                "title": "a.pdf",
            },
            id="a PDF",
        ),
        pytest.param(
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
                "title": "a.pdf",
            },
            id="a PDF as bare base64",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:text/markdown;charset=utf-8;base64,w6Q="}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä"}},
            id="a text file",
        ),
        pytest.param(
            {"type": "text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}},
            id="OpenAI's mark of the prompt cache",
        ),
        pytest.param(
            {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            id="Anthropic's mark of the prompt cache",
        ),
    ],
)
def test_parts_of_a_message(part, block):
    assert asked({"role": "user", "content": [part]})["messages"][0]["content"] == [block]


def test_an_image_whose_url_is_escaped_as_php_does_it():
    body = json.dumps(
        {
            "model": NEW,
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA/+"}}]}
            ],
        }
    ).replace("/", "\\/")
    source = json.loads(to_messages(body.encode()).body)["messages"][0]["content"][0]["source"]
    assert source == {"type": "base64", "media_type": "image/png", "data": "AA/+"}


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, ""),
        ({"type": "file", "file": {"file_id": "file-1"}}, ".file.file_id"),
        ({"type": "file", "file": {"file_data": "data:application/zip;base64,AAAA"}}, None),
        ({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AAAA"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,AAAA"}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, ".image_url.url"),
        ({"type": "text", "text": 5}, ".text"),
        ({"type": "hologram"}, ""),
        ("hi", ""),
    ],
)
def test_parts_that_claude_can_not_read_are_refused_with_their_place(part, param):
    error = refusal({"role": "user", "content": [{"type": "text", "text": "look"}, part]})
    if param is not None:
        assert error.param == f"messages[0].content[1]{param}"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
        ({"tools": {}}, "tools"),
        ({"tools": [TOOL], "tool_choice": "perhaps"}, None),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
        ),
        ({"reasoning_effort": "extreme"}, "reasoning_effort"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"stop": 5}, "stop"),
        ({"messages": "hi"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "function", "name": "x", "content": "x"}]}, None),
        ({"messages": ["hi"]}, "messages[0]"),
    ],
)
def test_what_claude_can_not_give_is_refused_with_its_place(fields, param):
    error = refusal(**fields)
    assert str(error)
    assert param is None or error.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"hi"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(InvalidChat, match="JSON object"):
        to_messages(body)


NAMES = (
    *("role", "content", "type", "text", "messages", "tools", "function", "name", "stop", "url", "image_url", "id"),
    *("tool_calls", "tool_choice", "model", "response_format", "file", "file_data", "arguments", "functions"),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["user", "tool", "text", "function"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3), st.lists(ANYTHING, max_size=2))
def test_whatever_is_asked_is_translated_or_refused(fields, messages):
    body = json.dumps({"messages": [HI, *messages], **fields}).encode()
    with contextlib.suppress(InvalidChat):
        assert json.loads(to_messages(body).body)["messages"]


def test_half_an_emoji_costs_only_itself():
    body = b'{"model":"claude-opus-4-8","messages":[{"role":"user","content":"cut \\ud83d"}]}'
    assert json.loads(to_messages(body).body)["messages"][0]["content"][0]["text"] == "cut �"


def test_what_only_tunes_the_answer_is_left_out_and_noted_unless_it_asks_for_nothing():
    tuning = {"seed": 1, "frequency_penalty": 0.5, "store": True, "unheard_of": [1]}
    assert sorted(noted(**tuning)) == sorted(tuning)
    assert not tuning.keys() & asked(**tuning).keys()
    nothing = {"n": 1, "frequency_penalty": 0, "logprobs": False, "store": None, "modalities": ["text"], "seed": None}
    assert noted(**nothing) == []


@pytest.mark.parametrize(
    ("model", "fields", "sent", "notes"),
    [
        (OLD, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}, []),
        (BUDGETED, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5}, ["top_p"]),
        (BUDGETED, {"top_p": 0.9}, {"top_p": 0.9}, []),
        (BUDGETED, {"temperature": 1.7}, {"temperature": 1.0}, ["temperature"]),
        (BUDGETED, {"temperature": 0}, {"temperature": 0.0}, []),
        (NEW, {"temperature": 0.5, "top_p": 0.9}, {}, ["temperature", "top_p"]),
        (BUDGETED, {"temperature": 0.5, "reasoning_effort": "low"}, {}, ["temperature"]),
    ],
)
def test_sampling_as_the_models_generation_takes_it(model, fields, sent, notes):
    request = asked(model=model, **fields)
    assert {name: request[name] for name in ("temperature", "top_p") if name in request} == sent
    assert noted(model=model, **fields) == notes


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "sent", "notes"),
    [
        (NEW, "xhigh", {"type": "adaptive", "display": "summarized"}, "xhigh", 0),
        (ADAPTIVE, "low", {"type": "adaptive"}, "low", 0),
        (ADAPTIVE, "xhigh", {"type": "adaptive"}, "high", 1),
        (NEW, "minimal", {"type": "adaptive", "display": "summarized"}, "low", 1),
        (NEW, "none", None, None, 0),
        (THINKER, "none", None, "low", 1),
        (BUDGETED, "medium", {"type": "enabled", "budget_tokens": 8192}, None, 0),
        (OLD, "high", None, None, 1),
    ],
)
def test_reasoning_effort_as_the_models_generation_thinks(model, effort, thinking, sent, notes):
    request = asked(model=model, reasoning_effort=effort)
    assert request.get("thinking") == thinking
    assert request.get("output_config", {}).get("effort") == sent
    assert len(noted(model=model, reasoning_effort=effort)) == notes


def test_a_budget_of_thinking_leaves_room_below_the_limit():
    request = asked(model=BUDGETED, reasoning_effort="high", max_tokens=2000)
    assert request["thinking"]["budget_tokens"] == 1999
    assert "thinking" not in asked(model=BUDGETED, reasoning_effort="high", max_tokens=1024)


def test_a_model_with_a_budget_does_not_think_where_the_api_would_refuse_it():
    forced = {"tools": [TOOL], "tool_choice": "required"}
    assert "thinking" not in asked(model=BUDGETED, reasoning_effort="low", **forced)
    went_on = [
        HI,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "x"},
    ]
    assert "thinking" not in asked(*went_on, model=BUDGETED, reasoning_effort="low")
    assert noted(*went_on, model=BUDGETED, reasoning_effort="low") == ["reasoning_effort"]


def test_thinking_in_anthropics_own_words_goes_before_an_effort():
    own = {"type": "enabled", "budget_tokens": 3000}
    request = asked(model=BUDGETED, thinking=own, reasoning_effort="low")
    assert request["thinking"] == own


@pytest.mark.parametrize(
    ("choice", "more", "expected"),
    [
        ("auto", {}, {"type": "auto"}),
        ("none", {}, {"type": "none"}),
        ("none", {"parallel_tool_calls": False}, {"type": "none"}),
        ("required", {}, {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {}, {"type": "tool", "name": "look"}),
        (None, {"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"parallel_tool_calls": False}, {"type": "any", "disable_parallel_tool_use": True}),
        (None, {"parallel_tool_calls": True}, None),
    ],
)
def test_how_tools_may_be_chosen(choice, more, expected):
    assert asked(tools=[TOOL], tool_choice=choice, **more).get("tool_choice") == expected


def test_tools_that_are_not_allowed_are_left_out():
    other = {"type": "function", "function": {"name": "leave"}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [other]}}
    request = asked(tools=[TOOL, other], tool_choice=choice)
    assert [tool["name"] for tool in request["tools"]] == ["leave"]
    assert request["tool_choice"] == {"type": "any"}
    assert noted(tools=[TOOL, other], tool_choice=choice) == ["tool_choice.allowed_tools"]


def test_a_tools_schema_stays_as_it_is_and_names_its_type():
    strict = {"type": "function", "function": {**FUNCTION, "strict": True}}
    bare = {"type": "function", "function": {"name": "bare"}}
    untyped = {"type": "function", "function": {"name": "untyped", "parameters": {"required": []}}}
    tools = asked(tools=[strict, bare, untyped])["tools"]
    assert tools[0] == {
        "name": "look",
        "description": "Look.",
        "input_schema": FUNCTION["parameters"],
        "strict": True,
    }
    assert tools[1]["input_schema"] == {"type": "object", "properties": {}}
    assert tools[2]["input_schema"] == {"type": "object", "properties": {}, "required": []}


def test_a_schema_for_the_answer_is_claudes_structured_output():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    request = asked(response_format=wanted, reasoning_effort="low")
    assert request["output_config"] == {"format": {"type": "json_schema", "schema": schema}, "effort": "low"}


def test_json_mode_is_asked_for_in_words_and_noted():
    assert "JSON object" in asked(response_format={"type": "json_object"})["system"][-1]["text"]
    assert noted(response_format={"type": "json_object"}) == ["response_format"]
    assert asked(response_format={"type": "text"}) == asked()


def test_stops_the_user_and_streaming():
    request = translated(stop=["END", "\n"], user="u-1", stream=True, stream_options={"include_usage": True})
    document = json.loads(request.body)
    assert document["stop_sequences"] == ["END"]
    assert document["metadata"] == {"user_id": "u-1"}
    assert document["stream"] is True
    assert (request.streamed, request.include_usage) == (True, True)
    assert [adaptation.name for adaptation in request.adaptations] == ["stop"]
    assert asked(stop="END")["stop_sequences"] == ["END"]
    assert "stop_sequences" not in asked(stop="\n")


def test_messages_without_content_are_left_out_as_claude_refuses_them():
    messages = [HI, {"role": "assistant", "content": " \n"}, {"role": "user", "content": "again"}]
    assert len(asked(*messages)["messages"]) == 1
    assert noted(*messages) == ["messages[1]"]
