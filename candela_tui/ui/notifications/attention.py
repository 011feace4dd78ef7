"""Decide what to tell a user who is looking elsewhere, and write it as a terminal sequence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from candela_tui.analysis.retries import calls
from candela_tui.config import AttentionSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.rules.budgets.figures import limit, spent, title, used
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState
from candela_tui.text import amounts, times
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style import outcomes

LONGEST_GAP = timedelta(seconds=20)
"""The longest pause between two requests of a working session, while its tools run."""
_BUSY = timedelta(minutes=1)
_LONGEST_TEXT = 200
_WORK = frozenset({Kind.MESSAGES})
_MOST_FAILED = 20
"""How many failures of one caller are kept to find the earlier tries of a call."""

_Caller = tuple[str | None, str | None]
"""A session id and an agent id."""

_Budget = tuple[str, str | None]
"""The name of a budget, and the target that it is for."""
_Stands = tuple[int, float]
"""How alarming the state of a budget is, and the highest mark that it has passed."""
_FINE: _Stands = (0, 0.0)
_ALARMING = {BudgetStanding.OK: 0, BudgetStanding.OVERRIDDEN: 0, BudgetStanding.WARNED: 1, BudgetStanding.BLOCKED: 2}


@dataclass(slots=True)
class _Work:
    """A stretch of a session's requests without a longer pause than ``LONGEST_GAP``."""

    since: datetime
    until: datetime
    live: set[str]


class Attention:
    """Decides what to tell the user. It takes exchanges and the time, and returns texts; it does no I/O.

    What ended before ``since`` is history and never reported.
    """

    def __init__(self, settings: AttentionSettings, since: datetime) -> None:
        self._settings = settings
        self._since = since
        self._work: dict[str, _Work] = {}
        self._failing: set[_Caller] = set()
        self._failed: dict[_Caller, dict[str, Exchange]] = {}
        """Failures by caller and id, since the caller's last success or reported failure."""
        self._budgets: dict[_Budget, _Stands] | None = None
        self._day: date | None = None
        self._told_usd = Decimal(0)

    @property
    def waiting(self) -> bool:
        """Whether something may have to be reported just because time passes."""
        return bool(self._work)

    def heard(self, exchanges: Iterable[Exchange]) -> list[str]:
        """Take changed exchanges; return what to report about them now."""
        texts: list[str] = []
        for exchange in exchanges:
            end = _end(exchange)
            if exchange.kind not in _WORK or (end is not None and end < self._since):
                continue
            self._work_on(exchange, end)
            text = self._failure(exchange)
            if text is not None:
                texts.append(text)
        return texts

    def _work_on(self, exchange: Exchange, end: datetime | None) -> None:
        if exchange.session_id is None:
            return
        work = self._work.get(exchange.session_id)
        if work is None:
            work = self._work[exchange.session_id] = _Work(exchange.started_at, exchange.started_at, set())
        work.until = max(work.until, end or exchange.started_at)
        if end is None:
            work.live.add(exchange.id)
        else:
            work.live.discard(exchange.id)

    def _failure(self, exchange: Exchange) -> str | None:
        caller = exchange.session_id, exchange.agent_id
        if exchange.outcome is Outcome.OK:
            self._failing.discard(caller)
            self._failed.pop(caller, None)
        if not exchange.failed or caller in self._failing:
            return None
        failed = self._failed.setdefault(caller, {})
        failed[exchange.id] = exchange
        if len(failed) > _MOST_FAILED:
            del failed[next(iter(failed))]
        retries = next(call.retries for call in calls(failed.values()) if exchange.id in {one.id for one in call.tries})
        if not retries:
            return None
        self._failing.add(caller)
        del self._failed[caller]
        return outcomes.shortfall(replace(exchange, retry=retries)) if self._settings.errors else None

    def passed(self, now: datetime, title: Callable[[str], str]) -> list[str]:
        """Take the current time; return what to report about sessions that went idle. ``title`` returns a session's
        title."""
        texts: list[str] = []
        for session_id, work in list(self._work.items()):
            if work.live or now - work.until < LONGEST_GAP:
                continue
            del self._work[session_id]
            if self._settings.idle and work.until - work.since > _BUSY:
                span = times.duration((work.until - work.since).total_seconds() * 1000)
                texts.append(f"{title(session_id)} is idle after {span}")
        return texts

    def spent(self, today: date, usd: Decimal | None) -> list[str]:
        """Take today's total; return a text if it passed a threshold. The first total passes none: it is history."""
        total = usd or Decimal(0)
        first, self._told_usd = (self._day is None, Decimal(0)) if self._day != today else (False, self._told_usd)
        self._day = today
        passed = [mark for mark in self._settings.cost_marks_usd if self._told_usd < mark <= total]
        if first or passed:
            self._told_usd = max(self._told_usd, total)
        return (
            [f"today's cost passed {amounts.money(max(passed))}: {amounts.money(total)}"]
            if passed and not first
            else []
        )

    def stand(self, states: Iterable[BudgetState]) -> list[str]:
        """Take how the budgets stand; return texts about those that stand worse than before. What they are at first is
        history."""
        before = self._budgets
        now = {(state.name, state.target): state for state in states}
        self._budgets = {key: _stands(state) for key, state in now.items()}
        if before is None or not self._settings.budgets:
            return []
        return [_of_budget(state) for key, state in now.items() if _stands(state) > before.get(key, _FINE)]


def _stands(state: BudgetState) -> _Stands:
    alarming = _ALARMING[state.state]
    return (alarming, state.passed_mark) if alarming else _FINE


def _of_budget(state: BudgetState) -> str:
    what = "refuses requests" if state.state is BudgetStanding.BLOCKED else f"is at {used(state)}"
    return f"the budget {title(state)} {what}: {spent(state)} of {limit(state)} spent"


def _end(exchange: Exchange) -> datetime | None:
    """Return when an exchange ended; None if it is live."""
    return None if exchange.live else exchange.started_at + timedelta(milliseconds=exchange.marks.end or 0)


def escape_sequence(how: str, text: str, *, tmux: bool) -> str:
    """Return the sequence for a terminal: the bell, a desktop notification (OSC 9 or OSC 777), or nothing for ``off``.

    With ``tmux`` it is wrapped to pass through tmux to the outer terminal, which tmux's ``allow-passthrough`` must
    permit.
    """
    said = terminal_safe(f"candela: {text}")[:_LONGEST_TEXT]
    if how == "bell":
        return "\a"
    if how == "osc9":
        sequence = f"\x1b]9;{said}\x1b\\"
    elif how == "osc777":
        # Semicolons separate the parts of this sequence.
        sequence = f"\x1b]777;notify;candela;{said.removeprefix('candela: ').replace(';', ',')}\x1b\\"
    else:
        return ""
    escape = "\x1b"
    return f"{escape}Ptmux;{sequence.replace(escape, escape * 2)}{escape}\\" if tmux else sequence
