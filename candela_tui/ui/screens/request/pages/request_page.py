"""The base of the tabs on parts of the request: foldable blocks, made as the request is decoded."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.traffic_side import request_side
from candela_tui.exchange import Exchange
from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevels
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold


class RequestPage:
    """A tab on a part of the request, in blocks that fold."""

    title: ClassVar[str]
    key: ClassVar[str]
    levels: ClassVar[Mapping[str, DetailLevel]]
    """The kinds of blocks, each with the detail shown until the user changes it."""
    follows = False

    def __init__(self, request: ShownRequest, width: int) -> None:
        self._request = request
        self._width = width
        self.lines = lines_that_fold(request, width, self.title, self.levels)

    async def open(self) -> Iterator[None]:
        """Load the body; its parts are decoded one after the other."""
        request = self._request
        body = await request.request_body(request_side(request.exchange)) or await request.request_body()
        return self.lines.add(self._folds(body, request.exchange))

    async def more(self) -> Iterator[None] | None:
        """Return None: a request does not grow."""
        return None

    def _folds(self, body: bytes | None, exchange: Exchange) -> Iterator[Fold | None]:
        request = decode_request(body) if body else None
        yield None
        if body is None:
            yield note(missing_body(exchange))
        elif request is None:
            yield note("The body is not a Messages request: see Raw request.")
        else:
            yield from self.folds(request, len(body))

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """Yield the blocks of this tab's part, and None after each step. ``size`` is the size of the whole body in
        bytes."""
        raise NotImplementedError


def separator(name: str, note: str, style: str, width: int) -> Fold:
    """Return a line across the page with a name at its start and a note at its end."""
    name = name[:40]
    line: Line = (
        ("── ", "rule"),
        (name, style),
        (" " + "─" * max(3, width - len(name) - len(note) - 7) + " ", "rule"),
        (note, "dim"),
    )
    return Fold("", LinesContent(line), name, indent=0, gap=0, stops=False)


def note(text: str) -> Fold:
    """Return a text shown instead of blocks."""
    return Fold("", LinesContent((), ((text, "dim"),)), indent=1, gap=0, stops=False)


def lines_that_fold(request: ShownRequest, width: int, title: str, levels: Mapping[str, DetailLevel]) -> FoldedLines:
    """Return the empty lines of a tab, which keep what the user folded there."""
    preferences = request.preferences
    kept = request.folds.setdefault(title, {})
    return FoldedLines(width, DetailLevels(preferences, levels), wrap=preferences.now.wrap, kept=kept)
