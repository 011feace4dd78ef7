"""Reads a usage report from a history."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from candela_tui.analysis.filter import Filter, parse
from candela_tui.exchange import Exchange
from candela_tui.keys.key import Key as OwnKey
from candela_tui.ledger.blocks import LENGTH, Blocks
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.session_sums import SessionTotals
from candela_tui.ledger.usage_report import (
    IN_TIME,
    MAIN_AGENT,
    OF_KEYS,
    Key,
    UsageBy,
    UsageGroup,
    UsageReport,
    UsageSums,
    period_of,
)
from candela_tui.ledger.what_if import Compared, Recount, WhatIf
from candela_tui.pricing import Pricer
from candela_tui.store.history import ExchangeQuery, History
from candela_tui.store.search import read_sessions, session_ids
from candela_tui.text.times import Clock

_EVERY_REQUEST = parse("")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report is wanted, and over which requests."""

    by: UsageBy
    clock: Clock
    """Its time zone says where days begin."""
    since: datetime | None = None
    until: datetime | None = None
    filter: Filter = _EVERY_REQUEST
    what_if: WhatIf | None = None
    keys: Mapping[str, OwnKey] = field(default_factory=dict)
    """The keys of candela's own by name, for reports by user and team."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row of a finished report, or the sums over all rows."""

    key: Key
    sums: UsageSums
    compared: Compared | None = None
    """What the requests cost, and would have cost; None if that is not asked."""


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """A report that was read."""

    wanted: Wanted
    rows: list[ReportRow]
    total: ReportRow
    sessions: Mapping[str | None, SessionTotals] = field(default_factory=dict)
    """The sessions, for their titles; only in a report by session."""
    subscription: bool = False
    """Whether a subscription pays for the latest request: the cost is then what the API would charge."""


class Selected(NamedTuple):
    """The requests of a session, the earliest first."""

    every: Sequence[Exchange]
    """Those that count, and those that say what the cache held before them."""
    ids: Set[str]
    """The ids of those that count."""


def read_report(
    history: History,
    wanted: Wanted,
    pricer: Callable[[], Pricer],
    each: Callable[[Iterable[Selected]], Iterable[Selected]] = iter,
) -> FinishedReport:
    """Read a report. Blocks for as long as it takes. Raises StoreError.

    ``pricer`` is only called for a what-if. With a filter or a what-if, which have to look at each request,
    ``each`` gets the sessions on their way, to show or to stop how far it is.
    """
    query = ExchangeQuery(since=wanted.since, until=wanted.until)
    recount = Recount(wanted.what_if, pricer()) if wanted.what_if is not None else None
    sessions: dict[str | None, SessionTotals] = {}
    if wanted.by in (UsageBy.SESSION, UsageBy.PROJECT, UsageBy.BRANCH):
        listed = history.totals(query, by=(Dimension.SESSION,)).sessions()
        sessions = {session.session_id: session for session in listed}
    key_of = _key_of(history, wanted, query, sessions)
    compared: dict[Key, Compared] = {}

    def begin() -> UsageReport:
        return UsageReport(wanted.by, key_of)

    if wanted.filter or recount is not None:
        report = begin()
        for selected in each(_selected(history, query, wanted)):
            for exchange in selected.every:
                other = recount.of(exchange) if recount is not None else None
                if exchange.id not in selected.ids:
                    continue
                group = UsageGroup.of(exchange)
                report.include(group)
                if other is not None:
                    compared.setdefault(key_of(group), Compared()).include(other)
    else:
        report = history.usage(query, begin)
    latest = history.exchanges(replace(query, limit=1))
    return _finished(wanted, report, compared, sessions, subscription=any(each.subscription for each in latest))


def _selected(history: History, query: ExchangeQuery, wanted: Wanted) -> Iterator[Selected]:
    if wanted.filter:
        for read in read_sessions(history, query, wanted.filter, wanted.clock.now()):
            yield Selected(read.exchanges, {exchange.id for exchange in read.exchanges})
        return
    for session_id in session_ids(history, query):
        every = history.exchanges(ExchangeQuery(session_id))
        yield Selected(every, {exchange.id for exchange in every if query.includes(exchange)})


def _key_of(
    history: History, wanted: Wanted, query: ExchangeQuery, sessions: Mapping[str | None, SessionTotals]
) -> Callable[[UsageGroup], Key]:
    """Return what a group of exchanges belongs to."""
    by, local = wanted.by, wanted.clock.local
    if by is UsageBy.BLOCKS:
        blocks = _blocks(history, query)
        return lambda group: blocks.at(group.first_at)
    if by in IN_TIME:
        return lambda group: period_of(local(group.first_at).date(), by)
    if by is UsageBy.AGENT:
        # The call that started an agent may be earlier than the requests that count.
        types = history.agent_types(replace(query, since=None)).by_agent()
        return lambda group: MAIN_AGENT if group.agent_id is None else types.get((group.session_id, group.agent_id))
    if by is UsageBy.SESSION:
        return lambda group: group.session_id
    if by is UsageBy.MODEL:
        return lambda group: group.model
    if by is UsageBy.KEY:
        return lambda group: group.key
    if by in OF_KEYS:
        owners = {name: key.user if by is UsageBy.USER else key.team for name, key in wanted.keys.items()}
        return lambda group: owners.get(group.key or "")
    # Requests without a session have nothing in common: of no directory or branch is known that it is theirs.
    places = {
        each.session_id: each.cwd if by is UsageBy.PROJECT else each.git_branch
        for each in sessions.values()
        if each.session_id is not None
    }
    return lambda group: places.get(group.session_id or "")


def _blocks(history: History, query: ExchangeQuery) -> Blocks:
    # An answer outside the time span may state the end of a window that reaches into it.
    since = query.since - LENGTH if query.since is not None else None
    until = query.until + LENGTH if query.until is not None else None
    told = history.five_hour_resets(replace(query, since=since, until=until))
    begun = (
        at for at, _ in told if (query.since is None or at >= query.since) and (query.until is None or at < query.until)
    )
    return Blocks(begun, (reset for _, reset in told if reset is not None))


def _finished(
    wanted: Wanted,
    report: UsageReport,
    compared: Mapping[Key, Compared],
    sessions: Mapping[str | None, SessionTotals],
    *,
    subscription: bool,
) -> FinishedReport:
    rows = [ReportRow(key, sums, compared.get(key)) for key, sums in report.rows()]
    total = None
    if wanted.what_if is not None:
        total = Compared()
        for each in compared.values():
            total.include(each)
    return FinishedReport(wanted, rows, ReportRow(None, report.total(), total), sessions, subscription)
