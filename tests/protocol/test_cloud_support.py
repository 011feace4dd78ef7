"""Each row of the table of support, against what the sources say that each cloud refuses."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.clouds.mapping import Mapped, MappingOptions, to_bedrock, to_vertex
from candela_tui.protocol.clouds.model_range import EVERY_MODEL, NO_MODEL, Models
from candela_tui.protocol.clouds.refusals import RefusedParts, refused_in
from candela_tui.protocol.clouds.support_table import BEDROCK, PLACES, VERTEX
from candela_tui.protocol.model_ids import model_name
from tests.standin import claude_body

MESSAGE_EFFORT, PER_TURN = "mid-conversation-output-config-2026-07-01", "per-turn-control-2026-07-01"
TOOL_CHANGES, CLEAR_AT = "mid-conversation-tool-changes-2026-07-01", "mid-conversation-system-clear-at-2026-08-21"
CONTEXT, SAFEGUARDS = "context-management-2025-06-27", "dangerous-tool-use-2026-09-03"
BESIDE_SAFEGUARDS = ("afk-mode-2026-01-31", SAFEGUARDS)
USER, ASSISTANT = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}
BRIEF = {"role": "system", "content": "be brief"}
BRIEF_FOLDED = {
    "role": "user",
    "content": [
        {"type": "text", "text": "hi"},
        {"type": "text", "text": "<system-reminder>\nbe brief\n</system-reminder>"},
    ],
}
LOW = {"role": "system", "content": [], "output_config": {"effort": "low"}}
REMOVAL = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "Read"}}
CLEAR_THINKING, CLEAR_TOOLS = {"type": "clear_thinking_20251015", "keep": "all"}, {"type": "clear_tool_uses_20250919"}
TEAM = "arn:aws:bedrock:us-east-1:1:application-inference-profile/a"
"""A profile whose name says nothing about its model."""
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}
TOOL = {"name": "Read", "input_schema": {"type": "object"}}
TOGETHER = {"model": "m", "max_tokens": 64, "messages": [USER]}


@dataclass(frozen=True)
class Cloud:
    """A cloud's mapping, and a stand-in for its models that refuses what the sources say."""

    name: str

    def map(self, body: dict[str, Any], flags: list[str], **more: Any) -> Mapped:
        """Map a request."""
        options = MappingOptions(flags, {}, more.pop("own", {}), "us")
        return (to_vertex if self.name == "vertex" else to_bedrock)(json.dumps(body).encode(), options, **more)

    def refusal(self, model: str, body: dict[str, Any], flags: list[str]) -> str | None:
        """What the cloud says to a body in its form."""
        if self.name == "vertex":
            unknown = claude_body.refused_flag(claude_body.VERTEX, model, flags, claude_body.VERTEX_FLAGS)
            said = f"Unexpected value(s) `{unknown}` for the `anthropic-beta` header" if unknown else None
            return said or claude_body.refusal(claude_body.VERTEX, model, body, flags)
        if claude_body.refused_flag(claude_body.BEDROCK, model, flags, claude_body.BEDROCK_FLAGS):
            return "invalid beta flag"
        return claude_body.refusal(claude_body.BEDROCK, model, body, flags)


V, B = Cloud("vertex"), Cloud("bedrock")
BOTH = (V, B)


@dataclass(frozen=True)
class Row:
    """One row of the table: a request, and what of it reaches the models."""

    clouds: tuple[Cloud, ...]
    models: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    expected: dict[str, Any] | None = None
    """The fields as they arrive; None: as they were. A field with the value ``...`` is left out."""
    sent: tuple[str, ...] | None = None
    """The flags that arrive; None: as they were."""


NEWER = ("claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-1", "claude-haiku-5-5", "claude-opus-9")
OLDER = ("claude-sonnet-5", "claude-opus-4-7", "claude-sonnet-4-5-20250929", "claude-haiku-4-5")
FIVE = ("claude-opus-4-5", "claude-opus-4-6", "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-haiku-4-5")
LATER = ("claude-opus-4-7", "claude-opus-4-8", "claude-sonnet-5", "claude-opus-5-5", "claude-haiku-5-5")
EFFORT_ON_BEDROCK = ("claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-1")
EFFORT_ON_VERTEX = (*EFFORT_ON_BEDROCK, "claude-opus-5", "claude-sonnet-5-5", "claude-haiku-5-5")

ROWS = {
    "role system stays": Row(BOTH, NEWER, {"messages": [USER, BRIEF]}),
    "role system folded": Row(BOTH, OLDER, {"messages": [USER, BRIEF]}, expected={"messages": [BRIEF_FOLDED]}),
    "effort of messages": Row((B,), EFFORT_ON_BEDROCK, {"messages": [USER, LOW, ASSISTANT, USER]}, (MESSAGE_EFFORT,)),
    "effort of messages, client's flag": Row(
        (B,), EFFORT_ON_BEDROCK, {"messages": [USER, LOW]}, (PER_TURN,), sent=(MESSAGE_EFFORT,)
    ),
    "effort of messages on Vertex": Row((V,), EFFORT_ON_VERTEX, {"messages": [USER, LOW]}, (MESSAGE_EFFORT, PER_TURN)),
    "effort of messages elsewhere": Row(
        BOTH,
        ("claude-opus-4-8", "claude-sonnet-5", "claude-opus-4-6"),
        {"messages": [USER, LOW, ASSISTANT, USER]},
        (PER_TURN, MESSAGE_EFFORT),
        {"messages": [USER, ASSISTANT, USER]},
        (),
    ),
    "effort of messages with words": Row(
        BOTH,
        ("claude-opus-4-8",),
        {"messages": [USER, {**BRIEF, "output_config": {"effort": "low"}}]},
        (PER_TURN,),
        {"messages": [USER, BRIEF]},
        (),
    ),
    "effort of messages with words, folded": Row(
        BOTH,
        ("claude-opus-4-6",),
        {"messages": [USER, {**BRIEF, "output_config": {"effort": "low"}, "clear_at": "never"}]},
        (PER_TURN, CLEAR_AT),
        {"messages": [BRIEF_FOLDED]},
        (),
    ),
    "tool changes": Row(
        BOTH, ("claude-opus-5-5",), {"messages": [USER, {"role": "system", "content": [REMOVAL]}]}, (TOOL_CHANGES,)
    ),
    "tool changes of older models": Row(
        BOTH,
        ("claude-opus-4-7",),
        {"messages": [USER, {"role": "system", "content": [REMOVAL]}]},
        (TOOL_CHANGES,),
        {"messages": [USER]},
        (),
    ),
    "inline tools": Row(
        (V,),
        ("claude-opus-5-5",),
        {"messages": [USER, {"role": "system", "content": [{"type": "tool_addition", "tool": TOOL}]}]},
        ("inline-tools-2026-09-15",),
    ),
    "clear_at": Row(
        BOTH, ("claude-opus-4-8",), {"messages": [USER, {**BRIEF, "clear_at": "next_user_message"}]}, (CLEAR_AT,)
    ),
    "automatic cache mark": Row((V,), ("claude-opus-4-6",), {"cache_control": {"type": "ephemeral"}}),
    "no automatic cache mark": Row(
        (B,),
        ("claude-opus-4-6", "claude-opus-5-5"),
        {"cache_control": {"type": "ephemeral"}},
        (),
        {"cache_control": ...},
    ),
    "structured outputs of five models": Row(
        BOTH, FIVE[1:2], {"output_config": {"format": SCHEMA}, "tools": [{**TOOL, "strict": True}]}
    ),
    "structured outputs on Bedrock": Row(
        (B,), FIVE, {"output_config": {"format": SCHEMA}, "tools": [{**TOOL, "strict": True}]}
    ),
    "structured outputs on Vertex": Row(
        (V,), LATER, {"output_config": {"format": SCHEMA}, "tools": [{**TOOL, "strict": True}]}
    ),
    "no structured outputs": Row(
        (B,),
        LATER,
        {"output_config": {"effort": "high", "format": SCHEMA}, "tools": [{**TOOL, "strict": True}]},
        (),
        {"output_config": {"effort": "high"}, "tools": [TOOL]},
    ),
    "safeguards": Row(BOTH, LATER, {"safeguards": [{"type": "dangerous_tool_use"}]}, (SAFEGUARDS,)),
    "safeguards of older models": Row(
        (B,), FIVE, {"safeguards": [{"type": "dangerous_tool_use"}]}, (SAFEGUARDS,), {"safeguards": ...}, ()
    ),
    "safeguards without flag": Row(
        BOTH, LATER, {"safeguards": [{"type": "dangerous_tool_use"}]}, (), {"safeguards": ...}
    ),
    "edits of the context": Row(
        (V,), LATER, {"context_management": {"edits": [CLEAR_THINKING, CLEAR_TOOLS]}}, (CONTEXT,)
    ),
    "refused edit": Row(
        (B,),
        (*FIVE, *LATER),
        {"context_management": {"edits": [CLEAR_THINKING, CLEAR_TOOLS]}},
        (CONTEXT,),
        {"context_management": {"edits": [CLEAR_TOOLS]}},
    ),
    "nothing but the refused edit": Row(
        (B,),
        (*FIVE, *LATER),
        {"context_management": {"edits": [CLEAR_THINKING]}},
        (CONTEXT,),
        {"context_management": ...},
    ),
    "compaction": Row(BOTH, LATER, {"compaction": {"type": "summarize"}}, ("compact-2026-09-04",)),
    "binding of thinking": Row(
        BOTH,
        LATER,
        {"thinking": {"type": "adaptive", "block_binding": {}}},
        ("thinking-binding-controls-2026-08-01",),
    ),
    "updates of thinking": Row(
        BOTH,
        LATER,
        {"thinking": {"type": "adaptive", "display": "updates"}},
        ("thinking-display-updates-2026-08-18",),
    ),
    "budget of a task": Row(
        (V,), LATER, {"output_config": {"task_budget": {"type": "tokens", "total": 9}}}, ("task-budgets-2026-03-13",)
    ),
    "no budget of a task": Row(
        (B,),
        LATER,
        {"output_config": {"task_budget": {"type": "tokens", "total": 9}}},
        ("task-budgets-2026-03-13",),
        {"output_config": ...},
        (),
    ),
    "user profile": Row((B,), LATER, {"user_profile_id": "p"}),
    "no user profile": Row((V,), LATER, {"user_profile_id": "p"}, (), {"user_profile_id": ...}),
    "fallback credit": Row((V,), LATER, {"fallback_credit_token": "t"}, ("fallback-credit-2026-06-01",)),
    "fallback credit by AWS's name": Row(
        (B,),
        ("claude-opus-4-8", "claude-fable-5"),
        {"fallback_credit_token": "t"},
        ("fallback-credit-2026-07-01",),
        sent=("fallback-credit-2026-06-09",),
    ),
    "only at Anthropic": Row(
        BOTH,
        LATER,
        {"billing_policy": {}, "thread": {"type": "create"}, "fallbacks": "default", "speed": "fast"},
        ("message-threads-2026-08-12", "server-side-fallback-2026-07-01"),
        {"billing_policy": ..., "thread": ..., "fallbacks": ..., "speed": ...},
        (),
    ),
    "effort alone": Row(BOTH, ("claude-opus-4-6", *LATER), {"output_config": {"effort": "high"}}),
    "effort with its flag": Row(
        BOTH, ("claude-opus-4-5",), {"output_config": {"effort": "high"}}, ("effort-2025-11-24",)
    ),
    "tool search": Row(
        BOTH,
        LATER,
        {"tools": [{**TOOL, "defer_loading": True}]},
        ("advanced-tool-use-2025-11-20",),
        sent=("tool-search-tool-2025-10-19",),
    ),
    "every flag of Vertex": Row(
        (V,),
        ("claude-opus-5-5",),
        {},
        tuple(
            sorted(
                claude_body.VERTEX_FLAGS - {"afk-mode-2026-01-31", "dangerous-tool-use-2026-09-03", "effort-2025-11-24"}
            )
        ),
    ),
    "every flag of Bedrock": Row(
        (B,),
        ("claude-opus-5-5",),
        {},
        tuple(sorted(claude_body.BEDROCK_FLAGS - {*BESIDE_SAFEGUARDS, "interleaved-thinking-2025-05-14"})),
    ),
}
CASES = [
    pytest.param(row, cloud, model, id=f"{name}-{cloud.name}-{model}")
    for name, row in ROWS.items()
    for cloud in row.clouds
    for model in row.models
]


@pytest.mark.parametrize(("row", "cloud", "model"), CASES)
def test_what_a_model_accepts_reaches_it_and_nothing_else(row: Row, cloud: Cloud, model: str) -> None:
    body = {**TOGETHER, "model": model, **row.fields}
    mapped = cloud.map(body, list(row.flags))
    arrived = json.loads(mapped.body)
    expected = row.fields if row.expected is None else row.expected
    assert {name: arrived.get(name, ...) for name in expected} == expected
    assert list(mapped.betas) == list(row.flags if row.sent is None else row.sent)
    assert cloud.refusal(model, arrived, list(mapped.betas)) is None
    if row.expected is not None or row.sent is not None:
        # The row is needed: the cloud refuses what the client sent.
        assert cloud.refusal(model, body, list(row.flags)) is not None
        assert mapped.adaptations


def test_every_place_and_source_of_the_table_is_known() -> None:
    known = {place.path for place in PLACES}
    special = {"messages.*.role", "cache_control.ttl", "cache_control.scope"}
    for cloud in (VERTEX, BEDROCK):
        assert set(cloud.places) <= known | special
        rows = [*cloud.flags.values(), *(row for rows in cloud.places.values() for row in rows)]
        assert all(row.source.text and row.source.date.startswith("2026-") for row in rows)
        opened = {row.sent_as or row.flag for row in cloud.flags.values()}
        assert {flag for rows in cloud.places.values() for row in rows for flag in row.flags} <= opened


@pytest.mark.parametrize(
    ("models", "inside", "outside", "words"),
    [
        (EVERY_MODEL, ["claude-3-haiku", "claude-opus-9", "no-model"], [], "for every model"),
        (NO_MODEL, [], ["claude-3-haiku", "claude-opus-9", "no-model"], "for no model"),
        (
            Models(since=(4, 8), but=("claude-sonnet-5",)),
            [
                "us.anthropic.claude-opus-4-8",
                "claude-sonnet-5-5",
                TEAM,
            ],
            ["claude-sonnet-5", "claude-sonnet-5@20260101", "claude-opus-4-7"],
            "from Claude 4.8 on, but not for claude-sonnet-5",
        ),
        (
            Models(since=(4, 5), before=(4, 7)),
            ["claude-opus-4-5-20251101", "claude-sonnet-4-6"],
            ["claude-opus-4-1", "claude-opus-4-7", "no-model"],
            "from Claude 4.5 on, before Claude 4.7",
        ),
        (
            Models(since=(5, 6), also=("claude-opus-5-5",)),
            ["claude-opus-5-5", "claude-opus-6", "no-model"],
            ["claude-haiku-5-5"],
            "for claude-opus-5-5 and from Claude 5.6 on",
        ),
    ],
)
def test_a_set_of_models_has_bounds_and_exceptions(
    models: Models, inside: list[str], outside: list[str], words: str
) -> None:
    assert [name for name in inside if model_name(name) not in models] == []
    assert [name for name in outside if model_name(name) in models] == []
    assert str(models) == words


@pytest.mark.parametrize("cloud", BOTH, ids=lambda cloud: cloud.name)
def test_messages_of_role_system_that_a_model_refuses_are_folded_the_next_time(cloud: Cloud) -> None:
    body = {**TOGETHER, "model": "claude-opus-5-5", "messages": [USER, BRIEF]}
    without = refused_in('messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter')
    assert json.loads(cloud.map(body, [], without=without).body)["messages"] == [BRIEF_FOLDED]
    off = {"mid-conversation-system-2026-04-07": False}
    assert json.loads(cloud.map(body, [], own=off).body)["messages"] == [BRIEF_FOLDED]


@pytest.mark.parametrize("cloud", BOTH, ids=lambda cloud: cloud.name)
def test_the_users_own_flag_opens_what_the_table_closes(cloud: Cloud) -> None:
    body = {**TOGETHER, "model": "claude-opus-4-8", "messages": [USER, LOW], "thread": {"type": "create"}}
    flags = ["message-threads-2026-08-12", MESSAGE_EFFORT]
    mapped = cloud.map(body, flags, own=dict.fromkeys(flags, True))
    assert json.loads(mapped.body)["messages"] == body["messages"]
    assert json.loads(mapped.body)["thread"] == body["thread"]
    assert list(mapped.betas) == flags


@pytest.mark.parametrize("cloud", BOTH, ids=lambda cloud: cloud.name)
@pytest.mark.parametrize(
    ("fields", "flag", "left"),
    [
        ({"compaction": {"type": "summarize"}}, "compact-2026-09-04", {"compaction": ...}),
        ({"safeguards": [{"type": "dangerous_tool_use"}]}, SAFEGUARDS, {"safeguards": ...}),
        (
            {"thinking": {"type": "adaptive", "block_binding": {}}},
            "thinking-binding-controls-2026-08-01",
            {"thinking": {"type": "adaptive"}},
        ),
        (
            {"thinking": {"type": "adaptive", "display": "updates"}},
            "thinking-display-updates-2026-08-18",
            {"thinking": {"type": "adaptive"}},
        ),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            "thinking-display-updates-2026-08-18",
            {"thinking": {"type": "adaptive", "display": "summarized"}},
        ),
        ({"messages": [USER, {**BRIEF, "clear_at": "never"}]}, CLEAR_AT, {"messages": [USER, BRIEF]}),
        ({"messages": [USER, LOW]}, MESSAGE_EFFORT, {"messages": [USER]}),
        (
            {"messages": [USER, {"role": "system", "content": [REMOVAL, {"type": "text", "text": "gone"}]}]},
            TOOL_CHANGES,
            {"messages": [USER, {"role": "system", "content": [{"type": "text", "text": "gone"}]}]},
        ),
    ],
)
def test_a_flag_that_is_not_sent_takes_its_fields_with_it(
    cloud: Cloud, fields: dict[str, Any], flag: str, left: dict[str, Any]
) -> None:
    body = {**TOGETHER, "model": "claude-opus-5-5", **fields}
    for more in ({"own": {flag: False}}, {"without": RefusedParts(betas=frozenset({flag}))}):
        mapped = cloud.map(body, [flag], **more)
        arrived = json.loads(mapped.body)
        assert {name: arrived.get(name, ...) for name in left} == left
        assert mapped.betas == ()
        assert cloud.refusal("claude-opus-5-5", arrived, []) is None


def test_one_refused_edit_is_left_out_and_the_others_stay() -> None:
    body = {**TOGETHER, "model": "claude-opus-5-5", "context_management": {"edits": [CLEAR_THINKING, CLEAR_TOOLS]}}
    refused = RefusedParts(fields=frozenset({"context_management.edits.clear_thinking_20251015"}))
    mapped = V.map(body, [CONTEXT], without=refused)
    assert json.loads(mapped.body)["context_management"] == {"edits": [CLEAR_TOOLS]}


def test_a_user_profile_in_the_header_is_put_into_the_body_for_bedrock() -> None:
    body = json.dumps({**TOGETHER, "model": "claude-opus-5-5"}).encode()
    options = MappingOptions([], {}, {}, "us", user_profile='up_"é')
    assert json.loads(to_bedrock(body, options).body)["user_profile_id"] == 'up_"é'
    refused = RefusedParts(fields=frozenset({"user_profile_id"}))
    assert b"user_profile_id" not in to_bedrock(body, options, without=refused).body
    own = json.dumps({**TOGETHER, "model": "claude-opus-5-5", "user_profile_id": "own"}).encode()
    assert json.loads(to_bedrock(own, options).body)["user_profile_id"] == "own"


SIGNED = {"role": "assistant", "content": [{"type": "thinking", "thinking": "é\u2028", "signature": "a+/="}]}
SYSTEM = st.sampled_from(
    [
        BRIEF,
        LOW,
        {**BRIEF, "output_config": {"effort": "low"}},
        {**BRIEF, "clear_at": "never"},
        {"role": "system", "content": [REMOVAL]},
        {"role": "system", "content": [REMOVAL, {"type": "text", "text": "gone"}]},
        {"role": "system", "content": [{"type": "text", "text": "a"}, REMOVAL]},
    ]
)


@given(
    st.sampled_from(BOTH),
    st.sampled_from([*NEWER[:-1], *OLDER]),
    st.lists(st.one_of(st.just(USER), st.just(SIGNED), SYSTEM), max_size=7),
    st.sets(st.sampled_from([PER_TURN, MESSAGE_EFFORT, TOOL_CHANGES, CLEAR_AT])),
)
def test_signed_messages_keep_their_bytes_and_no_message_is_left_empty(
    cloud: Cloud, model: str, messages: list[Any], flags: set[str]
) -> None:
    mapped = cloud.map({**TOGETHER, "model": model, "messages": messages}, sorted(flags))
    signed = json.dumps(SIGNED).encode()
    assert mapped.body.count(signed) == messages.count(SIGNED)
    arrived = json.loads(mapped.body)["messages"]
    said = str(cloud.refusal(model, json.loads(mapped.body), list(mapped.betas)))
    assert "must have content" not in said
    if flags == {PER_TURN, MESSAGE_EFFORT, TOOL_CHANGES, CLEAR_AT}:
        assert said == "None", arrived
