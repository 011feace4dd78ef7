"""Add a key to the text of a TOML file, behind the last key of its section.

tomlkit adds it behind the comments below that key, which often belong to the next section.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from candela_tui.config.toml_text import Key, NotToml, dotted, header_in, parse


def with_new_key(text: str, key: Key, value: str) -> str:
    """Return the text with a key added. ``value`` is TOML on one line.

    The result is not valid TOML if the section is written without a header, as dotted keys or as an inline table.
    """
    section = key[:-1]
    end = "\r" if "\r\n" in text else ""
    new = f"{dotted(key[-1:])} = {value}{end}"
    lines = [*text.removesuffix("\n").split("\n"), ""]
    headers = [*_headers(lines), ((), len(lines) - 1)]
    place = len(lines) - 1
    for (path, start), (_, stop) in itertools.pairwise(headers):
        if path == section:
            last, indent = _last_key(lines, start, stop)
            lines.insert(last + 1, indent + new)
            return "\n".join(lines)
        if path[0] == section[0]:
            place = _last_key(lines, start, stop)[0] + 1
    lines[place:place] = [end, f"[{dotted(section)}]{end}", new]
    return "\n".join(lines)


def _headers(lines: Sequence[str]) -> Iterator[tuple[Key, int]]:
    """Yield the path and the line of each header."""
    for number, line in enumerate(lines):
        path = header_in(line)
        # A line of a text over several lines may look like a header.
        if path is not None and _parsed(lines[:number]) is not None:
            yield path, number


def _last_key(lines: Sequence[str], start: int, stop: int) -> tuple[int, str]:
    """Return the last line of the last key in a section and its indentation, or those of the header if it is empty."""
    last, indent, begin = start, "", start + 1
    seen = _parsed(lines[start : start + 1])
    for number in range(start + 1, stop):
        found = _parsed(lines[start : number + 1])
        if found is None:
            continue
        if found != seen:
            last, seen = number, found
            indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
        begin = number + 1
    return last, indent


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return parse("\n".join((*lines, "")))
    except NotToml:
        return None
