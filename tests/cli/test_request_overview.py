"""One request as ``candela show`` prints it."""

from dataclasses import replace

from candela_tui.cli.terminal.request_overview import overview
from candela_tui.exchange import ProviderAttempt
from tests.analysis.exchanges import exchange


def test_what_else_the_answer_states_and_why_it_was_not_read_are_shown() -> None:
    facts = (("safeguard_results", "dangerous_tool_use: toolu_1 flagged\x1b[2J"), ("refusal_category", "cyber"))
    shown = overview(replace(exchange(1), answer_facts=facts, unread="the answer states no usage"))
    assert "Stated in the answer\n  safeguard_results: dangerous_tool_use: toolu_1 flagged" in shown
    assert "refusal_category: cyber" in shown
    assert "unread         the answer states no usage" in shown
    assert "\x1b" not in shown


def test_the_providers_that_were_asked_in_turn_are_shown() -> None:
    asked = (
        ProviderAttempt("anthropic", None, None, 529, "overloaded_error", "Overloaded", 2.0, 400.0),
        ProviderAttempt("bedrock", "us-east-1", "us.anthropic.claude-opus-4-8", 200, None, None, 401.0, 1900.0),
    )
    shown = overview(replace(exchange(1), attempts=asked))
    assert "in turn Anthropic · 529 · overloaded_error: Overloaded · after 0.4s" in " ".join(shown.split())
    assert "us-east-1 us.anthropic.claude-opus-4-8 · 200 · answered · after 1.5s" in shown
