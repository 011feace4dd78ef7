"""What the overview of a request says of its cost."""

from decimal import Decimal
from typing import Any

from candela_tui.cli.overview import overview
from candela_tui.exchange import Cost
from candela_tui.ui.request.costs import cost_lines
from candela_tui.ui.words import served
from tests.export.exchanges import exchange

FREE = Cost(Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def shown(**facts: Any) -> str:
    lines = cost_lines(exchange(**facts), 100)
    return "\n".join(" ".join("".join(text for text, _ in line).split()) for line in lines)


def printed(**facts: Any) -> str:
    return "\n".join(" ".join(line.split()) for line in overview(exchange(**facts)).splitlines())


def test_a_refusal_costs_nothing_and_says_what_claude_code_counts() -> None:
    note = "refused before any output: not billed"
    refused = {"cost": FREE, "cost_notes": (note,), "client": "claude-cli/2.1.332", "client_cost": Decimal("1.06005")}
    screen = shown(**refused)
    assert "total $0.00" in screen
    assert f"note {note}" in screen
    assert "Claude Code counts $1.06005 for it" in screen
    terminal = printed(**refused)
    assert "cost $0 ($0)" in terminal
    assert f"note {note}" in terminal
    assert "Claude Code counts $1.06005 for it" in terminal


def test_the_gateway_is_named_beside_the_model_that_answered() -> None:
    through = exchange(
        model="claude-opus-5-5", model_used="claude-sonnet-4-6", model_stated="claude-opus-5-5", gateway="LiteLLM"
    )
    assert served(through) == "claude-sonnet-4-6, by LiteLLM"
    assert served(exchange(model_used=None, gateway="LiteLLM")) == "–, by LiteLLM"
    assert served(exchange()) == "claude-opus-4-8"
    assert "claude-opus-5-5 → claude-sonnet-4-6, by LiteLLM" in overview(through)


def test_nothing_is_said_of_the_client_where_it_counts_the_same() -> None:
    assert "Claude Code" not in shown(client="claude-cli/2.1.332")
    assert "Claude Code" not in printed(client="claude-cli/2.1.332")
