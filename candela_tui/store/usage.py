"""Reads what a usage report sums up: groups of exchanges, the types of agents, and the ends of rate limit windows."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, get_type_hints

from sqlalchemy import ColumnElement, Connection, select

from candela_tui.analysis.limits import five_hour_reset
from candela_tui.exchange import Exchange
from candela_tui.ledger.agent_types import AgentTypes
from candela_tui.ledger.usage_report import Interval, UsageGroup
from candela_tui.store.codecs import codec_of
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.schema import exchanges
from candela_tui.store.totals import NotSummable, grouped, source_of_exchanges, sources_of, text_of
from candela_tui.store.units import read_time

_HINTS: Final = get_type_hints(Exchange)
_read_delegations: Final = codec_of(_HINTS["delegations"]).read
_read_rate_limits: Final = codec_of(_HINTS["rate_limits"]).read
_DAMAGED: Final = (ValueError, TypeError, ArithmeticError)

_columns = exchanges.c


def read_groups(connection: Connection, query: ExchangeQuery, within: Interval | None) -> Iterator[UsageGroup]:
    """Yield the groups of the exchanges of a query that are not live, each within an interval of time or at any times.
    Raises NotSummable."""
    sources = [source_of_exchanges(query)] if within is Interval.SECOND else sources_of(connection, query)
    names = ("session_id", "agent_id", "model", *([within.value] if within is not None else []))
    for keys, (first, last, _), totals in grouped(connection, sources, *names):
        session_id, agent_id, model = map(text_of, keys[:3])
        yield UsageGroup(session_id, agent_id, model, _time(first), _time(last), totals)


def read_agent_types(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> AgentTypes:
    """Return the types of sub-agents that the exchanges state that meet all conditions. Raises NotSummable."""
    types = AgentTypes()
    stating = _columns.agent_id.is_not(None) | _columns.delegations.is_not(None)
    names = ("session_id", "agent_id", "agent_type", "request_class", "task")
    wanted = select(*(_columns[name] for name in names), _columns.delegations).where(*conditions, stating)
    for *texts, stored in connection.execute(wanted.order_by(_columns.id)):
        session_id, agent_id, agent_type, request_class, task = map(text_of, texts)
        try:
            delegations = _read_delegations(stored) if stored is not None else ()
        except _DAMAGED as error:
            raise NotSummable from error
        types.session(session_id).add(agent_id, agent_type, request_class, task, delegations)
    return types


def read_five_hour_resets(
    connection: Connection, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield when each exchange began that meets all conditions, and the end of the window of five hours that its answer
    states. Raises NotSummable."""
    wanted = select(_columns.started_at_us, _columns.rate_limits).where(*conditions)
    for began, stored in connection.execute(wanted):
        try:
            limits = _read_rate_limits(stored) if stored is not None else ()
        except _DAMAGED as error:
            raise NotSummable from error
        yield _time(began), five_hour_reset(limits)


def _time(microseconds: Any) -> datetime:
    try:
        return read_time(microseconds)
    except (TypeError, OverflowError) as error:
        raise NotSummable from error
