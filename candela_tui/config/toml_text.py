"""Parse TOML, and explain in plain words where it is not valid."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Key = tuple[str, ...]
ItemKey = tuple[str | int, ...]
"""A key that may lead into an array of tables: a number is the place of a table there, from 0, such as in
``("rules", "tools", 0, "deny")``."""

_MOST_DIGITS = 400
"""Before or after the decimal point. A number with a large exponent takes gigabytes when it is written out."""
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Cannot redefine", "Duplicate inline table key")
"""How the messages of tomllib begin (Python 3.11 to 3.14) if a key is there twice."""
_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:#.*)?")


class NotToml(Exception):
    """The text is not valid TOML. The message names the line and a fix."""


def parse(text: str) -> dict[str, Any]:
    """Parse TOML, with exact Decimals for numbers that have a point or exponent. Raises NotToml."""
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise NotToml(_explain(text, str(error))) from None
    except (ValueError, ArithmeticError):
        raise NotToml("a number in it has too many digits") from None
    except RecursionError:
        raise NotToml("its lists or tables are nested too deeply") from None


def dotted_key(text: str) -> Key | None:
    """Return the parts of a dotted key, such as ``pricing.models."my-model".input``, or None if it is not one."""
    try:
        document: Any = parse(f"{text} = 0")
    except NotToml:
        return None
    parts = []
    while isinstance(document, dict) and len(document) == 1:
        part, document = next(iter(document.items()))
        parts.append(part)
    return tuple(parts) if document == 0 and parts else None


def header_in(line: str) -> Key | None:
    """Return the path of the table that a line begins, or None if it is not a header."""
    found = _HEADER.fullmatch(line)
    return dotted_key(found[1]) if found is not None else None


def key_in(line: str) -> Key | None:
    """Return the key that a line sets, or None if it sets none."""
    starts = (match.start() for match in re.finditer("=", line))
    return next((found for start in starts if (found := dotted_key(line[:start])) is not None), None)


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError
    return value


def _explain(text: str, message: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    at = _AT.search(message)
    line = int(at[1]) if at is not None and at[1] else len(text.rstrip().split("\n"))
    if message.startswith(_TWICE):
        return f"line {line}: {_what_is_twice(lines, line, inline='inline table' in message)}"
    return (
        f'line {line}: this is not valid TOML. Text needs quotes, such as theme = "nord", and a section needs '
        "brackets, such as [ui]"
    )


def _what_is_twice(lines: Sequence[str], line: int, *, inline: bool) -> str:
    """Name the key that the line sets a second time, and the line that sets it first.

    ``inline`` is whether both are within the value of one key."""
    header = header_in(lines[line - 1])
    key = header or _key_at(lines, line)
    if key is None:
        return "a key is there twice; remove one of the two"
    name = dotted(key)
    if inline:
        return f"{name} has a key twice; remove one of the two"
    first = next((number for number in range(1, line) if _has_key("\n".join(lines[:number]), key)), None)
    if first is None:
        return f"{name} can't be set here, because a key above it has a value already"
    if header is not None:
        return f"[{name}] is there twice, first in line {first}; move its keys to one of the two"
    return f"{name} is set twice, first in line {first}; remove one of the two"


def _key_at(lines: Sequence[str], line: int) -> Key | None:
    key = None
    for text in reversed(lines[:line]):
        header = header_in(text)
        if key is not None and header is not None:
            return (*header, *key)
        if key is None:
            # The value may begin in an earlier line than it ends.
            key = key_in(text)
    return key


def _has_key(text: str, key: Key) -> bool:
    try:
        found: Any = parse(text)
    except NotToml:
        return False
    for part in key:
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return True


def dotted(key: Sequence[str | int]) -> str:
    """Return the parts of a key as one dotted key, with quotes where TOML requires them."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in map(str, key))


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
