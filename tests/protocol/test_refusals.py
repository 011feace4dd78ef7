"""What a provider's 400 says is unknown to it, so that a second attempt can do without."""

import json
from typing import Any

import pytest

from candela_tui.protocol.clouds.mapping import MappingOptions, to_bedrock
from candela_tui.protocol.clouds.refusals import RefusedParts, refused_in


@pytest.mark.parametrize(
    ("message", "flags"),
    [
        (
            "Unexpected value(s) `effort-2025-11-24` for the `anthropic-beta` header. Please consult our documentation"
            " at docs.anthropic.com or try again without the header.",
            {"effort-2025-11-24"},
        ),
        (
            "Unexpected value(s) `adaptive-thinking-2026-01-28`, `effort-2025-11-24` for the `anthropic-beta` header.",
            {"adaptive-thinking-2026-01-28", "effort-2025-11-24"},
        ),
        ("Unexpected value(s) `claude-code-20250219` for the `anthropic-beta` header.", {"claude-code-20250219"}),
        ("invalid beta flag: `effort-2025-11-24`", {"effort-2025-11-24"}),
        (
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system"'
            " as an input message role.",
            {"mid-conversation-system-2026-04-07"},
        ),
        ("messages.1: role 'system' is not supported on this model", {"mid-conversation-system-2026-04-07"}),
    ],
)
def test_flags_that_are_named_are_known(message: str, flags: set[str]) -> None:
    assert refused_in(message) == RefusedParts(betas=frozenset(flags))


@pytest.mark.parametrize(
    "message",
    ["invalid beta flag", "The model returned the following errors: invalid beta flag"],
)
def test_a_refused_flag_that_is_not_named_is_some_flag(message: str) -> None:
    assert refused_in(message) == RefusedParts(unnamed=True)


def test_a_schema_without_flags_refuses_all() -> None:
    words = "Malformed input request: #: extraneous key [anthropic_beta] is not permitted, please reformat your input"
    assert refused_in(words) == RefusedParts(all_betas=True)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("context_management: Extra inputs are not permitted", "context_management"),
        ("The model returned the following errors: reasoning: Extra inputs are not permitted", "reasoning"),
        ("output_config.effort: Extra inputs are not permitted", "output_config.effort"),
        ("tools.0.custom.defer_loading: Extra inputs are not permitted", "tools.custom.defer_loading"),
        ("tools.11.text_editor_20250728.strict: Extra inputs are not permitted", "tools.text_editor_20250728.strict"),
        ("system.1.cache_control.ephemeral.scope: Extra inputs are not permitted", "system.*.cache_control.scope"),
        (
            "messages.0.content.3.text.cache_control.ephemeral.ttl: Extra inputs are not permitted",
            "messages.*.content.text.cache_control.ttl",
        ),
        (
            "messages.3.content.0.tool_result.content.0.text.citations: Extra inputs are not permitted",
            "messages.*.content.tool_result.content.text.citations",
        ),
        ("messages.3.content.0.text: Extra inputs are not permitted", "messages.*.content.*.text"),
        ("thinking.adaptive.display: Extra inputs are not permitted", "thinking.display"),
        ("context_management.edits.0.clear_thinking_20251015.keep: Extra inputs are not permitted",
         "context_management.edits.clear_thinking_20251015.keep"),
        ("Malformed input request: #: extraneous key [speed] is not permitted, please reformat", "speed"),
        ("Malformed input request: #/tools/0: extraneous key [strict] is not permitted", "tools.*.strict"),
        ("This model does not support the effort parameter.", "output_config.effort"),
        ("cache_control: Extra inputs are not permitted", "cache_control"),
        ("context_management.edits.0: Input tag 'clear_thinking_20251015' found using 'type' does not match any of the"
         " expected tags: 'clear_tool_uses_20250919', 'compact_20260112'",
         "context_management.edits.clear_thinking_20251015"),
    ],
)  # fmt: skip
def test_a_field_is_named_by_its_place_in_the_body(message: str, field: str) -> None:
    assert refused_in(message) == RefusedParts(fields=frozenset({field}))


def test_several_fields_in_one_message_are_all_known() -> None:
    said = "speed: Extra inputs are not permitted, tools.1.custom.strict: Extra inputs are not permitted"
    assert refused_in(said).fields == {"speed", "tools.custom.strict"}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "prompt is too long: 1000001 tokens > 1000000 maximum",
        "max_tokens: Field required",
        "tools.0: Input tag 'web_search_20250305' found using 'type' does not match any of the expected tags: 'custom'",
        "The provided model identifier is invalid.",
    ],
)
def test_a_message_about_something_else_refuses_nothing(message: str) -> None:
    assert not refused_in(message)


def test_what_was_refused_adds_up() -> None:
    first, second = refused_in("speed: Extra inputs are not permitted"), refused_in("invalid beta flag")
    both = first | second
    assert both == RefusedParts(unnamed=True, fields=frozenset({"speed"}))
    assert both


UNKNOWN_EDIT = (
    "context_management.edits.0: Input tag 'clear_thinking_20251015' found using 'type' does not match any of the"
    " expected tags: 'clear_tool_uses_20250919', 'compact_20260112'"
)
THINKING, TOOL_USES = {"type": "clear_thinking_20251015", "keep": "all"}, {"type": "clear_tool_uses_20250919"}


def without_refused(said: str, **fields: Any) -> dict[str, Any]:
    """The body that Bedrock gets after this refusal, without what every body has."""
    flag = "context-management-2025-06-27"
    body = {"model": "claude-opus-4-6", "max_tokens": 1, "messages": [], **fields}
    mapped = to_bedrock(json.dumps(body).encode(), MappingOptions([flag], {}, {flag: True}), without=refused_in(said))
    document: dict[str, Any] = json.loads(mapped.body)
    return {name: value for name, value in document.items() if name in fields}


def test_a_refused_edit_goes_and_the_others_stay() -> None:
    edits = {"context_management": {"edits": [THINKING, TOOL_USES]}}
    assert without_refused(UNKNOWN_EDIT, **edits) == {"context_management": {"edits": [TOOL_USES]}}


def test_the_only_edit_takes_the_empty_field_with_it() -> None:
    assert without_refused(UNKNOWN_EDIT, context_management={"edits": [THINKING]}) == {}


def test_a_refused_mark_of_the_whole_request_is_left_out_and_those_of_blocks_stay() -> None:
    marked = {"system": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}
    body = {"cache_control": {"type": "ephemeral"}, **marked}
    assert without_refused("cache_control: Extra inputs are not permitted", **body) == marked
