"""Content blocks of a conversation as lines, decoded one block at a time."""

import itertools
from collections.abc import Iterator

import msgspec

from candela_tui.ui import words
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.json_string import string_slices
from candela_tui.ui.lines.spans import json_lines
from candela_tui.ui.lines.wrap import wrapped

INDENT = 3
_ABSENT = msgspec.Raw(b"")
_LONGEST_LINE = 32768
_MOST_JSON_LINES = 20_000


class _Block(msgspec.Struct):
    type: str = ""
    text: msgspec.Raw = _ABSENT
    thinking: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    id: str = ""
    name: str = ""
    input: msgspec.Raw = _ABSENT
    tool_use_id: str = ""
    content: msgspec.Raw = _ABSENT
    is_error: bool = False
    source: msgspec.Raw = _ABSENT
    title: str | None = None
    cache_control: msgspec.Raw = _ABSENT


class _Source(msgspec.Struct):
    type: str = ""
    media_type: str = ""
    data: msgspec.Raw = _ABSENT
    url: str = ""
    file_id: str = ""


class _CacheControl(msgspec.Struct):
    type: str = ""
    ttl: str = "5m"


_BLOCK = msgspec.json.Decoder(_Block)
_SOURCE = msgspec.json.Decoder(_Source)
_CACHE = msgspec.json.Decoder(_CacheControl)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def content_lines(content: msgspec.Raw, width: int, *, ink: str = "text", indent: int = INDENT) -> Iterator[Line]:
    """A message's (or tool result's) content: a string or a list of blocks."""
    body = bytes(content)
    if body[:1] == b'"':
        yield from text_lines(string_slices(body), width, ink, indent)
        return
    try:
        blocks = _LIST.decode(body)
    except _UNREADABLE:
        yield from json_lines(body, width, indent)
        return
    for place, block in enumerate(blocks):
        if place:
            yield ()
        yield from block_lines(bytes(block), width, ink=ink, indent=indent)


def block_lines(body: bytes, width: int, *, ink: str = "text", indent: int = INDENT) -> Iterator[Line]:
    """One content block; a kind that is not known is shown as JSON."""
    try:
        block = _BLOCK.decode(body)
    except _UNREADABLE:
        yield from json_lines(body, width, indent)
        return
    margin = " " * indent
    if block.type == "text":
        yield from text_lines(string_slices(bytes(block.text)), width, ink, indent)
    elif block.type == "thinking":
        yield ((f"{margin}∴ thinking", "thinking"),)
        yield from text_lines(string_slices(bytes(block.thinking)), width, "thinking", indent)
    elif block.type == "redacted_thinking":
        yield ((f"{margin}∴ redacted thinking", "thinking"), (f"   {words.size(len(block.data))}", "dim"))
    elif block.type in ("tool_use", "server_tool_use", "mcp_tool_use"):
        yield ((f"{margin}▸ ", "accent"), (block.name or block.type, "accent"), (f"   {block.id}", "faint"))
        yield from bounded(json_lines(bytes(block.input), width, indent + 2), margin)
    elif block.type.endswith("tool_result"):
        sign, sign_ink = ("✗ result", "bad") if block.is_error else ("◂ result", "good")
        yield ((f"{margin}{sign}", sign_ink), (f"   {block.tool_use_id}", "faint"))
        if block.content:
            yield from content_lines(block.content, width, ink="dim", indent=indent + 2)
    elif block.type in ("image", "document"):
        yield _attachment(block, margin)
    else:
        yield from json_lines(body, width, indent)
    if block.cache_control:
        yield from _breakpoint(block.cache_control, margin)


def bounded(lines: Iterator[Line], margin: str) -> Iterator[Line]:
    """Lines up to a number that anyone reads; beyond, each would still cost memory."""
    yield from itertools.islice(lines, _MOST_JSON_LINES)
    if next(lines, None) is not None:
        yield ((f"{margin}  … more than {_MOST_JSON_LINES:,} lines: Raw request has them all", "warn"),)


def _attachment(block: _Block, margin: str) -> Line:
    try:
        source = _SOURCE.decode(block.source)
    except _UNREADABLE:
        source = _Source()
    facts = [source.media_type or source.type or "unknown type"]
    if block.title:
        facts.insert(0, block.title)
    if source.data:
        encoded = len(source.data) - 2
        facts.append(words.size(encoded * 3 // 4 if source.type == "base64" else encoded))
    facts += [place for place in (source.url, source.file_id) if place]
    return ((f"{margin}▣ {block.type}", "link"), (f"   {' · '.join(facts)}", "dim"))


def _breakpoint(cache_control: msgspec.Raw, margin: str) -> Iterator[Line]:
    try:
        control = _CACHE.decode(cache_control)
    except _UNREADABLE:
        return
    yield ((f"{margin}◇ cached up to here, for {control.ttl}", "faint"),)


def text_lines(slices: Iterator[str], width: int, ink: str, indent: int) -> Iterator[Line]:
    """Text as it comes, wrapped; what is between system-reminder tags is dim."""
    margin = " " * indent
    room = width - indent - 1
    reminder = False
    rest = ""
    for piece in slices:
        *complete, rest = (rest + piece).split("\n")
        if len(rest) > _LONGEST_LINE:
            complete.append(rest)
            rest = ""
        for line in complete:
            reminder = reminder or line.lstrip().startswith("<system-reminder>")
            for part in wrapped(line, room):
                yield ((margin, "text"), (part, "faint" if reminder else ink))
            reminder = reminder and "</system-reminder>" not in line
    if rest:
        reminder = reminder or rest.lstrip().startswith("<system-reminder>")
        for part in wrapped(rest, room):
            yield ((margin, "text"), (part, "faint" if reminder else ink))
