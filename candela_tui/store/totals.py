"""Sums over recorded exchanges, read from the stored sums. They equal those of a ledger that counts each exchange."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, func, literal_column, or_, select, text

from candela_tui.exchange import Continued
from candela_tui.ledger.ledger import Dimension, Ledger
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.store.codecs import read_text, stored_text
from candela_tui.store.dialects import same, total
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.store.schema import STATING, exchanges, sums
from candela_tui.store.sums import LIVE, PARTS, QUARTER_US, SECOND_US, STORED, Columns, bounds, keys
from candela_tui.store.units import read_money, read_time, stored_time

_AT_ONCE: Final = 10_000
"""Ids per statement: SQLite accepts 32,766 parameters (https://sqlite.org/limits.html)."""
_NAMES: Final = tuple(part.name for part in PARTS)
_BOUNDS: Final = 3
"""How many columns of a group stand before its sums: the bounds."""


class NotSummable(ValueError):
    """A row holds a value of another type than its column, so the sums over it would be wrong."""


class Source(NamedTuple):
    """What sums are read from: how it is grouped, what is summed, and the conditions for it."""

    groups: Columns
    sums: Columns
    conditions: Sequence[ColumnElement[bool]]


def read_ledger(
    connection: Connection, query: ExchangeQuery, without: Collection[str], by: Collection[Dimension]
) -> Ledger:
    """Return the sums over the exchanges of a query that are not live. Raises NotSummable."""
    ledger = Ledger()
    sources = sources_of(connection, query, without)
    for _, _, totals in grouped(connection, sources):
        ledger.totals.include(totals)
    if Dimension.SESSION in by:
        _read_sessions(connection, sources, ledger)
        _read_facts(connection, [*conditions(query, without), exchanges.c.outcome != LIVE], ledger)
    if Dimension.AGENT in by:
        agents = grouped(connection, sources, "session_id", "agent_id", known="agent_id")
        for (session_id, agent_id), _, totals in agents:
            agent = text_of(agent_id)
            assert agent is not None
            ledger.session_sums(text_of(session_id)).agent(agent).include(totals)
    if Dimension.MODEL in by:
        for (model,), _, totals in grouped(connection, sources, "model"):
            ledger.model_sums(text_of(model)).include(totals)
    if Dimension.TIME in by:
        for (quarter,), _, totals in grouped(connection, sources, "quarter"):
            ledger.quarter_sums(quarter).include(totals)
    return ledger


def conditions(query: ExchangeQuery, without: Collection[str] = ()) -> list[ColumnElement[bool]]:
    """Return the conditions that the exchanges of a query meet."""
    of, found = exchanges.c, _of_session(exchanges, query)
    if query.since is not None:
        found.append(of.started_at_us >= stored_time(query.since))
    if query.until is not None:
        found.append(of.started_at_us < stored_time(query.until))
    if query.before is not None:
        found.append(of.id < stored_text(query.before))
    if query.keys is not None:
        found.append(of.key.in_(map(stored_text, query.keys)))
    if without:
        found.append(of.id.not_in(without))
    return found


def _of_session(table: FromClause, query: ExchangeQuery) -> list[ColumnElement[bool]]:
    if query.session_id is EVERY_SESSION:
        return []
    return [same(table.c.session_id, stored_text(query.session_id))]


def sources_of(connection: Connection, query: ExchangeQuery, without: Collection[str] = ()) -> list[Source]:
    """Return where the sums over the exchanges of a query that are not live are read. Raises NotSummable.

    These are the stored sums, and the exchanges of the quarters of an hour that count only in part.
    """
    if query.before is not None or query.keys is not None:
        return [source_of_exchanges(query, without)]
    quarter, found = sums.c.quarter, _of_session(sums, query)
    partial = set(_quarters(connection, without))
    if query.since is not None:
        first, within = divmod(stored_time(query.since), QUARTER_US)
        found.append(quarter >= first)
        if within:
            partial.add(first)
    if query.until is not None:
        last, within = divmod(stored_time(query.until), QUARTER_US)
        found.append(quarter <= last if within else quarter < last)
        if within:
            partial.add(last)
    counted: Columns = {
        "first_us": func.min(sums.c.first_us),
        "last_us": func.max(sums.c.last_us),
        "named": func.max(sums.c.named),
        **{part.name: total(sums.c[part.name]) for part in PARTS},
    }
    groups: Columns = {name: sums.c[name] for name in keys(STORED)}
    if not partial:
        return [Source(groups, counted, found)]
    begun_at = exchanges.c.started_at_us
    begun = or_(*(begun_at.between(each * QUARTER_US, (each + 1) * QUARTER_US - 1) for each in partial))
    return [Source(groups, counted, [*found, quarter.not_in(partial)]), source_of_exchanges(query, without, begun)]


def source_of_exchanges(query: ExchangeQuery, without: Collection[str] = (), *more: ColumnElement[bool]) -> Source:
    """Return the exchanges themselves as a source. They can also be grouped by the ``second`` of their beginning, and
    by their ``key``."""
    groups: Columns = {
        **keys(STORED),
        "key": STORED["key"],
        "second": STORED["started_at_us"] // literal_column(str(SECOND_US), BigInteger()),
    }
    counted: Columns = {**bounds(STORED), **{part.name: total(part.of(STORED)) for part in PARTS}}
    return Source(groups, counted, [*conditions(query, without), STORED["outcome"] != LIVE, *more])


def _quarters(connection: Connection, exchange_ids: Collection[str]) -> Iterator[int]:
    """Yield the quarters of an hour of those exchanges that are stored. Raises NotSummable."""
    of, wanted = exchanges.c, list(exchange_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        begun = select(of.started_at_us).where(of.id.in_(wanted[start : start + _AT_ONCE]))
        for at in connection.execute(begun).scalars():
            if not isinstance(at, int):
                raise NotSummable
            yield at // QUARTER_US


def _read_sessions(connection: Connection, sources: Sequence[Source], ledger: Ledger) -> None:
    names: list[str] = []
    for (session_id,), (first, last, named), totals in grouped(connection, sources, "session_id"):
        session = ledger.session_sums(text_of(session_id))
        session.totals.include(totals)
        try:
            session.span(read_time(first), read_time(last))
        except (TypeError, OverflowError) as error:
            raise NotSummable from error
        if named is not None:
            names.append(named)
    clients = select(exchanges.c.id, exchanges.c.session_id, exchanges.c.client)
    for start in range(0, len(names), _AT_ONCE):
        some = clients.where(exchanges.c.id.in_(names[start : start + _AT_ONCE]))
        for exchange_id, session_id, client in connection.execute(some):
            ledger.session_sums(text_of(session_id)).learn(exchange_id, None, None, text_of(client))


def _read_facts(connection: Connection, ended: Sequence[ColumnElement[bool]], ledger: Ledger) -> None:
    of = exchanges.c
    facts = select(of.id, of.session_id, of.session_title, of.clues, of.continues).where(text(f"({STATING})"), *ended)
    for exchange_id, session_id, title, stored_clues, stored_continues in connection.execute(facts):
        try:
            clues = SessionClues(*json.loads(stored_clues)) if stored_clues else None
            continues = Continued(*json.loads(stored_continues)) if stored_continues else None
        except (ValueError, TypeError) as error:
            raise NotSummable from error
        ledger.session_sums(text_of(session_id)).learn(exchange_id, text_of(title), clues, None, continues)


def grouped(
    connection: Connection, sources: Sequence[Source], *groups: str, known: str | None = None
) -> Iterator[tuple[Sequence[Any], Sequence[Any], Totals]]:
    """Yield each group of each source, with its bounds and its sums. Leaves out the groups where ``known`` is NULL.

    Raises NotSummable.
    """
    for source in sources:
        wanted = [source.groups[name].label(name) for name in groups]
        summed = [expression.label(name) for name, expression in source.sums.items()]
        statement = select(*wanted, *summed).where(*source.conditions)
        if known is not None:
            statement = statement.where(source.groups[known].is_not(None))
        if groups:
            statement = statement.group_by(*(source.groups[name] for name in groups))
        bounds_end = len(groups) + _BOUNDS
        for row in connection.execute(statement):
            values = tuple(row)
            if values[bounds_end]:
                yield values[: len(groups)], values[len(groups) : bounds_end], _totals(values[bounds_end:])


def _totals(values: Sequence[Any]) -> Totals:
    # SQLite's sum() is a float if one value is not an integer (https://sqlite.org/lang_aggfunc.html#sumunc).
    if any(type(value) is not int for value in values):
        raise NotSummable
    of = dict(zip(_NAMES, values, strict=True))
    return Totals(
        requests=of["requests"],
        errors=of["errors"],
        free=of["free"],
        counted=of["counted"],
        input_tokens=of["input_tokens"],
        cache_read_tokens=of["cache_read_tokens"],
        cache_write_5m_tokens=of["cache_write_5m_tokens"],
        cache_write_1h_tokens=of["cache_write_1h_tokens"],
        output_tokens=of["output_tokens"],
        input_usd=read_money(of["cost_input"]),
        cache_read_usd=read_money(of["cost_cache_read"]),
        cache_write_usd=read_money(of["cost_cache_write"]),
        output_usd=read_money(of["cost_output"]),
        web_searches_usd=read_money(of["cost_web_searches"]),
        priced=of["priced"],
        unpriced=of["unpriced"],
        lower_bounds=of["lower_bounds"],
        unread=of["unread"],
        imported=of["imported"],
        side_requests=of["side_requests"],
        side_cost_usd=read_money(of["side_cost"]),
        saved_usd=read_money(of["saved"]),
        counted_otherwise=of["counted_otherwise"],
        client_difference=read_money(of["client_difference"]),
    )


def text_of(value: Any) -> str | None:
    """Return stored text. Raises NotSummable if the value has another type."""
    if value is not None and not isinstance(value, str | bytes):
        raise NotSummable
    try:
        return read_text(value)
    except UnicodeDecodeError as error:
        raise NotSummable from error
