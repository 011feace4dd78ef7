"""How a value of each Python type is stored in a column.

Text that came over the wire may not be valid Unicode; it is then stored as bytes. Money is in picodollars. A tuple is
JSON, with each dataclass in it as a list of its fields in order; an empty tuple is NULL.
"""

import dataclasses
import json
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args, get_origin

from sqlalchemy import BigInteger, Boolean, Double
from sqlalchemy.types import TypeEngine

from candela_tui.store.dialects import StoredText
from candela_tui.store.units import read_money, read_time, stored_money, stored_time


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are written to a column and read from it. None is stored as NULL without them."""

    column_type: type[TypeEngine[Any]]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    as_is: frozenset[type] = frozenset()
    """Types of stored values that need no conversion."""


def stored_text(value: str | None) -> str | bytes | None:
    """Return text as a value to bind: as bytes, for ``StoredText`` to store, if it is not valid Unicode."""
    if value is None or value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def read_text(value: str | bytes | None) -> str | None:
    """Undo ``stored_text``. Raises UnicodeDecodeError if the value was not written by it."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def stored_list(items: Sequence[Any]) -> str:
    """Return items as compact JSON."""
    return json.dumps(items, separators=(",", ":"))


def codec_of(hint: Any) -> Codec:
    """Return the codec for a field of this type, such as ``str | None`` or ``tuple[Difference, ...]``."""
    if get_origin(hint) is types.UnionType:
        of_value, none = get_args(hint)
        if none is not type(None):
            raise TypeError(f"{hint} is more than one type")
        codec = codec_of(of_value)
        # For an optional tuple, an empty one and None differ.
        return dataclasses.replace(codec, write=_list_writer(of_value)) if get_origin(of_value) is tuple else codec
    if get_origin(hint) is tuple:
        write = _list_writer(hint)
        return Codec(StoredText, lambda values: write(values) if values else None, _list_reader(hint))
    if hint in _PLAIN:
        return _PLAIN[hint]
    if issubclass(hint, StrEnum):
        return Codec(StoredText, str, hint)
    names = [field.name for field in dataclasses.fields(hint)]
    return Codec(
        StoredText,
        lambda value: stored_list([getattr(value, name) for name in names]),
        lambda stored: hint(*json.loads(stored)),
    )


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[Any, Codec] = {
    str: Codec(StoredText, stored_text, read_text, frozenset({str})),
    bool: Codec(Boolean, _same, _same, frozenset({bool})),
    int: Codec(BigInteger, _same, _same, frozenset({int})),
    float: Codec(Double, _same, _same, frozenset({float, int})),
    Decimal: Codec(BigInteger, stored_money, read_money),
    datetime: Codec(BigInteger, stored_time, read_time),
}


def _list_writer(hint: Any) -> Callable[[Sequence[Any]], str]:
    item = get_args(hint)[0]
    if not dataclasses.is_dataclass(item):
        return stored_list
    names = [field.name for field in dataclasses.fields(item)]
    return lambda values: stored_list([[getattr(value, name) for name in names] for value in values])


def _list_reader(hint: Any) -> Callable[[str], tuple[Any, ...]]:
    item = get_args(hint)[0]
    if get_origin(item) is tuple:
        return lambda stored: tuple(map(tuple, json.loads(stored)))
    if dataclasses.is_dataclass(item) and isinstance(item, type):
        return lambda stored: tuple(item(*values) for values in json.loads(stored))
    return lambda stored: tuple(json.loads(stored))
