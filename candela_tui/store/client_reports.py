"""What the client's telemetry says, joined to stored exchanges."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from candela_tui.exchange import ClientReport, ToolRun
from candela_tui.store.codecs import codec_of, stored_text
from candela_tui.store.schema import exchanges
from candela_tui.store.units import stored_money

_MOST_WAITING: Final = 5_000
_PATIENCE_S: Final = 30.0
"""Seconds for which a report waits for its exchange to be stored."""
_EXACT: Final = Decimal("1e-12")
_RUNS: Final = codec_of(tuple[ToolRun, ...])
_of = exchanges.c

_BY_REQUEST: Final = (
    select(_of.id, _of.tool_runs)
    .where(_of.session_id == bindparam("session"), _of.request_id == bindparam("request"))
    .order_by(_of.id.desc())
    .limit(1)
)
_WITH_RUN: Final = (
    select(_of.id, _of.tool_runs)
    .where(_of.session_id == bindparam("session"), _of.tool_runs.contains(bindparam("call"), autoescape=False))
    .order_by(_of.id.desc())
    .limit(1)
)
_CALLING: Final = (
    select(_of.id, _of.tool_runs)
    .where(
        _of.session_id == bindparam("session"),
        _of.started_at_us <= bindparam("at_us"),
        _of.tools_called.contains(bindparam("tool"), autoescape=False),
    )
    .order_by(_of.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    report: ClientReport
    until: float


class WaitingReports:
    """Reports that are not joined yet. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque(maxlen=_MOST_WAITING)

    def add(self, reports: Sequence[ClientReport]) -> None:
        """Queue reports."""
        until = time.monotonic() + _PATIENCE_S
        with self._lock:
            self._waiting.extend(_Waiting(report, until) for report in reports)

    def take(self) -> list[_Waiting]:
        """Return what waits, the first first, and forget it."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

    def give_back(self, waiting: Sequence[_Waiting]) -> None:
        """Queue again what was taken and has no exchange yet, unless it has waited for long."""
        now = time.monotonic()
        with self._lock:
            self._waiting.extendleft(each for each in reversed(waiting) if each.until > now)


def write_reports(connection: Connection, waiting: Sequence[_Waiting]) -> tuple[dict[str, None], list[_Waiting]]:
    """Join reports to their exchanges, in a transaction of the caller.

    Returns the ids of the exchanges that changed, and the reports whose exchange is not stored.
    """
    changed: dict[str, None] = {}
    missing: list[_Waiting] = []
    for each in waiting:
        exchange_id = _write(connection, each.report)
        if exchange_id is None:
            missing.append(each)
        else:
            changed[exchange_id] = None
    return changed, missing


def _write(connection: Connection, report: ClientReport) -> str | None:
    row = _row(connection, report)
    if row is None:
        return None
    values: dict[str, Any] = {}
    if report.usd is not None:
        values["reported_cost"] = stored_money(report.usd.quantize(_EXACT))
    if report.tool is not None:
        runs: tuple[ToolRun, ...] = _RUNS.read(row.tool_runs) if row.tool_runs else ()
        known = {run.call_id: run for run in runs}
        before = known.get(report.tool.call_id)
        known[report.tool.call_id] = before.joined(report.tool) if before is not None else report.tool
        values["tool_runs"] = _RUNS.write(tuple(known.values()))
    if values:
        connection.execute(update(exchanges).where(_of.id == row.id).values(values))
    found: str = row.id
    return found


def _row(connection: Connection, report: ClientReport) -> Any:
    session = stored_text(report.session_id)
    if report.request_id is not None:
        named = {"session": session, "request": stored_text(report.request_id)}
        return connection.execute(_BY_REQUEST, named).one_or_none()
    tool = report.tool
    if tool is None:
        return None
    # Older clients do not name the request: it is the one that has the call, or else the last that calls the tool.
    known = connection.execute(_WITH_RUN, {"session": session, "call": f'"{tool.call_id}"'}).one_or_none()
    if known is not None:
        return known
    at_us = round(report.at * 1_000_000)
    return connection.execute(_CALLING, {"session": session, "at_us": at_us, "tool": f'"{tool.tool}"'}).one_or_none()
