"""The tools that the request offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from candela_tui.protocol.deferred_tools import PLACEHOLDER, referenced_tools
from candela_tui.protocol.request import MessagesRequest
from candela_tui.ui import words
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.lines.content import Content, ContentOf, FixedContent, JsonContent, TextContent
from candela_tui.ui.lines.folded import FoldedLines
from candela_tui.ui.lines.folds import Fold, Level
from candela_tui.ui.plain import plain
from candela_tui.ui.request.blocks import breakpoint_line
from candela_tui.ui.request.messages import RequestPage
from candela_tui.ui.request.rules import remark

_NAME, _SIZE, _SHARE, _TOKENS = 28, 9, 6, 8


class _Tool(msgspec.Struct):
    name: str = "?"
    type: str = ""
    description: msgspec.Raw = msgspec.Raw(b"")
    input_schema: msgspec.Raw = msgspec.Raw(b"")
    cache_control: msgspec.Raw = msgspec.Raw(b"")
    defer_loading: Any = False


_TOOL = msgspec.json.Decoder(_Tool)
_NO_TOOL = _Tool()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tool and what it takes."""

    number: int
    tool: _Tool
    body: bytes
    found: bool = False
    """A search in the conversation loaded it."""

    @property
    def loaded(self) -> bool:
        """Whether it is in the prompt."""
        return self.found or self.tool.defer_loading is not True

    @property
    def state(self) -> str:
        """What is to be said of it beyond its size."""
        if self.tool.defer_loading is not True:
            return ""
        if self.tool.name == PLACEHOLDER:
            return "placeholder of deferred tools"
        return "loaded by a search" if self.found else "deferred"


class ToolsPage(RequestPage):
    """A table in which each tool unfolds to its description and schema."""

    title = "Tools"
    levels: ClassVar[Mapping[str, Level]] = {"tools": Level.ONE}

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """The largest stand out by their bars."""
        tools = [(_read(bytes(raw)), bytes(raw)) for raw in request.tools]
        if not tools:
            yield remark("The request offers no tools.")
            return
        found: set[str] = set()
        if any(tool.defer_loading is True for tool, _ in tools):
            for message in request.messages:
                found.update(referenced_tools(bytes(message)))
                yield None
        offers = [_Offer(number, tool, body, tool.name in found) for number, (tool, body) in enumerate(tools)]
        table = _Table(offers, size, self._width, self.lines)
        self.lines.orders = table
        yield from table.folds()


class _Table:
    """The tools in some order."""

    def __init__(self, offers: list[_Offer], size: int, width: int, lines: FoldedLines) -> None:
        self._offers = offers
        self._size = size
        self._lines = lines
        self._order = 0
        self._reversed = False
        self._name = min(_NAME, max(len(plain(offer.tool.name)) for offer in offers) + 1)
        self._bar = max(0, min(40, width - self._name - _SIZE - _SHARE - _TOKENS - 8))

    def turn(self) -> None:
        """By the next column."""
        self._order = (self._order + 1) % len(_ORDERS)
        self._reversed = False
        self._write()

    def reverse(self) -> None:
        """The other way round."""
        self._reversed = not self._reversed
        self._write()

    def _write(self) -> None:
        self._lines.clear()
        for _ in self._lines.add(self.folds()):
            pass

    def folds(self) -> Iterator[Fold | None]:
        """The sums, the columns' names, the tools."""
        loaded = [offer for offer in self._offers if offer.loaded]
        total = sum(len(offer.body) for offer in loaded)
        noun = "tool" if len(loaded) == 1 else "tools"
        deferred = sum(not offer.loaded and offer.tool.name != PLACEHOLDER for offer in self._offers)
        beside = f", {deferred} deferred" if deferred else ""
        name, key = _ORDERS[self._order]
        sums = f"{words.size(total)} · {words.percent(total / self._size)} of the request · "
        yield Fold(
            "",
            FixedContent(
                (),
                (
                    (f"{len(loaded)} {noun}{beside}", "heading"),
                    (f"   {sums}{words.tokens_in(total)} tokens, estimated", "dim"),
                ),
                (),
                self._heading(name),
            ),
            indent=3,
            gap=0,
            stops=False,
        )
        largest = max((len(offer.body) for offer in loaded), default=1)
        for offer in sorted(self._offers, key=key, reverse=self._reversed):
            yield self._fold(offer, largest)

    def _heading(self, order: str) -> Line:
        sign = "▴" if self._reversed else "▾"
        pieces: list[Piece] = []
        for title, width, right in (
            ("name", self._name, False),
            ("size", _SIZE, True),
            ("share", _SHARE, True),
            ("~tokens", _TOKENS, True),
        ):
            ordered = title == order
            pieces.append(
                (fitted(f"{title}{sign}" if ordered else title, width, right=right), "accent" if ordered else "dim")
            )
        if order == "order":
            pieces.append((f"  in the request's order {sign}", "faint"))
        return tuple(pieces)

    def _fold(self, offer: _Offer, largest: int) -> Fold:
        tool, size = offer.tool, len(offer.body)
        tokens = words.tokens_in(size) if offer.loaded else words.UNKNOWN
        bar = "▇" * max(1, size * self._bar // largest) if offer.loaded else ""
        head: Line = (
            (fitted(tool.name, self._name), "text" if offer.loaded else "dim"),
            (f"{words.size(size):>{_SIZE}}", "dim"),
            (f"{words.percent(size / self._size):>{_SHARE}}", "dim"),
            (f"{tokens:>{_TOKENS}}  ", "dim"),
            (bar, "accent"),
            (f"{'  ' if bar and offer.state else ''}{offer.state}", "thinking"),
        )
        foot = breakpoint_line(tool.cache_control) if tool.cache_control else ()
        return Fold("tools", _content(offer), f"tool {tool.name}", head, foot=foot, key=f"tool {offer.number}")


def _content(offer: _Offer) -> Content:
    tool = offer.tool
    if not tool.input_schema:
        return ContentOf(JsonContent(offer.body, indent=2))
    parts: list[Content] = [JsonContent(bytes(tool.input_schema), indent=2)]
    if tool.description:
        parts[:0] = [TextContent(bytes(tool.description), indent=2), FixedContent(())]
    return ContentOf(*parts)


def _read(body: bytes) -> _Tool:
    try:
        return _TOOL.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_TOOL


_ORDERS: tuple[tuple[str, Callable[[_Offer], Any]], ...] = (
    ("size", lambda offer: -len(offer.body)),
    ("name", lambda offer: offer.tool.name.casefold()),
    ("order", lambda offer: offer.number),
)
