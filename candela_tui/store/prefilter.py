"""Conditions on rows that a filter's matches are sure to meet, so that most sessions need not be read for it.

Each condition may hold for more rows: the filter itself decides.
"""

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from candela_tui.analysis.filter import Filter
from candela_tui.analysis.filter_fields import FIELDS, Term
from candela_tui.exchange import Outcome
from candela_tui.store import contexts, diagnoses
from candela_tui.store.dialects import StoredText, has_other_than_ascii, position
from candela_tui.store.schema import cache_diagnoses, context_sums, exchanges
from candela_tui.store.sums import COST_PARTS
from candela_tui.store.units import stored_money

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")
_of = exchanges.c


def _sum(*names: str) -> ColumnElement[Any]:
    parts = [func.coalesce(_of[name], 0) for name in names]
    return sum(parts[1:], start=parts[0])


def _diagnosed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return _result(column, diagnoses.OF_THIS_VERSION)


def _in_context(source: str) -> ColumnElement[Any]:
    return _result(context_sums.c[source], contexts.OF_THIS_VERSION)


def _result(column: ColumnElement[Any], usable: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(column).where(usable).correlate(exchanges).scalar_subquery()


_WRITES: Final = ("cache_write_5m_tokens", "cache_write_1h_tokens")
_AMOUNTS: Final[dict[str, ColumnElement[Any]]] = {
    "cost": _sum(*COST_PARTS),
    "in": _of.input_tokens,
    "read": _of.cache_read_tokens,
    "write": _sum(*_WRITES),
    "out": _of.output_tokens,
    "prompt": _sum("input_tokens", "cache_read_tokens", *_WRITES),
    "missed": _diagnosed(cache_diagnoses.c.rewritten_tokens),
    **{name: _in_context(name) for name in ("system_tokens", "tools_tokens", "messages_tokens")},
    "sent": _of.request_bytes,
    "received": _of.response_bytes,
}
_TEXTS: Final[dict[str, tuple[ColumnElement[Any], ...]]] = {
    "model": (_of.model, _of.model_used, _of.model_sent),
    "tool": (_of.tools_called,),
    "class": (_of.request_class,),
    "turn": (_of.prompt_id,),
    "stop": (_of.stop_reason,),
    "id": (_of.id, _of.request_id),
    "region": (_of.region,),
    "beta": (_of.betas,),
    "cause": (_diagnosed(cache_diagnoses.c.cause),),
}
_FAILED: Final = "error"


def conditions_for(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return conditions that the rows of all exchanges meet that a filter matches."""
    return [condition for term in wanted.required for condition in _conditions(term)]


def _conditions(term: Term) -> Iterator[ColumnElement[bool]]:
    name = term.name.lower()
    if name in _AMOUNTS:
        amount = FIELDS[name].amount
        assert amount is not None
        yield _compared(_AMOUNTS[name], term.operator, amount(term), money=name == "cost")
    elif name in _TEXTS and _PLAIN.fullmatch(term.value):
        yield or_(*(_may_have(column, term.value) for column in _TEXTS[name]))
    elif name == "error":
        # Not the words: what looks like a secret is left out when they are read.
        yield _of.error_type.is_not(None)
    elif name == "status" and term.value.lower() == _FAILED:
        # What was live when its process ended is read as interrupted, and never as an error.
        yield _of.outcome.in_([Outcome.ERROR.value, Outcome.CUT.value])


def _compared(column: ColumnElement[Any], operator: str, amount: Decimal, *, money: bool) -> ColumnElement[bool]:
    def stored(rounding: str) -> int:
        return stored_money(amount.quantize(Decimal("1e-12"), rounding)) if money else int(amount.to_integral(rounding))

    lowest, highest = stored(ROUND_FLOOR), stored(ROUND_CEILING)
    if operator.startswith(">"):
        return column >= lowest
    return column <= highest if operator.startswith("<") else and_(column >= lowest, column <= highest)


def _may_have(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    """Return whether a text has a value, whatever the case, or has characters whose case the database does not know."""
    return or_(
        position(func.lower(column, type_=StoredText()), value.lower()) > 0,
        has_other_than_ascii(column),
        position(column, "\\u") > 0,
    )
