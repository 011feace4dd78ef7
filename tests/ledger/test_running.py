"""What rules read: each exchange counts once, whatever came of it, and what was recorded before counts with it."""

from datetime import timedelta
from decimal import Decimal

from candela_tui.exchange import Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.running import RunningLedger, Spent
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.usage import Usage
from candela_tui.text.times import Clock
from tests.analysis.exchanges import START, cost, exchange

NOTHING = Spent(0, 0, 0, Decimal(0), False)


def running() -> RunningLedger:
    return RunningLedger(Clock(lambda: START, START.tzinfo))


def test_an_exchange_counts_once_with_what_is_known_of_it_last() -> None:
    ledger = running()
    ledger.take(exchange(1, outcome=Outcome.LIVE))
    ledger.take(exchange(1, outcome=Outcome.LIVE, usage=Usage(10), cost=cost("1", at_least=True)))
    assert ledger.today() == Spent(1, 10, 0, Decimal(1), True)
    ledger.take(exchange(1, usage=Usage(10, output_tokens=5), cost=cost("2")))
    assert ledger.today() == ledger.session("s1") == Spent(1, 10, 5, Decimal(2), False)


def test_sums_are_by_session_agent_project_model_and_day() -> None:
    ledger = running()
    here = SessionClues(cwd="/src/api")
    ledger.take(exchange(1, cost=cost("1"), model="claude-opus-4-8", clues=here))
    ledger.take(exchange(2, cost=cost("2"), model="claude-haiku-4-5", agent_id="a"))
    ledger.take(exchange(3, cost=cost("4"), session_id="s2", started_at=START - timedelta(days=1)))
    assert [ledger.session(each).usd for each in ("s1", "s2", "s3")] == [3, 4, 0]
    assert (ledger.agent("s1", "a").usd, ledger.agent("s1", "b")) == (2, NOTHING)
    assert (ledger.project("/src/api").usd, ledger.project("/src")) == (3, NOTHING)
    assert (ledger.model("claude-opus-4-8").usd, ledger.today().usd) == (1, 3)


def test_what_was_recorded_before_counts_once_it_is_read() -> None:
    ledger = running()
    ledger.take(exchange(2, cost=cost("1")))
    assert not ledger.complete
    for _ in ledger.fill(Ledger.of([exchange(1, cost=cost("2"))])):
        pass
    assert ledger.complete
    assert ledger.session("s1") == Spent(2, 0, 0, Decimal(3), False)
