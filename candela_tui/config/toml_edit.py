"""Add a key or a table to the text of a TOML file, or remove one. Comments stay with what they are about.

tomlkit adds a key behind the comments below a section, which often belong to the next one, and takes those with it when
it removes the section.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from candela_tui.config.document import toml_document
from candela_tui.config.toml_text import ItemKey, NotToml, dotted, header_in, key_in, parse
from candela_tui.config.toml_value import toml_value


class _Span(NamedTuple):
    """The lines from ``start`` up to, not including, ``stop`` that a section or a key takes."""

    key: ItemKey
    start: int
    stop: int


def with_new_key(text: str, key: ItemKey, value: object) -> str:
    """Return the text with a key added behind the last key of its section, or with a new section at its end.

    A key that ends with a number is the next table of an array, which is added behind the others. The result is not
    valid TOML if the section is written without a header, as dotted keys or as an inline table.
    """
    lines = _lines(text)
    end = _line_end(text)
    section, last = key[:-1], key[-1]
    if isinstance(last, int) and isinstance(value, Mapping):
        _add_section(lines, section, f"[[{_header(section)}]]", value, end)
        return "\n".join(lines)
    if not section:
        added = toml_document({str(last): value}).splitlines()
        return "\n".join((*lines[:-1], end, *(line + end for line in added), ""))
    for found in _sections(lines):
        if found.key == section:
            begin, behind = max(((one.start, one.stop) for one in _keys(lines, found)), default=(None, found.start + 1))
            indent = _indent(lines[begin]) if begin is not None else ""
            lines.insert(behind, f"{indent}{dotted((last,))} = {toml_value(value)}{end}")
            return "\n".join(lines)
    _add_section(lines, section, f"[{_header(section)}]", {str(last): value}, end)
    return "\n".join(lines)


def _add_section(lines: list[str], section: ItemKey, header: str, keys: Mapping[str, object], end: str) -> None:
    """Add a section behind those that are closest to it: tables of the same array, or sections of the same name."""
    found = list(_sections(lines))
    near = [one for one in found if one.key[: len(section)] == section] or [
        one for one in found if one.key[:1] == section[:1]
    ]
    place = len(lines) - 1
    if near:
        is_last = near[-1].stop == len(lines) - 1
        place = near[-1].stop if is_last else _comments_above(lines, near[-1].stop)
        while not lines[place - 1].strip():
            place -= 1
    new = (f"{dotted((name,))} = {toml_value(value)}" for name, value in keys.items())
    lines[place:place] = [end, header + end, *(line + end for line in new)]


def _header(section: ItemKey) -> str:
    """Return the path that the header of a section has. TOML counts the tables of an array by itself."""
    return dotted([part for part in section if isinstance(part, str)])


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def without_key(text: str, key: ItemKey) -> str:
    """Return the text without a key, section or table of an array, and without the comments directly above it.

    Nothing is removed if the key is part of an inline table.
    """
    lines = _lines(text)
    depth = len(key)
    for section in reversed([*_sections(lines)]):
        if section.start >= 0 and section.key[:depth] == key:
            is_last = section.stop == len(lines) - 1
            start = _remove(lines, _comments_above(lines, section.start), _comments_above(lines, section.stop))
            # An empty line in front belongs to the section, as where one is added, unless the file ends with comments.
            if start > 0 and not lines[start - 1].strip() and not (is_last and any(map(str.strip, lines[start:]))):
                del lines[start - 1]
            elif start == 0 and not lines[0].strip() and len(lines) > 1:
                del lines[0]
            continue
        for one in reversed([*_keys(lines, section)]):
            if (*section.key, *one.key)[:depth] == key:
                start = _remove(lines, _comments_above(lines, one.start), one.stop)
                if start > 0 and start < len(lines) - 1 and not lines[start].strip() and not lines[start - 1].strip():
                    del lines[start]
    return "\n".join(lines)


def _remove(lines: list[str], start: int, stop: int) -> int:
    """Remove lines, but not the empty ones at their end, and return where they were."""
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    del lines[start:stop]
    return start


def _comments_above(lines: Sequence[str], start: int) -> int:
    """Return the first line of the comments about what begins at a line.

    A setting that is commented out is not about it, and what the file begins with may be about the file.
    """
    first = start
    while first > 0 and lines[first - 1].lstrip().startswith("#") and not _is_commented_out(lines[first - 1]):
        first -= 1
    return first if first > 0 else start


def _is_commented_out(line: str) -> bool:
    return key_in(line.lstrip("# \t")) is not None


def _lines(text: str) -> list[str]:
    return [*text.removesuffix("\n").split("\n"), ""]


def _line_end(text: str) -> str:
    return "\r" if "\r\n" in text else ""


def _sections(lines: Sequence[str]) -> Iterator[_Span]:
    """Yield the sections, each from its header on. The keys above the first header are a section without a name."""
    headers = [((), -1), *_headers(lines), ((), len(lines) - 1)]
    for (path, start), (_, stop) in itertools.pairwise(headers):
        yield _Span(path, start, stop)


def _headers(lines: Sequence[str]) -> Iterator[tuple[ItemKey, int]]:
    """Yield the path and the line of each header."""
    items: dict[ItemKey, int] = {}
    for number, line in enumerate(lines):
        path = header_in(line)
        # A line of a text over several lines may look like a header.
        if path is None or _parsed(lines[:number]) is None:
            continue
        found: ItemKey = ()
        for depth, part in enumerate(path, 1):
            found = (*found, part)
            if depth == len(path) and line.lstrip().startswith("[["):
                items[found] = items.get(found, -1) + 1
            if found in items:
                # Another header below an array of tables is about its latest table.
                found = (*found, items[found])
        yield found, number


def _keys(lines: Sequence[str], section: _Span) -> Iterator[_Span]:
    """Yield the keys of a section. The value of one may take several lines."""
    begin = section.start + 1
    for number in range(begin, section.stop):
        found = _parsed(lines[begin : number + 1])
        if found is None:
            continue
        if found and (key := key_in(lines[begin])) is not None:
            yield _Span(key, begin, number + 1)
        begin = number + 1


def _parsed(lines: Sequence[str]) -> Mapping[str, Any] | None:
    try:
        return parse("\n".join((*lines, "")))
    except NotToml:
        return None
