"""Add a key to the text of a TOML file, or remove one. Comments stay with what they are about.

tomlkit adds a key behind the comments below a section, which often belong to the next one, and takes those with it when
it removes the section.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from candela_tui.config.document import toml_document
from candela_tui.config.toml_text import Key, NotToml, dotted, header_in, key_in, parse
from candela_tui.config.toml_value import toml_value


class _Span(NamedTuple):
    """The lines from ``start`` up to, not including, ``stop`` that a section or a key takes."""

    key: Key
    start: int
    stop: int


def with_new_key(text: str, key: Key, value: object) -> str:
    """Return the text with a key added behind the last key of its section, or with a new section at its end.

    The result is not valid TOML if the section is written without a header, as dotted keys or as an inline table.
    """
    lines = _lines(text)
    end = _line_end(text)
    section = key[:-1]
    if not section:
        added = toml_document({key[0]: value}).splitlines()
        return "\n".join((*lines[:-1], end, *(line + end for line in added), ""))
    new = f"{dotted(key[-1:])} = {toml_value(value)}{end}"
    place = len(lines) - 1
    for found in _sections(lines):
        last = max((one.stop for one in _keys(lines, found)), default=found.start + 1)
        if found.key == section:
            begin = max((one.start for one in _keys(lines, found)), default=found.start)
            indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())] if begin > found.start else ""
            lines.insert(last, indent + new)
            return "\n".join(lines)
        if found.key[:1] == section[:1]:
            place = last
    lines[place:place] = [end, f"[{dotted(section)}]{end}", new]
    return "\n".join(lines)


def without_key(text: str, key: Key) -> str:
    """Return the text without a key or section, and without the comments directly above it.

    Nothing is removed if the key is part of an inline table.
    """
    lines = _lines(text)
    depth = len(key)
    for section in reversed([*_sections(lines)]):
        if section.start >= 0 and section.key[:depth] == key:
            _remove(lines, _comments_above(lines, section.start), _comments_above(lines, section.stop))
            continue
        for one in reversed([*_keys(lines, section)]):
            if (*section.key, *one.key)[:depth] == key:
                _remove(lines, _comments_above(lines, one.start), one.stop)
    return "\n".join(lines)


def _remove(lines: list[str], start: int, stop: int) -> None:
    """Remove lines, and the empty ones behind them where there is one in front already."""
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    del lines[start:stop]
    while start < len(lines) - 1 and not lines[start].strip() and (start == 0 or not lines[start - 1].strip()):
        del lines[start]


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


def _headers(lines: Sequence[str]) -> Iterator[tuple[Key, int]]:
    """Yield the path and the line of each header."""
    for number, line in enumerate(lines):
        path = header_in(line)
        # A line of a text over several lines may look like a header.
        if path is not None and _parsed(lines[:number]) is not None:
            yield path, number


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
