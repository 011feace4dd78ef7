"""What crosses the local API arrives as it was."""

import dataclasses
import types
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui import wire
from candela_tui.exchange import Exchange
from candela_tui.protocol.usage import Usage
from tests.reports.exchanges import exchange

_ODD_BYTES = st.sampled_from([chr(0xDC80), chr(0xDCFF)])
"""What header bytes that are not UTF-8 become."""

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters() | _ODD_BYTES, max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=365)),
    Usage: st.builds(Usage, st.none() | st.integers(0, 2**40), speed=st.none() | st.text()),
}


def any_value(kind: Any) -> st.SearchStrategy[Any]:
    """Every value that a type hint allows."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is type(None):
        return st.none()
    arguments = get_args(kind)
    if get_origin(kind) is Literal:
        return st.sampled_from(arguments)
    if get_origin(kind) in (Union, types.UnionType):
        return st.one_of([any_value(argument) for argument in arguments])
    if get_origin(kind) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(any_value(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(any_value, arguments))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return any_dataclass(kind)


def any_dataclass(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: any_value(hints[field.name]) for field in dataclasses.fields(kind)})


@given(any_dataclass(Exchange))
def test_any_exchange_survives(sent: Exchange) -> None:
    assert wire.decode_exchange(wire.encode(sent)) == sent


@given(any_dataclass(Exchange))
def test_an_exchange_is_one_line(sent: Exchange) -> None:
    assert b"\n" not in wire.encode(sent)


def test_an_exchange_of_a_later_candela_is_understood_where_it_only_has_more_fields() -> None:
    line = wire.encode(exchange())
    assert wire.decode_exchange(line.replace(b"{", b'{"mood":"sunny",', 1)) == exchange()


@pytest.mark.parametrize("line", [b"", b"{}", b"null", b"{", b'"\\udc80"', wire.encode(exchange())[:-1]])
def test_what_is_no_exchange_is_not_understood(line: bytes) -> None:
    with pytest.raises(wire.NotUnderstood):
        wire.decode_exchange(line)


def test_an_outcome_that_this_version_does_not_know_is_not_understood() -> None:
    with pytest.raises(wire.NotUnderstood, match="outcome"):
        wire.decode_exchange(wire.encode(exchange()).replace(b'"outcome":"ok"', b'"outcome":"enchanted"'))
