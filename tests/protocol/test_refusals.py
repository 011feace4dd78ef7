"""What a provider's 400 says is unknown to it, so that a second attempt can do without."""

import pytest

from candela_tui.protocol.refusals import Refused, refused_in


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
    assert refused_in(message) == Refused(betas=frozenset(flags))


@pytest.mark.parametrize(
    "message",
    [
        "invalid beta flag",
        "The model returned the following errors: invalid beta flag",
        "Malformed input request: #: extraneous key [anthropic_beta] is not permitted, please reformat your input and"
        " try again.",
    ],
)
def test_a_refused_flag_that_is_not_named_takes_all_flags_with_it(message: str) -> None:
    assert refused_in(message) == Refused(all_betas=True)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("context_management: Extra inputs are not permitted", "context_management"),
        ("The model returned the following errors: reasoning: Extra inputs are not permitted", "reasoning"),
        ("output_config.effort: Extra inputs are not permitted", "output_config.effort"),
        ("tools.0.custom.defer_loading: Extra inputs are not permitted", "tools.*.defer_loading"),
        ("tools.11.text_editor_20250728.strict: Extra inputs are not permitted", "tools.*.strict"),
        ("system.1.cache_control.ephemeral.scope: Extra inputs are not permitted", "system.*.cache_control.scope"),
        (
            "messages.0.content.3.text.cache_control.ephemeral.ttl: Extra inputs are not permitted",
            "messages.*.content.*.cache_control.ttl",
        ),
        (
            "messages.3.content.0.tool_result.content.0.text.citations: Extra inputs are not permitted",
            "messages.*.content.*.content.*.citations",
        ),
        ("messages.3.content.0.text: Extra inputs are not permitted", "messages.*.content.*.text"),
        ("thinking.adaptive.display: Extra inputs are not permitted", "thinking.display"),
        ("context_management.edits.0.clear_thinking_20251015.keep: Extra inputs are not permitted",
         "context_management.edits.*.keep"),
        ("Malformed input request: #: extraneous key [speed] is not permitted, please reformat", "speed"),
        ("Malformed input request: #/tools/0: extraneous key [strict] is not permitted", "tools.*.strict"),
        ("This model does not support the effort parameter.", "output_config.effort"),
    ],
)  # fmt: skip
def test_a_field_is_named_by_its_place_in_the_body(message: str, field: str) -> None:
    assert refused_in(message) == Refused(fields=frozenset({field}))


def test_several_fields_in_one_message_are_all_known() -> None:
    said = "speed: Extra inputs are not permitted, tools.1.custom.strict: Extra inputs are not permitted"
    assert refused_in(said).fields == {"speed", "tools.*.strict"}


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
    assert both == Refused(all_betas=True, fields=frozenset({"speed"}))
    assert both
