"""The running sums over exchanges: by session, agent, project, model and time."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from candela_tui.exchange import Exchange
from candela_tui.ledger.session_sums import SessionFacts, SessionSums, SessionTotals
from candela_tui.ledger.totals import Totals, sum_of
from candela_tui.text.times import QUARTER_S

_LONGEST_DAY = timedelta(hours=26)
"""A day is longer than 24 hours when clocks are set back."""


class Dimension(StrEnum):
    """The dimensions that sums can be kept by. Sums by project are derived from those by session."""

    SESSION = "session"
    AGENT = "agent"
    MODEL = "model"
    TIME = "time"


EVERY_DIMENSION = frozenset(Dimension)


class Ledger:
    """Sums over exchanges, updated with each change. It keeps no exchanges.

    It is not thread-safe: only the thread that changes it may use it.
    """

    def __init__(self) -> None:
        self.totals = Totals()
        self._sessions: dict[str | None, SessionSums] = {}
        self._models: dict[str | None, Totals] = {}
        self._quarters: dict[int, Totals] = {}

    @classmethod
    def of(cls, exchanges: Iterable[Exchange]) -> "Ledger":
        """Return the sums over some exchanges."""
        ledger = cls()
        for _ in ledger.adding(exchanges):
            pass
        return ledger

    def adding(self, exchanges: Iterable[Exchange]) -> Iterator[None]:
        """Add exchanges, one per step."""
        for exchange in exchanges:
            self.change(None, exchange)
            yield

    def change(self, before: Exchange | None, after: Exchange) -> None:
        """Count an exchange. ``before`` is its previously counted snapshot, if any."""
        if before is not None:
            self.remove(before)
        self.totals.add(after)
        self.session_sums(after.session_id).add(after)
        self.model_sums(_model(after)).add(after)
        self.quarter_sums(_quarter(after.started_at)).add(after)

    def remove(self, exchange: Exchange) -> None:
        """Count an exchange no more."""
        self.totals.remove(exchange)
        session = self.session_sums(exchange.session_id)
        session.remove(exchange)
        if not session.totals.requests:
            del self._sessions[exchange.session_id]
        model = self.model_sums(_model(exchange))
        model.remove(exchange)
        if not model.requests:
            del self._models[_model(exchange)]
        self.quarter_sums(_quarter(exchange.started_at)).remove(exchange)

    def include(self, other: "Ledger") -> None:
        """Add the sums over other exchanges."""
        for _ in self.including(other):
            pass

    def including(self, other: "Ledger") -> Iterator[None]:
        """Add the sums over other exchanges, a few per step."""
        self.totals.include(other.totals)
        for session_id, session in other._sessions.items():
            self.session_sums(session_id).include(session)
            yield
        for model, totals in other._models.items():
            self.model_sums(model).include(totals)
            yield
        for quarter, totals in other._quarters.items():
            self.quarter_sums(quarter).include(totals)
            yield

    def session_sums(self, session_id: str | None) -> SessionSums:
        """Return the running sums of a session."""
        found = self._sessions.get(session_id)
        if found is None:
            found = self._sessions[session_id] = SessionSums(session_id)
        return found

    def model_sums(self, model: str | None) -> Totals:
        """Return the running sums of a model; None selects requests that name no model, such as probes."""
        return self._models.setdefault(model, Totals())

    def quarter_sums(self, quarter: int) -> Totals:
        """Return the running sums of the exchanges that began in a quarter of an hour, counted since 1970 UTC."""
        return self._quarters.setdefault(quarter, Totals())

    def session(self, session_id: str | None) -> Totals:
        """Return the sums of a session."""
        found = self._sessions.get(session_id)
        return found.totals.copy() if found else Totals()

    def about(self, session_id: str | None) -> SessionFacts:
        """Return what the requests of a session state about it."""
        found = self._sessions.get(session_id)
        return found.facts if found else SessionFacts()

    def agent(self, session_id: str | None, agent_id: str) -> Totals:
        """Return the sums of one sub-agent."""
        session = self._sessions.get(session_id)
        found = session.agents.get(agent_id) if session else None
        return found.copy() if found else Totals()

    def project(self, cwd: str) -> Totals:
        """Return the sums of the sessions that work in a directory."""
        return sum_of(session.totals for session in self._sessions.values() if session.cwd == cwd)

    def model(self, name: str) -> Totals:
        """Return the sums of the requests that a model served, or that asked for it and were not served."""
        found = self._models.get(name)
        return found.copy() if found else Totals()

    def sessions(self) -> list[SessionTotals]:
        """Return every session, the most recently active first. Free requests without a session, such as those of a
        live check, open none."""
        listed = [session.snapshot() for session in self._sessions.values() if not _only_free(session)]
        listed.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
        return listed

    def by_session(self) -> dict[str | None, Totals]:
        """Return the sums of each session."""
        return {session_id: session.totals.copy() for session_id, session in self._sessions.items()}

    def by_model(self) -> dict[str | None, Totals]:
        """Return the sums of each model."""
        return {name: totals.copy() for name, totals in self._models.items()}

    def by_day(self, local: Callable[[datetime], datetime]) -> dict[date, Totals]:
        """Return the sums of each day. ``local`` converts a moment to the time zone whose days are used."""
        days: dict[date, Totals] = {}
        for quarter, totals in self._quarters.items():
            if totals.requests:
                days.setdefault(local(_moment(quarter)).date(), Totals()).include(totals)
        return days

    def day(self, now: datetime, local: Callable[[datetime], datetime]) -> Totals:
        """Return the sums of the exchanges that began on the same day as ``now``, including later ones."""
        today = local(now).date()
        totals = Totals()
        for quarter in range(_quarter(now - _LONGEST_DAY), _quarter(now + _LONGEST_DAY) + 1):
            found = self._quarters.get(quarter)
            if found is not None and local(_moment(quarter)).date() == today:
                totals.include(found)
        return totals

    def cost_by_hour(self, now: datetime, hours: int, local: Callable[[datetime], datetime]) -> list[Decimal]:
        """Return the USD spent in each of the last ``hours`` clock hours, earliest first, including the current one."""
        this_hour = local(now).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        begin = _quarter(this_hour - (hours - 1) * timedelta(hours=1))
        spent = [Decimal(0)] * hours
        for quarter in range(begin, _quarter(now) + 1):
            totals = self._quarters.get(quarter)
            if totals is not None:
                spent[(quarter - begin) // 4] += totals.cost_usd
        return spent


def most_expensive_first(sums: dict[str | None, Totals]) -> list[tuple[str | None, Totals]]:
    """Return sums, the most expensive first; those without a price come last."""
    return sorted(sums.items(), key=lambda each: (-each[1].cost_usd, -each[1].requests))


def _only_free(session: SessionSums) -> bool:
    return session.session_id is None and session.totals.all_free


def _model(exchange: Exchange) -> str | None:
    return exchange.model_used or exchange.model


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp() // QUARTER_S)


def _moment(quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * QUARTER_S, UTC)
