"""What the overview of a request says of its cost."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from candela_tui.analysis.labels import served
from candela_tui.analysis.reconciliation import DifferenceKind
from candela_tui.cli.terminal.request_overview import overview
from candela_tui.config import PricingSettings
from candela_tui.exchange import Cost, Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.pricing import Pricer
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.usage import Usage
from candela_tui.text.times import Clock
from candela_tui.ui.screens.dashboard.usage_dialog import CountedOtherwise, counting_otherwise, usage_lines
from candela_tui.ui.screens.request.overview.costs import cost_lines
from candela_tui.ui.screens.request.overview.rate_limits import limit_lines
from candela_tui.ui.screens.request.overview.receipt import receipt_fold
from tests.analysis.test_limits import FABLE_SPENT, PAID
from tests.analysis.test_reconciliation import made
from tests.reports.exchanges import exchange

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
FREE = Cost(Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def shown(**facts: Any) -> str:
    lines = cost_lines(exchange(**facts), 100)
    return "\n".join(" ".join("".join(text for text, _ in line).split()) for line in lines)


def receipt(pricer: Pricer | None, **facts: Any) -> str:
    fold = receipt_fold(exchange(**facts), pricer, 100)
    assert fold is not None
    (unit,) = fold.content.units(100)
    assert unit is not None
    return "\n".join(" ".join(line.split()) for line in unit.text().splitlines())


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


def test_a_model_without_a_price_names_the_lines_to_add_and_invents_none() -> None:
    unpriced = {"cost": None, "model": "claude-mythos-5", "unpriced_model": "claude-mythos-5"}
    lines = '[pricing.models."claude-mythos-5"]\ninput = …\noutput = …'
    assert lines in shown(**unpriced)
    assert lines in printed(**unpriced)


def test_a_note_is_no_reason_for_a_cost_that_may_be_more() -> None:
    part = Cost(Decimal(1), Decimal(0), Decimal(0), Decimal(0), Decimal(0), at_least=True)
    note = "Portkey does not state which model answered: priced as claude-opus-4-8"
    cut = shown(cost=part, cost_notes=(note,), outcome=Outcome.CUT)
    assert f"note {note}" in cut
    assert "why ≥ The response ended before it reported its final usage" in cut
    doubted = shown(cost=part, cost_notes=("web searches have no price here",))
    assert "note web searches have no price here" in doubted
    assert "because" not in doubted


def test_extra_usage_is_a_bill_and_says_how_much_of_it_is_used() -> None:
    place = "anthropic-ratelimit-unified-overage"
    told = ((f"{place}-in-use", "true"), (f"{place}-utilization", "0.3"))
    assert "Paid as extra usage, 30%, beyond the subscription: this cost is billed." in shown(rate_limits=told)
    assert "extra usage" not in shown(rate_limits=((f"{place}-status", "allowed"),))


def test_the_limits_say_which_window_decides_and_whether_extra_usage_pays() -> None:
    def lines(status: int, told: Headers) -> str:
        clock = Clock(lambda: NOW, UTC)
        drawn = limit_lines(exchange(status=status, rate_limits=told), clock, 100)
        return "\n".join(" ".join("".join(text for text, _ in line).split()) for line in drawn)

    refused = lines(429, FABLE_SPENT)
    assert "limiting window 7 days, Fable" in refused
    assert "100% used · rejected" in refused
    assert "extra usage not in use · rejected · org level disabled" in refused
    paid = lines(200, PAID)
    assert "100% used · used up" in paid
    assert "extra usage in use, 30% · this request is billed" in paid


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


def test_the_usage_lists_by_kind_what_claude_code_counts_otherwise() -> None:
    cut = {"outcome": Outcome.CUT, "usage": Usage(1000, output_tokens=1)}
    exchanges = [
        made(1),
        made(2, model_used="claude-haiku-4-5-20251001"),
        made(3, model_used="claude-haiku-4-5-20251001"),
        made(4, **cut),
        exchange(5, client="curl/8.5.0", **cut),
    ]
    found: dict[DifferenceKind, CountedOtherwise] = {}
    for _ in counting_otherwise(exchanges, found):
        pass
    assert {kind.value: (sums.requests, sums.usd) for kind, sums in found.items()} == {
        "model": (2, sum((each.client_cost or 0) - each.cost.total for each in exchanges[1:3] if each.cost)),
        "cut": (1, Decimal("-0.005025")),
    }
    lines = usage_lines(Ledger.of(exchanges), found, Clock(), 80, subscription=False)
    said = "\n".join("".join(text for text, _ in line) for line in lines)
    assert "Claude Code counts otherwise" in said
    assert "another model answered than the requested one" in said


def test_the_receipt_says_which_price_each_amount_is_from() -> None:
    said = receipt(Pricer(PricingSettings()))
    assert "cache write 1h 2,048 $10.00 $0.02048" in said
    assert "total $0.029363" in said
    assert "list anthropic: claude-opus-4-8" in said


def test_without_readable_settings_the_receipt_says_so() -> None:
    assert "config.toml can't be read" in receipt(None)
