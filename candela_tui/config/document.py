"""Write complete TOML documents. Files written by a person are edited in place instead (``change.py``)."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w

from candela_tui.config.toml_text import dotted
from candela_tui.config.toml_value import toml_value
from candela_tui.text.terminal_safe import escape_unsafe

Comments = Mapping[tuple[str, ...], str]
"""The comment to write above each key, by the key's path."""

_COMMENT_WIDTH = 98


def toml_document(table: Mapping[str, Any], comments: Comments | None = None) -> str:
    """Return a table as TOML with comments above its keys. Decimals keep their digits.

    A None value is written as a comment that shows how to set it if its key has a comment, and is otherwise left out.
    """
    text = "\n".join(_lines(table, (), comments or {})).lstrip("\n")
    # The escape is the same character in TOML, and a terminal does not act on it.
    return escape_unsafe(text, lambda character: f"\\U{ord(character):08x}") + "\n" if text else ""


def _lines(table: Mapping[str, Any], path: tuple[str, ...], comments: Comments) -> Iterator[str]:
    arrays = {name: value for name, value in table.items() if _is_array_of_tables(value)}
    values = {
        name: value
        for name, value in table.items()
        if not isinstance(value, Mapping) and name not in arrays and (value is not None or (*path, name) in comments)
    }
    tables = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    if path and (values or not (tables or arrays) or path in comments):
        yield ""
        yield from _comment(path, comments)
        yield tomli_w.dumps(_empty(path)).strip()
    for name, value in values.items():
        yield from _comment((*path, name), comments)
        yield f'# {name} = ""' if value is None else tomli_w.dumps({name: value}).rstrip("\n")
    for name, value in tables.items():
        yield from _lines(value, (*path, name), comments)
    for name, items in arrays.items():
        for number, item in enumerate(items):
            yield ""
            if number == 0:
                yield from _comment((*path, name), comments)
            yield f"[[{dotted((*path, name))}]]"
            yield from (f"{dotted([key])} = {toml_value(value)}" for key, value in item.items() if value is not None)


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _empty(path: tuple[str, ...]) -> dict[str, Any]:
    """Return nested empty tables whose TOML is the header of the innermost one."""
    document: dict[str, Any] = {}
    for name in reversed(path):
        document = {name: document}
    return document


def _comment(key: tuple[str, ...], comments: Comments) -> list[str]:
    return textwrap.wrap(comments.get(key, ""), _COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ")
