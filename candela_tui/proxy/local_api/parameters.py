"""The parameters in the query of a path: how each is read, and what it is for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from candela_tui.proxy.local_api.refusal import Refused

_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path. None of them is required."""

    name: str
    doc: str
    """What it is for, in a few words."""
    read: Callable[[str], Any] = str
    """Returns the value of its text. Raises ValueError."""
    expected: str = "text"
    """What the text must be, for who got it wrong."""
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    """The JSON Schema of its text."""


def whole_number(name: str, doc: str, *, least: int) -> Parameter:
    """Return a parameter that is a whole number of at least ``least``."""
    schema = {"type": "integer", "minimum": least}
    return Parameter(name, doc, partial(_whole, least=least), f"a whole number from {least}", schema)


def moment(name: str, doc: str) -> Parameter:
    """Return a parameter that is a time; without an offset, it is in UTC."""
    words = "a time such as 2026-11-21T12:00:00Z"
    return Parameter(name, doc, _moment, words, {"type": "string", "format": "date-time"})


def choice(name: str, doc: str, values: Mapping[str, Any]) -> Parameter:
    """Return a parameter that is one of these words, each with its value."""
    return Parameter(name, doc, partial(_value, values), ", ".join(values), {"enum": list(values)})


def read_query(query: str, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return the values of the parameters that a query has. Raises Refused."""
    known = {parameter.name: parameter for parameter in parameters}
    read: dict[str, Any] = {}
    for name, values in parse_qs(query, keep_blank_values=True, errors="surrogateescape").items():
        parameter = known.get(name)
        if parameter is None:
            words = f"{name[:50]!r} is not a parameter of this path; it takes {', '.join(known) or 'none'}"
            raise Refused(400, words)
        if len(values) > 1:
            raise Refused(400, f"{name} is given more than once")
        try:
            read[name] = parameter.read(values[0])
        except ValueError:
            raise Refused(400, f"{name} is {parameter.expected}, not {values[0][:50]!r}") from None
    return read


def _whole(text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) >= least):
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _value(values: Mapping[str, Any], text: str) -> Any:
    if text not in values:
        raise ValueError(text)
    return values[text]
