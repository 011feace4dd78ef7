"""Requests of the Messages API as Vertex AI and Bedrock get them."""

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.clouds.mapping import (
    Mapped,
    MappingOptions,
    NotMappable,
    count_tokens_to_bedrock,
    count_tokens_to_vertex,
    to_bedrock,
    to_vertex,
)
from candela_tui.protocol.clouds.refusals import RefusedParts, refused_in

NOTHING_REFUSED = RefusedParts()
# The flags of Claude Code 2.1.197.
CLIENT_FLAGS = [
    "claude-code-20250219",
    "context-1m-2025-08-07",
    "interleaved-thinking-2025-05-14",
    "thinking-token-count-2026-05-13",
    "context-management-2025-06-27",
    "prompt-caching-scope-2026-01-05",
    "mid-conversation-system-2026-04-07",
    "effort-2025-11-24",
]
EDITS = {"edits": [{"type": "clear_tool_uses_20250919"}]}


def vertex(
    body: bytes | dict[str, Any],
    flags: list[str] | None = None,
    *,
    without: RefusedParts = NOTHING_REFUSED,
    **more: Any,
) -> Mapped:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return to_vertex(
        text, MappingOptions(**{"betas": flags or [], "names": {}, "own_betas": {}, **more}), without=without
    )


def bedrock(
    body: bytes | dict[str, Any],
    flags: list[str] | None = None,
    *,
    without: RefusedParts = NOTHING_REFUSED,
    **more: Any,
) -> Mapped:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    options = MappingOptions(**{"betas": flags or [], "names": {}, "own_betas": {}, "profile_prefix": "us", **more})
    return to_bedrock(text, options, without=without)


EACH_PROVIDER = pytest.mark.parametrize("mapped_to", [vertex, bedrock])
To = Callable[..., Mapped]


def request(**more: Any) -> dict[str, Any]:
    return {"model": "claude-opus-4-8", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}], **more}


def changed(mapped: Mapped) -> list[tuple[str, str]]:
    return [(adaptation.what, adaptation.name) for adaptation in mapped.adaptations]


def fields_left_out(mapped: Mapped) -> list[str]:
    return [adaptation.name for adaptation in mapped.adaptations if adaptation.what == "field"]


def test_vertex_gets_the_version_in_place_of_the_model_and_every_other_byte_as_it_came() -> None:
    body = b'{ "max_tokens":1E2,"model" : "claude-sonnet-4-5-20250929", "stream":true , "x":"\\u00e9\xc3\xa9\\/"}\n'
    mapped = vertex(body)
    assert mapped.body == body.replace(
        b'"model" : "claude-sonnet-4-5-20250929"', b'"anthropic_version":"vertex-2023-10-16"'
    )
    assert (mapped.model, mapped.streamed, mapped.adaptations) == ("claude-sonnet-4-5@20250929", True, ())


def test_bedrock_gets_version_and_flags_in_the_body_and_no_stream() -> None:
    body = b'{"stream": true, "model":"claude-opus-4-8","max_tokens": 64.0e0 ,"messages":[]}'
    mapped = bedrock(body, ["context-1m-2025-08-07"])
    assert mapped.body == (
        b'{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07"]'
        b',"max_tokens": 64.0e0 ,"messages":[]}'
    )
    assert (mapped.model, mapped.streamed, mapped.betas) == (
        "us.anthropic.claude-opus-4-8",
        True,
        ("context-1m-2025-08-07",),
    )
    assert b"anthropic_beta" not in bedrock(body).body


@EACH_PROVIDER
@pytest.mark.parametrize("stream", [False, None, "absent"])
def test_only_a_request_that_says_so_is_streamed(mapped_to: To, stream: Any) -> None:
    assert not mapped_to(request() if stream == "absent" else request(stream=stream)).streamed


@EACH_PROVIDER
def test_the_clients_own_version_and_flags_in_the_body_give_way(mapped_to: To) -> None:
    body = {"anthropic_version": "2023-06-01", **request(), "anthropic_beta": ["context-1m-2025-08-07", "made-up"]}
    mapped = mapped_to(body)
    document = json.loads(mapped.body)
    assert document.pop("anthropic_version") in ("vertex-2023-10-16", "bedrock-2023-05-31")
    assert mapped.betas == ("context-1m-2025-08-07",)
    assert document.pop("anthropic_beta", ["context-1m-2025-08-07"]) == ["context-1m-2025-08-07"]
    assert document == {name: value for name, value in request().items() if name != "model"}
    assert changed(mapped) == [("beta", "made-up")]


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9)
    ),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(st.text(max_size=5), values, max_size=3)),
    max_leaves=9,
)


@given(
    st.dictionaries(st.text(max_size=6), JSON, max_size=4),
    st.lists(JSON, max_size=4),
    st.randoms(use_true_random=False),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_what_no_table_names_reaches_the_provider_with_its_own_bytes(
    fields: dict[str, Any], content: list[Any], random: Any, indent: Any, ascii_only: bool
) -> None:
    own = {f"x-{name}": value for name, value in fields.items()}
    members = [*own.items(), ("model", "claude-opus-4-8"), ("messages", [{"role": "user", "content": content}])]
    random.shuffle(members)
    text = json.dumps(dict(members), indent=indent, ensure_ascii=ascii_only).encode("utf-8", "backslashreplace")
    mapped = vertex(text)
    before, _, after = text.partition(b'"model": "claude-opus-4-8"')
    assert mapped.body == before + b'"anthropic_version":"vertex-2023-10-16"' + after
    assert mapped.adaptations == ()


def test_the_flags_that_a_provider_knows_go_out_in_the_clients_order_and_the_others_are_told_of() -> None:
    mapped = vertex(request(), CLIENT_FLAGS)
    assert mapped.betas == (
        "claude-code-20250219",
        "context-1m-2025-08-07",
        "interleaved-thinking-2025-05-14",
        "thinking-token-count-2026-05-13",
        "context-management-2025-06-27",
    )
    assert {adaptation.name: adaptation.why for adaptation in mapped.adaptations} == {
        "prompt-caching-scope-2026-01-05": "not sent: Vertex AI does not know this flag",
        "mid-conversation-system-2026-04-07": "not sent: models that accept such messages need no flag for them",
        "effort-2025-11-24": "not sent: from Claude 4.6 on, models of Vertex AI do the same without it",
    }
    assert bedrock(request(), CLIENT_FLAGS).betas == (
        "context-1m-2025-08-07",
        "thinking-token-count-2026-05-13",
        "context-management-2025-06-27",
        "effort-2025-11-24",
    )


@EACH_PROVIDER
def test_tool_search_goes_out_under_the_providers_name_once_and_its_fields_stay(mapped_to: To) -> None:
    tool = {"name": "Read", "input_schema": {}, "defer_loading": True, "input_examples": [{}]}
    mapped = mapped_to(request(tools=[tool]), ["advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19"])
    assert mapped.betas == ("tool-search-tool-2025-10-19",)
    assert json.loads(mapped.body)["tools"] == [{"name": "Read", "input_schema": {}, "defer_loading": True}]
    assert changed(mapped) == [("beta", "advanced-tool-use-2025-11-20"), ("field", "tools.*.input_examples")]
    assert "sent as tool-search-tool-2025-10-19" in mapped.adaptations[0].why


@EACH_PROVIDER
def test_the_users_own_table_of_flags_goes_before_candelas(mapped_to: To) -> None:
    own = {"fast-mode-2026-02-01": True, "context-1m-2025-08-07": False, "made-up": "context-management-2025-06-27"}
    flags = ["fast-mode-2026-02-01", "context-1m-2025-08-07", "made-up"]
    mapped = mapped_to(request(speed="fast", context_management=EDITS), flags, own_betas=own)
    assert mapped.betas == ("fast-mode-2026-02-01", "context-management-2025-06-27")
    document = json.loads(mapped.body)
    assert (document["speed"], document["context_management"]) == ("fast", EDITS)
    assert [adaptation.why for adaptation in mapped.adaptations] == [
        "not sent: your settings say so",
        f"sent as context-management-2025-06-27, {'Vertex AI' if mapped_to is vertex else 'Bedrock'}'s name of it",
    ]


@EACH_PROVIDER
def test_a_flag_that_is_not_sent_takes_the_field_that_it_opens_with_it(mapped_to: To) -> None:
    mapped = mapped_to(
        request(context_management=EDITS),
        ["context-management-2025-06-27"],
        own_betas={"context-management-2025-06-27": False},
    )
    assert "context_management" not in json.loads(mapped.body)
    assert fields_left_out(mapped) == ["context_management"]
    assert "without the flag context-management-2025-06-27" in mapped.adaptations[-1].why


@EACH_PROVIDER
def test_a_field_whose_flag_the_client_did_not_send_is_left_for_the_provider_to_judge(mapped_to: To) -> None:
    mapped = mapped_to(request(context_management=EDITS))
    assert json.loads(mapped.body)["context_management"] == EDITS
    assert mapped.adaptations == ()


@EACH_PROVIDER
@pytest.mark.parametrize(
    "field",
    ["speed", "container", "mcp_servers", "diagnostics", "service_tier", "inference_geo", "fallbacks"],
)
def test_what_the_claude_api_alone_knows_is_left_out_and_told_of(mapped_to: To, field: str) -> None:
    mapped = mapped_to(request(**{field: ["x"]}))
    assert field not in json.loads(mapped.body)
    assert changed(mapped) == [("field", field)]
    assert "does not know it" in mapped.adaptations[0].why


@EACH_PROVIDER
@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-opus-4-8[1m]", "claude-sonnet-5", "claude-opus-9"])
def test_effort_stays_where_the_model_takes_it_without_a_flag(mapped_to: To, model: str) -> None:
    mapped = mapped_to({**request(), "model": model, "output_config": {"effort": "max"}}, CLIENT_FLAGS)
    assert json.loads(mapped.body)["output_config"] == {"effort": "max"}


@EACH_PROVIDER
def test_effort_of_an_older_model_goes_with_its_flag_or_not_at_all(mapped_to: To) -> None:
    body = {**request(), "model": "claude-opus-4-5", "output_config": {"effort": "low"}}
    mapped = mapped_to(body, ["effort-2025-11-24"])
    assert mapped.betas == ("effort-2025-11-24",)
    assert json.loads(mapped.body)["output_config"] == {"effort": "low"}
    without = mapped_to(body, ["effort-2025-11-24"], without=RefusedParts(betas=frozenset({"effort-2025-11-24"})))
    assert "output_config" not in json.loads(without.body), "an empty object stayed"
    assert fields_left_out(without) == ["output_config.effort"]


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-sonnet-4-5", True),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", True),
        ("claude-sonnet-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-sonnet-5", False),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x", False),
    ],
)
def test_thinking_between_tools_goes_to_bedrock_with_its_flag_where_a_model_needs_it(model: str, sent: bool) -> None:
    flags = ["interleaved-thinking-2025-05-14", "context-1m-2025-08-07"]
    mapped = bedrock({**request(), "model": model}, flags)
    assert mapped.betas == tuple(flags if sent else flags[1:])
    asked_for = {"interleaved-thinking-2025-05-14": True}
    assert bedrock({**request(), "model": model}, flags, own_betas=asked_for).betas == tuple(flags)


@EACH_PROVIDER
def test_what_a_malformed_request_was_refused_for_is_not_missing_from_the_next(mapped_to: To) -> None:
    said = (
        "thinking.adaptive.budget_tokens: Extra inputs are not permitted\n"
        "thinking.adaptive.display: Extra inputs are not permitted\n"
        "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted\n"
        "messages.0.content.0.image.source.base64.url: Extra inputs are not permitted\n"
        "max_tokens: Extra inputs are not permitted"
    )
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    fields = {
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "messages": [{"role": "user", "content": [image]}],
    }
    shown = {**fields, "thinking": {**fields["thinking"], "display": "summarized"}}
    document = json.loads(mapped_to(request(**shown), without=refused_in(said)).body)
    assert {name: document[name] for name in fields} == fields


@EACH_PROVIDER
def test_one_part_of_output_config_goes_and_the_other_stays(mapped_to: To) -> None:
    config = {"effort": "high", "task_budget": {"type": "tokens", "total": 9}}
    flags = ["effort-2025-11-24", "task-budgets-2026-03-13"]
    mapped = mapped_to(request(output_config=config), flags, own_betas={"task-budgets-2026-03-13": False})
    assert json.loads(mapped.body)["output_config"] == {"effort": "high"}
    assert fields_left_out(mapped) == ["output_config.task_budget"]


MARK = {"type": "ephemeral", "ttl": "1h", "scope": "global", "new": 1}
USUAL = {"type": "ephemeral", "ttl": "1h"}


def marked(mark: dict[str, Any]) -> dict[str, Any]:
    schema = {"properties": {"cache_control": {"scope": 1}}}
    inner = [{"type": "text", "text": "r", "cache_control": mark}]
    return request(
        system=[{"type": "text", "text": "s", "cache_control": mark}],
        tools=[{"name": "t", "input_schema": schema, "cache_control": mark}],
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": '"cache_control": {"scope": 2}', "cache_control": mark},
                    {"type": "tool_result", "tool_use_id": "t", "content": inner, "cache_control": mark},
                ],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "input": {"cache_control": {"scope": 3}}}]},
        ],
    )


@EACH_PROVIDER
def test_cache_marks_keep_what_the_provider_knows_and_nothing_else_of_that_name_is_touched(mapped_to: To) -> None:
    mapped = mapped_to(marked(MARK), CLIENT_FLAGS)
    document = json.loads(mapped.body)
    expected = marked(USUAL)
    assert document == {name: document.get(name, expected.get(name)) for name in document}
    assert {name: document[name] for name in ("system", "tools", "messages")} == {
        name: expected[name] for name in ("system", "tools", "messages")
    }
    assert fields_left_out(mapped) == ["cache_control.new", "cache_control.scope"]


@EACH_PROVIDER
def test_usual_cache_marks_are_left_alone(mapped_to: To) -> None:
    assert fields_left_out(mapped_to(marked(USUAL), CLIENT_FLAGS)) == []


def test_the_lifetime_of_a_mark_stays_where_the_model_knows_it() -> None:
    old = {**marked(USUAL), "model": "claude-3-7-sonnet-20250219"}
    assert fields_left_out(bedrock(old)) == ["cache_control.ttl"]
    assert fields_left_out(vertex(old)) == []


def test_the_mark_of_a_whole_request_stays_where_the_cloud_has_automatic_caching() -> None:
    assert json.loads(vertex(request(cache_control=MARK)).body)["cache_control"] == USUAL
    mapped = bedrock(request(cache_control=USUAL))
    assert "cache_control" not in json.loads(mapped.body)
    assert [adaptation.why for adaptation in mapped.adaptations] == [
        "left out: Bedrock's invoke has no automatic caching"
    ]


@EACH_PROVIDER
@pytest.mark.parametrize("place", ["cache_control", "tools.0.cache_control", "messages.0.content.1.text.cache_control"])
def test_a_mark_that_was_refused_as_a_whole_is_left_out(mapped_to: To, place: str) -> None:
    body = {**marked(USUAL), "cache_control": USUAL}
    before = len(mapped_to(body).body)
    assert len(mapped_to(body, without=refused_in(f"{place}: Extra inputs are not permitted")).body) <= before
    assert (
        b'"cache_control"'
        not in mapped_to(
            request(cache_control=USUAL, tools=[{"name": "t", "input_schema": {}, "cache_control": USUAL}]),
            without=RefusedParts(fields=frozenset({"cache_control", "tools.*.cache_control"})),
        ).body
    )


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


OLDER = "claude-opus-4-7"
"""A model without messages of role system."""


def reminder(text: str) -> str:
    return f"<system-reminder>\n{text}\n</system-reminder>"


@EACH_PROVIDER
@pytest.mark.parametrize(
    ("messages", "folded"),
    [
        (
            [said("user", "hi"), {"role": "system", "content": 'Agents: "a"\n'}, said("assistant", "yes")],
            [said("user", "hi", reminder('Agents: "a"\n')), said("assistant", "yes")],
        ),
        (
            [{"role": "user", "content": "hi"}, said("system", "one", "two"), {"role": "system", "content": "three"}],
            [said("user", "hi", reminder("one"), reminder("two"), reminder("three"))],
        ),
        ([{"role": "user", "content": []}, said("system", "one")], [said("user", reminder("one"))]),
        ([{"role": "system", "content": "first"}], [{"role": "user", "content": reminder("first")}]),
        (
            [said("assistant", "a"), said("system", "b"), said("system", "c"), said("assistant", "d")],
            [said("assistant", "a"), said("user", reminder("b"), reminder("c")), said("assistant", "d")],
        ),
        (
            [said("user", "hi"), {"role": "system", "content": reminder("already")}],
            [said("user", "hi", reminder("already"))],
        ),
    ],
)
def test_system_messages_go_to_the_end_of_the_users_turn(mapped_to: To, messages: list[Any], folded: list[Any]) -> None:
    mapped = mapped_to(request(model=OLDER, messages=messages), ["mid-conversation-system-2026-04-07"])
    assert json.loads(mapped.body)["messages"] == folded
    assert changed(mapped)[-1] == ("message", "messages.*.role")


@EACH_PROVIDER
def test_a_cache_mark_of_a_system_message_stays_on_its_block(mapped_to: To) -> None:
    block = {"type": "text", "text": "one", "cache_control": MARK}
    mapped = mapped_to(request(model=OLDER, messages=[said("user", "hi"), {"role": "system", "content": [block]}]))
    assert json.loads(mapped.body)["messages"][0]["content"][1] == {
        "type": "text",
        "text": reminder("one"),
        "cache_control": USUAL,
    }


@EACH_PROVIDER
def test_a_system_message_with_more_than_texts_is_left_for_the_provider_to_judge(mapped_to: To) -> None:
    messages = [said("user", "hi"), {"role": "system", "content": [{"type": "tool_addition", "tools": []}]}]
    mapped = mapped_to(request(model=OLDER, messages=messages))
    assert json.loads(mapped.body)["messages"] == messages
    assert mapped.adaptations == ()


@EACH_PROVIDER
def test_system_messages_stay_where_the_user_says_that_the_provider_takes_them(mapped_to: To) -> None:
    messages = [said("user", "hi"), said("system", "one")]
    flag = "mid-conversation-system-2026-04-07"
    mapped = mapped_to(request(model=OLDER, messages=messages), [flag], own_betas={flag: True})
    assert json.loads(mapped.body)["messages"] == messages
    assert mapped.betas == (flag,)


TURNS = st.lists(
    st.builds(
        lambda role, texts, plain: {"role": role, "content": texts[0]} if plain else said(role, *texts),
        st.sampled_from(["user", "assistant", "system"]),
        st.lists(st.text(max_size=5), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=7,
)


@given(TURNS)
def test_no_words_are_lost_and_one_turn_longer_begins_with_the_same_bytes(messages: list[Any]) -> None:
    def words(conversation: list[Any]) -> list[str]:
        contents = [message["content"] for message in conversation]
        return [
            text.removeprefix("<system-reminder>\n").removesuffix("\n</system-reminder>")
            for content in contents
            for text in ([content] if isinstance(content, str) else [block["text"] for block in content])
        ]

    mapped = vertex(request(model=OLDER, messages=messages))
    folded = json.loads(mapped.body)["messages"]
    assert words(folded) == words(messages)
    assert all(message["role"] != "system" for message in folded)
    assert vertex(request(model=OLDER, messages=messages)).body == mapped.body
    longer = vertex(request(model=OLDER, messages=[*messages, said("assistant", "more")])).body
    assert longer.startswith(mapped.body.removesuffix(b"]}"))


@EACH_PROVIDER
def test_a_refused_field_is_left_out_of_every_item_of_its_type_on_the_next_mapping(mapped_to: To) -> None:
    search = {"type": "tool_search_tool_regex_20251119", "name": "c", "newest": True}
    tools = [{"name": "a", "newest": True}, {"type": "custom", "newest": True, "name": "b"}, search]
    without = refused_in("tools.0.custom.newest: Extra inputs are not permitted")
    mapped = mapped_to(request(tools=tools), without=without)
    assert json.loads(mapped.body)["tools"] == [{"name": "a"}, {"type": "custom", "name": "b"}, search]
    assert changed(mapped) == [("field", "tools.custom.newest")]
    assert "refused it for this model" in mapped.adaptations[0].why


@EACH_PROVIDER
def test_a_refused_member_of_one_cache_mark_is_left_out_of_all(mapped_to: To) -> None:
    without = refused_in("messages.0.content.3.text.cache_control.ephemeral.ttl: Extra inputs are not permitted")
    mapped = mapped_to(marked(USUAL), without=without)
    assert b'"ttl"' not in mapped.body
    assert changed(mapped) == [("field", "cache_control.ttl")]


@EACH_PROVIDER
def test_refused_flags_are_not_sent_again_and_their_fields_go_with_them(mapped_to: To) -> None:
    flags = ["context-1m-2025-08-07", "context-management-2025-06-27"]
    body = request(context_management=EDITS)
    one = mapped_to(body, flags, without=RefusedParts(betas=frozenset({"context-management-2025-06-27"})))
    assert one.betas == ("context-1m-2025-08-07",)
    assert "context_management" not in json.loads(one.body)
    none = mapped_to(body, flags, without=RefusedParts(all_betas=True))
    assert none.betas == ()
    assert {"context_management", "anthropic_beta"}.isdisjoint(json.loads(none.body))
    assert changed(none) == [("beta", flag) for flag in flags] + [("field", "context_management")]


SAFEGUARDS = {"safeguards": [{"type": "dangerous_tool_use"}]}
VERDICTS_FLAG, AWAY_FLAG = "dangerous-tool-use-2026-09-03", "afk-mode-2026-01-31"


@EACH_PROVIDER
@pytest.mark.parametrize("flags", [[VERDICTS_FLAG], [VERDICTS_FLAG, AWAY_FLAG], [AWAY_FLAG, VERDICTS_FLAG]])
def test_safeguards_go_out_with_their_flags(mapped_to: To, flags: list[str]) -> None:
    mapped = mapped_to(request(**SAFEGUARDS), flags)
    assert json.loads(mapped.body)["safeguards"] == SAFEGUARDS["safeguards"]
    assert mapped.betas == tuple(flags)
    assert mapped.adaptations == ()


@EACH_PROVIDER
def test_flags_of_safeguards_stay_behind_without_them(mapped_to: To) -> None:
    mapped = mapped_to(request(), [VERDICTS_FLAG, AWAY_FLAG])
    assert mapped.betas == ()
    assert {one.why for one in mapped.adaptations} == {"not sent: it has no effect without safeguards and their flag"}


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-6"])
def test_safeguards_go_to_bedrock_for_models_that_know_them_alone(model: str) -> None:
    mapped = bedrock(request(model=model, **SAFEGUARDS), [VERDICTS_FLAG, AWAY_FLAG, "context-1m-2025-08-07"])
    assert mapped.betas == ("context-1m-2025-08-07",)
    assert "safeguards" not in json.loads(mapped.body)
    assert vertex(request(model=model, **SAFEGUARDS), [VERDICTS_FLAG]).betas == (VERDICTS_FLAG,)


@given(
    mapped_to=st.sampled_from([vertex, bedrock]),
    model=st.sampled_from(["claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8", "claude-opus-5-5", "a-model"]),
    field=st.sampled_from([{}, SAFEGUARDS]),
    flags=st.lists(st.sampled_from([VERDICTS_FLAG, AWAY_FLAG, "context-1m-2025-08-07"])),
    own=st.dictionaries(st.sampled_from([VERDICTS_FLAG, AWAY_FLAG]), st.sampled_from([True, False, "renamed"])),
    betas=st.frozensets(st.sampled_from([VERDICTS_FLAG, AWAY_FLAG, "renamed"])),
    fields=st.frozensets(st.just("safeguards")),
    all_betas=st.booleans(),
)
def test_safeguards_and_their_flags_reach_a_cloud_together_or_not_at_all(
    mapped_to: To,
    model: str,
    field: dict[str, Any],
    flags: list[str],
    own: dict[str, bool | str],
    betas: frozenset[str],
    fields: frozenset[str],
    all_betas: bool,
) -> None:
    without = RefusedParts(betas=betas, fields=fields, all_betas=all_betas)
    mapped = mapped_to(request(model=model, **field), flags, own_betas=own, without=without)
    spelled = {flag: own[flag] if isinstance(own.get(flag), str) else flag for flag in (VERDICTS_FLAG, AWAY_FLAG)}
    asked = {spelled[flag] for flag in flags if flag in spelled}
    if "safeguards" in json.loads(mapped.body):
        assert asked <= set(mapped.betas)
        assert spelled[VERDICTS_FLAG] in mapped.betas
    else:
        assert not {*spelled.values()} & set(mapped.betas)


@EACH_PROVIDER
@pytest.mark.parametrize(
    "words",
    [
        "messages: Extra inputs are not permitted",
        "messages.0: Extra inputs are not permitted",
        "messages.0.content.0.text: Extra inputs are not permitted",
        "tools.0: Extra inputs are not permitted",
        "tools.0.custom.input_schema: Extra inputs are not permitted",
        "nowhere.to.be.found: Extra inputs are not permitted",
    ],
)
def test_what_is_said_in_a_request_is_never_left_out(mapped_to: To, words: str) -> None:
    body = request(messages=[said("user", "hi")], tools=[{"name": "a", "input_schema": {}}])
    refused = refused_in(words)
    assert refused.fields
    assert mapped_to(body, without=refused) == mapped_to(body)


def test_vertex_counts_tokens_of_the_model_in_the_body() -> None:
    body = json.dumps({"model": "claude-haiku-4-5", "messages": []}).encode()
    mapped = count_tokens_to_vertex(body, MappingOptions(["web-search-2025-03-05"], {}, {}))
    assert json.loads(mapped.body) == {
        "model": "claude-haiku-4-5@20251001",
        "anthropic_version": "vertex-2023-10-16",
        "messages": [],
    }
    assert (mapped.model, mapped.betas) == ("claude-haiku-4-5@20251001", ())
    assert "where tokens are counted" in mapped.adaptations[0].why


def test_bedrock_counts_tokens_of_a_whole_request_by_the_foundation_model() -> None:
    body = json.dumps({"model": "claude-sonnet-4-5", "messages": []}).encode()
    flags = ["context-1m-2025-08-07"]
    mapped = count_tokens_to_bedrock(body, MappingOptions(flags, {}, {}, profile_prefix="us"))
    assert mapped.model == "anthropic.claude-sonnet-4-5-20250929-v1:0"
    inner = json.loads(mapped.body)["input"]["invokeModel"]["body"]
    assert json.loads(base64.b64decode(inner)) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1,
        "anthropic_beta": flags,
        "messages": [],
    }


@EACH_PROVIDER
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"messages":[]}', "names no model"),
        (b'{"model":7}', "names no model"),
        (b'{"model":"a","model":"b"}', "names a member twice"),
        (b'{"model":"a","tools":[{"strict":1,"strict":2}]}', "names a member twice"),
    ],
)
def test_what_can_not_be_mapped_says_why(mapped_to: To, body: bytes, words: str) -> None:
    with pytest.raises(NotMappable, match=words):
        mapped_to(body, ["structured-outputs-2025-12-15"], without=RefusedParts(fields=frozenset({"tools.*.strict"})))


@EACH_PROVIDER
@given(st.dictionaries(st.sampled_from(["messages", "system", "tools", "output_config", "thinking"]), JSON))
def test_a_body_of_any_shape_is_mapped_or_refused_with_words(mapped_to: To, fields: dict[str, Any]) -> None:
    without = RefusedParts(fields=frozenset({"tools.*.strict", "messages.*.content.*.cache_control.ttl", "a.*"}))
    document = json.loads(mapped_to({"model": "m", **fields}, CLIENT_FLAGS, without=without).body)
    assert document["anthropic_version"]


WHOLE = json.dumps({**marked(MARK), "messages": [said("user", "é"), said("system", "b")]}, ensure_ascii=False).encode()


@EACH_PROVIDER
@given(
    st.integers(0, len(WHOLE)), st.integers(0, 3), st.binary(max_size=3) | st.sampled_from([b'"', b"}", b"[" * 5000])
)
def test_a_damaged_body_is_mapped_or_refused_with_words(mapped_to: To, at: int, gone: int, put: bytes) -> None:
    with contextlib.suppress(NotMappable):
        mapped_to(WHOLE[:at] + put + WHOLE[at + gone :], CLIENT_FLAGS)


@EACH_PROVIDER
def test_bytes_that_are_no_text_go_out_as_they_came(mapped_to: To) -> None:
    body = b'{"model":"claude-opus-4-8","messages":[{"role":"user","content":"\xff","cache_control":{}}]}'
    assert b'"content":"\xff"' in mapped_to(body).body


def test_half_a_surrogate_pair_in_a_conversation_is_no_obstacle() -> None:
    turns = rb'{"role":"user","content":"cut \ud83d"},{"role":"system","content":"\ude00"}'
    body = b'{"model":"claude-opus-4-7","messages":[' + turns + b"]}"
    assert rb'"text":"cut \ud83d"' in vertex(body).body
    assert rb"<system-reminder>\n\ude00\n</system-reminder>" in vertex(body).body
