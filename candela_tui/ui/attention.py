"""What to tell the user who looks elsewhere, and how a terminal is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from candela_tui.analysis.retries import calls
from candela_tui.config import AttentionSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.ui import outcomes, words
from candela_tui.ui.plain import plain

LONGEST_GAP = timedelta(seconds=20)
"""Between two requests of a session that is at work: tools run meanwhile."""
_BUSY = timedelta(minutes=1)
_LONGEST_TEXT = 200
_WORK = frozenset({Kind.MESSAGES})
_MOST_FAILED = 20
"""Failures of one caller among which the earlier tries of a call are looked for."""

_Caller = tuple[str | None, str | None]
"""Session and agent."""


@dataclass(slots=True)
class _Work:
    """A stretch of a session's requests with no longer gap."""

    since: datetime
    until: datetime
    live: set[str]


class Attention:
    """Decides what to tell. It hears of exchanges and of the time, and answers with texts; it does no I/O.

    ``since``: what ended before that moment is history, and never told.
    """

    def __init__(self, settings: AttentionSettings, since: datetime) -> None:
        self._settings = settings
        self._since = since
        self._work: dict[str, _Work] = {}
        self._failing: set[_Caller] = set()
        self._failed: dict[_Caller, dict[str, Exchange]] = {}
        """What failed by caller and id, since something of the caller's worked or a failure was told."""
        self._day: date | None = None
        self._told_usd = Decimal(0)

    @property
    def waiting(self) -> bool:
        """Whether time alone may bring something to tell."""
        return bool(self._work)

    def heard(self, exchanges: Iterable[Exchange]) -> list[str]:
        """Take changed exchanges; what to tell of them now."""
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
        """Take the time; what to tell of sessions that became idle. ``title``: what a session is called."""
        texts: list[str] = []
        for session_id, work in list(self._work.items()):
            if work.live or now - work.until < LONGEST_GAP:
                continue
            del self._work[session_id]
            if self._settings.idle and work.until - work.since > _BUSY:
                span = words.duration((work.until - work.since).total_seconds() * 1000)
                texts.append(f"{title(session_id)} is idle after {span}")
        return texts

    def spent(self, today: date, usd: Decimal | None) -> list[str]:
        """Take today's total; whether it passed a mark. The first total that is heard passes none: it is history."""
        total = usd or Decimal(0)
        first, self._told_usd = (self._day is None, Decimal(0)) if self._day != today else (False, self._told_usd)
        self._day = today
        passed = [mark for mark in self._settings.cost_marks_usd if self._told_usd < mark <= total]
        if first or passed:
            self._told_usd = max(self._told_usd, total)
        return [f"today's cost passed {words.money(max(passed))}: {words.money(total)}"] if passed and not first else []


def _end(exchange: Exchange) -> datetime | None:
    """When it ended; None: it is live."""
    return None if exchange.live else exchange.started_at + timedelta(milliseconds=exchange.marks.end or 0)


def escape_sequence(how: str, text: str, *, tmux: bool) -> str:
    """What a terminal gets: its bell, or a notice on the desktop (OSC 9 or OSC 777); nothing for ``off``.

    ``tmux``: wrapped to pass through tmux to the terminal around it, which its ``allow-passthrough`` has to permit.
    """
    said = plain(f"candela: {text}")[:_LONGEST_TEXT]
    if how == "bell":
        return "\a"
    if how == "osc9":
        sequence = f"\x1b]9;{said}\x1b\\"
    elif how == "osc777":
        # The parts of this sequence end at semicolons.
        sequence = f"\x1b]777;notify;candela;{said.removeprefix('candela: ').replace(';', ',')}\x1b\\"
    else:
        return ""
    escape = "\x1b"
    return f"{escape}Ptmux;{sequence.replace(escape, escape * 2)}{escape}\\" if tmux else sequence
