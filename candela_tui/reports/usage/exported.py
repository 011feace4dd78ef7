"""A usage report as a table to export: a row for each session, agent, model, day or project."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from candela_tui.exchange.facts import BY_NAME, Unit
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.usage_report import MAIN_AGENT, Key, UsageBy, UsageGroup, UsageReport, period_of
from candela_tui.reports.record_table import Column, RecordTable, TableOf
from candela_tui.reports.records import Record
from candela_tui.reports.usage.reading import FinishedReport, ReportRow, Wanted
from candela_tui.reports.usage.records import flat_records
from candela_tui.text.times import Clock


class By(StrEnum):
    """What a row sums up: the values of ``candela export --by``. Without one, each request has a row."""

    SESSION = "session"
    AGENT = "agent"
    MODEL = "model"
    DAY = "day"
    PROJECT = "project"


_REPORTS = {By.DAY: UsageBy.DAILY}
_UNITS = {
    **dict.fromkeys(("key", "models"), Unit.TEXT),
    **dict.fromkeys(("requests", "agents", "unpriced_requests"), Unit.NUMBER),
    **dict.fromkeys(("first_at", "last_at"), Unit.TIME),
}
_NAMES = (
    *("key", "models", "requests", "agents"),
    *("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens"),
    *("cost_usd", "saved_usd", "cache_hit_rate", "unpriced_requests", "first_at", "last_at"),
)
USAGE_COLUMNS = tuple(Column(name, _UNITS[name] if name in _UNITS else BY_NAME[name].unit) for name in _NAMES)
"""The columns: the fields of ``candela report --json`` that fit a cell."""


def usage_table(by: By, clock: Clock) -> TableOf:
    """Return what makes the table. The clock's time zone says where days begin."""
    return lambda sessions, _: _table(by, clock, sessions)


def _table(by: By, clock: Clock, sessions: Iterable[SessionRequests]) -> RecordTable:
    return RecordTable(USAGE_COLUMNS, _records(by, clock, sessions))


def _records(by: By, clock: Clock, sessions: Iterable[SessionRequests]) -> Iterator[Record]:
    key: Key = None
    report = UsageReport(_REPORTS.get(by) or UsageBy(by.value), lambda _: key)
    for read in sessions:
        for exchange in read.exchanges:
            group = UsageGroup.of(exchange)
            key = _key(by, clock, read, group, read.contexts[exchange.id].agent_type)
            report.include(group)
    rows = [ReportRow(key, sums) for key, sums in report.rows()]
    yield from flat_records(FinishedReport(Wanted(report.by, clock), rows, ReportRow(None, report.total())))


def _key(by: By, clock: Clock, read: SessionRequests, group: UsageGroup, agent_type: str | None) -> Key:
    if by is By.DAY:
        return period_of(clock.local(group.first_at).date(), UsageBy.DAILY)
    if by is By.AGENT:
        return MAIN_AGENT if group.agent_id is None else agent_type
    if by is By.MODEL:
        return group.model
    # Requests without a session have no directory in common.
    return group.session_id if by is By.SESSION else read.session.cwd if group.session_id is not None else None
