"""One request as ``candela show`` prints it."""

from dataclasses import replace

from candela_tui.cli.terminal.request_overview import overview
from tests.analysis.exchanges import exchange


def test_what_else_the_answer_states_and_why_it_was_not_read_are_shown() -> None:
    facts = (("safeguard_results", "dangerous_tool_use: toolu_1 flagged\x1b[2J"), ("refusal_category", "cyber"))
    shown = overview(replace(exchange(1), answer_facts=facts, unread="the answer states no usage"))
    assert "Stated in the answer\n  safeguard_results: dangerous_tool_use: toolu_1 flagged" in shown
    assert "refusal_category: cyber" in shown
    assert "unread         the answer states no usage" in shown
    assert "\x1b" not in shown
