"""The tools that the request offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import msgspec

from candela_tui.analysis.token_estimate import Estimator
from candela_tui.protocol.deferred_tools import PLACEHOLDER, referenced_tools
from candela_tui.protocol.request import MessagesRequest
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.screens.request.conversation.blocks import breakpoint_line
from candela_tui.ui.screens.request.pages.request_page import RequestPage, note
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.folding.content import Content, ContentSequence, LinesContent
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold
from candela_tui.ui.widgets.text_view.folding.json_content import JsonContent
from candela_tui.ui.widgets.text_view.folding.text_content import TextContent

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
class _OfferedTool:
    """A tool that the request offers."""

    number: int
    tool: _Tool
    body: bytes
    found: bool = False
    """Whether a tool search in the conversation loaded it."""

    @property
    def loaded(self) -> bool:
        """Whether it is part of the prompt."""
        return self.found or self.tool.defer_loading is not True

    @property
    def state(self) -> str:
        """A note on how the tool was loaded, if any."""
        if self.tool.defer_loading is not True:
            return ""
        if self.tool.name == PLACEHOLDER:
            return "placeholder for deferred tools"
        return "loaded by a tool search" if self.found else "deferred"


class ToolsPage(RequestPage):
    """The Tools tab: a table in which each tool unfolds to its description and schema."""

    title = "Tools"
    key = "4"
    levels: ClassVar[Mapping[str, DetailLevel]] = {"tools": DetailLevel.ONE}

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """Yield the table of tools, with a bar for each size."""
        tools = [(_read(bytes(raw)), bytes(raw)) for raw in request.tools]
        if not tools:
            yield note("The request offers no tools.")
            return
        found: set[str] = set()
        if any(tool.defer_loading is True for tool, _ in tools):
            for message in request.messages:
                found.update(referenced_tools(bytes(message)))
                yield None
        offers = [_OfferedTool(number, tool, body, tool.name in found) for number, (tool, body) in enumerate(tools)]
        table = _Table(offers, size, self._width, self.lines, Estimator(request.model))
        self.lines.sorting = table
        yield from table.folds()


class _Table:
    """The tools in their sort order."""

    def __init__(self, offers: list[_OfferedTool], size: int, width: int, lines: FoldedLines, by: Estimator) -> None:
        self._by = by
        self._offers = offers
        self._size = size
        self._lines = lines
        self._order = 0
        self._reversed = False
        self._name = min(_NAME, max(len(terminal_safe(offer.tool.name)) for offer in offers) + 1)
        self._bar = max(0, min(40, width - self._name - _SIZE - _SHARE - _TOKENS - 8))

    def turn(self) -> None:
        """Sort by the next column."""
        self._order = (self._order + 1) % len(_ORDERS)
        self._reversed = False
        self._write()

    def reverse(self) -> None:
        """Reverse the sort order."""
        self._reversed = not self._reversed
        self._write()

    def _write(self) -> None:
        for _ in chain(self._lines.clear(), self._lines.add(self.folds())):
            pass

    def folds(self) -> Iterator[Fold | None]:
        """Yield the sums, the column names and the tools."""
        loaded = [offer for offer in self._offers if offer.loaded]
        total = sum(len(offer.body) for offer in loaded)
        noun = "tool" if len(loaded) == 1 else "tools"
        deferred = sum(not offer.loaded and offer.tool.name != PLACEHOLDER for offer in self._offers)
        beside = f", {deferred} deferred" if deferred else ""
        name, key = _ORDERS[self._order]
        sums = f"{amounts.size(total)} · {amounts.percent(total / self._size)} of the request · "
        yield Fold(
            "",
            LinesContent(
                (),
                (
                    (f"{len(loaded)} {noun}{beside}", "heading"),
                    (f"   {sums}{self._estimated(loaded)} tokens, estimated", "dim"),
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

    def _estimated(self, offers: list[_OfferedTool]) -> str:
        return f"~{amounts.count(round(sum(self._by.json(offer.body) for offer in offers)))}"

    def _fold(self, offer: _OfferedTool, largest: int) -> Fold:
        tool, size = offer.tool, len(offer.body)
        tokens = self._estimated([offer]) if offer.loaded else amounts.UNKNOWN
        bar = "▇" * max(1, size * self._bar // largest) if offer.loaded else ""
        head: Line = (
            (fitted(tool.name, self._name), "text" if offer.loaded else "dim"),
            (f"{amounts.size(size):>{_SIZE}}", "dim"),
            (f"{amounts.percent(size / self._size):>{_SHARE}}", "dim"),
            (f"{tokens:>{_TOKENS}}  ", "dim"),
            (bar, "accent"),
            (f"{'  ' if bar and offer.state else ''}{offer.state}", "thinking"),
        )
        foot = breakpoint_line(tool.cache_control) if tool.cache_control else ()
        return Fold("tools", _content(offer), f"tool {tool.name}", head, foot=foot, key=f"tool {offer.number}")


def _content(offer: _OfferedTool) -> Content:
    tool = offer.tool
    if not tool.input_schema:
        return ContentSequence(JsonContent(offer.body, indent=2))
    parts: list[Content] = [JsonContent(bytes(tool.input_schema), indent=2)]
    if tool.description:
        parts[:0] = [TextContent(bytes(tool.description), indent=2), LinesContent(())]
    return ContentSequence(*parts)


def _read(body: bytes) -> _Tool:
    try:
        return _TOOL.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_TOOL


_ORDERS: tuple[tuple[str, Callable[[_OfferedTool], Any]], ...] = (
    ("size", lambda offer: -len(offer.body)),
    ("name", lambda offer: offer.tool.name.casefold()),
    ("order", lambda offer: offer.number),
)
