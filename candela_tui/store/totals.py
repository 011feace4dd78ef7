"""Sums over recorded exchanges, computed by the database. They equal those of a ledger that counts each exchange."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, RowMapping, case, func, select

from candela_tui.exchange import Outcome
from candela_tui.ledger.ledger import QUARTER_S, Dimension, Ledger
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import FREE_KINDS, SIDE_KINDS
from candela_tui.store.codecs import read_text, stored_list
from candela_tui.store.schema import exchanges
from candela_tui.store.units import read_money, read_time

_QUARTER_US: Final = QUARTER_S * 1_000_000
_AT_ONCE: Final = 10_000
"""Ids per statement: SQLite accepts 32,766 parameters (https://sqlite.org/limits.html)."""
_ONLY_MODEL: Final = f"{stored_list((None, None, None))[:-1]},%"
"""Clues that only name the model: each request with a context window of a million tokens has them."""
_FAILED: Final = (Outcome.ERROR.value, Outcome.CUT.value)

_columns = exchanges.c
model_name = func.coalesce(func.nullif(_columns.model_used, ""), _columns.model)
"""The model that served an exchange, or that it asked for."""


class NotSummable(ValueError):
    """A row holds a value of another type than its column, so the sums over it would be wrong."""


class _Sum(NamedTuple):
    """One field of ``Totals`` as a sum that the database computes."""

    field: str
    expression: ColumnElement[Any]
    is_money: bool = False


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count(case((condition, 1)))


_parts_of_cost = (
    _columns.cost_input,
    _columns.cost_cache_read,
    _columns.cost_cache_write,
    _columns.cost_output,
    _columns.cost_web_searches,
)
_is_side = _columns.kind.in_([kind.value for kind in SIDE_KINDS])
_is_priced = _columns.cost_at_least.is_not(None)
_cost = sum(_parts_of_cost[1:], start=_parts_of_cost[0] + 0)

_SUMS: Final = (
    _Sum("requests", func.count()),
    _Sum("errors", _count(_columns.outcome.in_(_FAILED))),
    _Sum("free", _count(_columns.kind.in_([kind.value for kind in FREE_KINDS]) | (_columns.method == "HEAD"))),
    _Sum("counted", func.count(_columns.usage_iterations)),
    _Sum("input_tokens", func.sum(_columns.input_tokens)),
    _Sum("cache_read_tokens", func.sum(_columns.cache_read_tokens)),
    _Sum("cache_write_5m_tokens", func.sum(_columns.cache_write_5m_tokens)),
    _Sum("cache_write_1h_tokens", func.sum(_columns.cache_write_1h_tokens)),
    _Sum("output_tokens", func.sum(_columns.output_tokens)),
    *(_Sum(f"{part.name.removeprefix('cost_')}_usd", func.sum(part), is_money=True) for part in _parts_of_cost),
    _Sum("priced", func.count(_columns.cost_at_least)),
    _Sum("unpriced", func.count(case((~_is_priced, _columns.unpriced_model)))),
    _Sum("lower_bounds", func.sum(_columns.cost_at_least, type_=BigInteger())),
    _Sum("unread", func.count(_columns.unread)),
    _Sum("imported", func.count(_columns.imported)),
    _Sum("side_requests", _count(_is_side)),
    _Sum("side_cost_usd", func.sum(case((_is_side, _cost))), is_money=True),
    _Sum("saved_usd", func.sum(case((_is_priced, _columns.saved))), is_money=True),
    _Sum("counted_otherwise", func.count(_columns.client_cost)),
    _Sum("client_difference", func.sum(_columns.client_cost - func.coalesce(_cost, 0)), is_money=True),
)


def read_ledger(connection: Connection, conditions: Sequence[ColumnElement[bool]], by: Collection[Dimension]) -> Ledger:
    """Return the sums over the exchanges that meet all conditions and are not live. Raises NotSummable."""
    ledger = Ledger()
    ended = (*conditions, _columns.outcome != Outcome.LIVE.value)
    if Dimension.SESSION in by:
        _read_sessions(connection, ended, ledger)
    else:
        ledger.totals.include(next(totals for _, totals in grouped(connection, ended)))
    if Dimension.AGENT in by:
        for row, totals in grouped(
            connection, (*ended, _columns.agent_id.is_not(None)), _columns.session_id, _columns.agent_id
        ):
            agent_id = text_of(row["agent_id"])
            assert agent_id is not None
            ledger.session_sums(text_of(row["session_id"])).agent(agent_id).include(totals)
    if Dimension.MODEL in by:
        for row, totals in grouped(connection, ended, model_name.label("model")):
            ledger.model_sums(text_of(row["model"])).include(totals)
    if Dimension.TIME in by:
        for row, totals in grouped(connection, ended, (_columns.started_at_us // _QUARTER_US).label("quarter")):
            ledger.quarter_sums(row["quarter"]).include(totals)
    return ledger


def _read_sessions(connection: Connection, conditions: Sequence[ColumnElement[bool]], ledger: Ledger) -> None:
    first, last = func.min(_columns.started_at_us).label("first"), func.max(_columns.started_at_us).label("last")
    named = func.max(case((_columns.client.is_not(None), _columns.id))).label("named")
    names: list[str] = []
    for row, totals in grouped(connection, conditions, _columns.session_id, also=(first, last, named)):
        session = ledger.session_sums(text_of(row["session_id"]))
        session.totals.include(totals)
        ledger.totals.include(totals)
        try:
            session.span(read_time(row["first"]), read_time(row["last"]))
        except (TypeError, OverflowError) as error:
            raise NotSummable from error
        if row["named"] is not None:
            names.append(row["named"])
    facts = select(_columns.id, _columns.session_id, _columns.session_title, _columns.clues)
    stating = (_columns.session_title.is_not(None) | _columns.clues.not_like(_ONLY_MODEL),)
    for row in connection.execute(facts.where(*conditions, *stating)).mappings():
        try:
            clues = SessionClues(*json.loads(row["clues"])) if row["clues"] else None
        except (ValueError, TypeError) as error:
            raise NotSummable from error
        ledger.session_sums(text_of(row["session_id"])).learn(row["id"], text_of(row["session_title"]), clues, None)
    clients = select(_columns.id, _columns.session_id, _columns.client)
    for start in range(0, len(names), _AT_ONCE):
        some = clients.where(_columns.id.in_(names[start : start + _AT_ONCE]))
        for row in connection.execute(some).mappings():
            session = ledger.session_sums(text_of(row["session_id"]))
            session.learn(row["id"], None, None, text_of(row["client"]))


def grouped(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *groups: ColumnElement[Any],
    also: Sequence[ColumnElement[Any]] = (),
) -> Iterator[tuple[RowMapping, Totals]]:
    """Yield each group with its sums. Raises NotSummable."""
    summed = [each.expression.label(each.field) for each in _SUMS]
    wanted = select(*groups, *also, *summed).where(*conditions)
    if groups:
        wanted = wanted.group_by(*groups)
    for row in connection.execute(wanted).mappings():
        totals = Totals()
        for each in _SUMS:
            value = row[each.field]
            if value is None:
                continue
            # SQLite's sum() is a float if one value is not an integer (https://sqlite.org/lang_aggfunc.html#sumunc).
            if not isinstance(value, int):
                raise NotSummable
            setattr(totals, each.field, read_money(value) if each.is_money else value)
        yield row, totals


def text_of(value: Any) -> str | None:
    """Return stored text. Raises NotSummable if the value has another type."""
    if value is not None and not isinstance(value, str | bytes):
        raise NotSummable
    try:
        return read_text(value)
    except UnicodeDecodeError as error:
        raise NotSummable from error
