import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.claude_code.hints import ClientHints, hints_of, infers_kind, stated_kind
from candela_tui.protocol.kind import Kind


def test_the_hints_are_read() -> None:
    headers = [
        ("X-Claude-Code-Request-Class", "subagent"),
        ("x-claude-code-agent-type", "Explore"),
        ("x-claude-code-prompt-id", "4c182377"),
        ("x-claude-code-prev-tool-durations", "Agent=14;mcp__a%3Bb=7;Bash=0"),
    ]
    durations = (("Agent", 14), ("mcp__a;b", 7), ("Bash", 0))
    assert hints_of(headers) == ClientHints("subagent", "Explore", "4c182377", durations)
    assert hints_of([]) == ClientHints()


@given(st.text(st.characters(max_codepoint=255)))
def test_durations_of_any_form_are_read_as_far_as_they_can_be(value: str) -> None:
    durations = hints_of([("x-claude-code-prev-tool-durations", value)]).tool_durations
    assert all(name and milliseconds >= 0 for name, milliseconds in durations)


@pytest.mark.parametrize(
    ("by_form", "stated", "kind"),
    [
        (Kind.MESSAGES, "main", Kind.MESSAGES),
        (Kind.MESSAGES, "workflow", Kind.MESSAGES),
        (Kind.MESSAGES, "auxiliary", Kind.SIDE),
        (Kind.MESSAGES, "side_reply", Kind.SIDE),
        (Kind.MESSAGES, "compaction", Kind.COMPACTION),
        (Kind.CLASSIFIER, "auxiliary", Kind.CLASSIFIER),
        (Kind.TITLE, "auxiliary", Kind.TITLE),
        (Kind.COUNT_TOKENS, "auxiliary", Kind.COUNT_TOKENS),
        (Kind.TITLE, "main", Kind.MESSAGES),
        (Kind.COMPACTION, "main", Kind.MESSAGES),
        (Kind.SIDE, None, Kind.SIDE),
        (Kind.SIDE, "brand_new", Kind.SIDE),
    ],
)
def test_what_the_client_states_outranks_the_form(by_form: Kind, stated: str | None, kind: Kind) -> None:
    assert stated_kind(by_form, ClientHints(stated)) is kind


def test_a_compaction_is_stated_by_a_field_of_its_own_too() -> None:
    assert stated_kind(Kind.MESSAGES, hints_of([("x-claude-code-compaction", "auto")])) is Kind.COMPACTION


def test_a_kind_is_inferred_where_the_client_states_no_class() -> None:
    assert infers_kind(Kind.COMPACTION, ClientHints())
    assert not infers_kind(Kind.COMPACTION, ClientHints(compaction=True))
    assert not infers_kind(Kind.SIDE, ClientHints("auxiliary"))
    assert not infers_kind(Kind.MESSAGES, ClientHints())
