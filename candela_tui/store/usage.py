"""Reads what reports sum up: groups of exchanges, the types of agents, and the windows of a subscription."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, get_type_hints

from sqlalchemy import ColumnElement, Connection, case, func, select

from candela_tui.analysis.limit_history import WEIGHTS, LimitedRequest
from candela_tui.analysis.limits import Window, five_hour_reset, stated_limits
from candela_tui.exchange import Exchange
from candela_tui.ledger.agent_types import AgentTypes
from candela_tui.ledger.usage_report import Interval, UsageGroup
from candela_tui.store.codecs import codec_of
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.schema import exchanges
from candela_tui.store.sums import COST_PARTS, LIVE, STORED, keys
from candela_tui.store.totals import NotSummable, grouped, source_of_exchanges, sources_of, text_of
from candela_tui.store.units import read_money, read_time

_HINTS: Final = get_type_hints(Exchange)
_read_delegations: Final = codec_of(_HINTS["delegations"]).read
_read_rate_limits: Final = codec_of(_HINTS["rate_limits"]).read
_STATED: Final = 1000
"""Statements of limits that are remembered while requests are read."""
_DAMAGED: Final = (ValueError, TypeError, ArithmeticError)

_columns = exchanges.c


def read_groups(
    connection: Connection, query: ExchangeQuery, within: Interval | None, *, keyed: bool = False
) -> Iterator[UsageGroup]:
    """Yield the groups of the exchanges of a query that are not live, each within an interval of time or at any times,
    and with ``keyed``, each of one key. Raises NotSummable."""
    # The sums that are kept know no seconds and no keys.
    each = within is Interval.SECOND or keyed
    sources = [source_of_exchanges(query)] if each else sources_of(connection, query)
    texts = ("session_id", "agent_id", "model", *(["key"] if keyed else []))
    names = (*texts, *([within.value] if within is not None else []))
    for group, (first, last, _), totals in grouped(connection, sources, *names):
        session_id, agent_id, model, *key = map(text_of, group[: len(texts)])
        yield UsageGroup(session_id, agent_id, model, _time(first), _time(last), totals, *key)


def read_agent_types(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> AgentTypes:
    """Return the types of sub-agents that the exchanges state that meet all conditions. Raises NotSummable."""
    types = AgentTypes()
    stating = _columns.agent_id.is_not(None) | _columns.delegations.is_not(None)
    names = ("id", "session_id", "agent_id", "agent_type", "request_class", "task")
    wanted = select(*(_columns[name] for name in names), _columns.delegations).where(*conditions, stating)
    for *texts, stored in connection.execute(wanted.order_by(_columns.id)):
        exchange_id, session_id, agent_id, agent_type, request_class, task = map(text_of, texts)
        try:
            delegations = _read_delegations(stored) if stored is not None else ()
        except _DAMAGED as error:
            raise NotSummable from error
        assert exchange_id is not None
        types.session(session_id).add(exchange_id, agent_id, agent_type, request_class, task, delegations)
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


def read_limited_requests(
    connection: Connection, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[LimitedRequest]:
    """Yield the requests that meet all conditions and count in the windows of a subscription. Raises NotSummable."""
    # Most answers state what the one before them does.
    windows_of, known = lru_cache(maxsize=_STATED)(_windows), lru_cache(maxsize=_STATED)(text_of)
    cost = [func.coalesce(_columns[name], 0) for name in COST_PARTS]
    weighted = [func.coalesce(_columns[name], 0) * weight for name, weight in WEIGHTS.items()]
    wanted = select(
        _columns.session_id,
        _columns.agent_id,
        keys(STORED)["model"],
        _columns.started_at_us,
        _columns.first_byte_ms,
        _columns.end_ms,
        _columns.rate_limits,
        _columns.subscription,
        case((_columns.cost_at_least.is_not(None), sum(cost[1:], start=cost[0]))),
        sum(weighted[1:], start=weighted[0]),
    ).where(
        *conditions,
        _columns.outcome != LIVE,
        _columns.imported.is_(None),
        _columns.rate_limits.is_not(None) | _columns.subscription,
    )
    for row in connection.execute(wanted):
        session_id, agent_id, model, started_us, first_byte_ms, end_ms, stated, subscription, picodollars, weight = row
        try:
            windows = windows_of(stated) if stated is not None else ()
            if windows or subscription:
                yield LimitedRequest(
                    known(session_id),
                    known(agent_id),
                    known(model),
                    read_time(started_us + round((first_byte_ms or 0) * 1000)),
                    read_time(started_us + round((end_ms or first_byte_ms or 0) * 1000)),
                    windows,
                    read_money(picodollars) if picodollars is not None else None,
                    weight,
                )
        except _DAMAGED as error:
            raise NotSummable from error


def _windows(stored: Any) -> tuple[Window, ...]:
    limits = stated_limits(_read_rate_limits(stored), None)
    return limits.windows if limits is not None else ()


def _time(microseconds: Any) -> datetime:
    try:
        return read_time(microseconds)
    except (TypeError, OverflowError) as error:
        raise NotSummable from error
