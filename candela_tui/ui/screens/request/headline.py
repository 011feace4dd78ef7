"""The line above a request: which request it is, its place in the list, and the lines in view."""

from dataclasses import dataclass

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.providers.identity import Provider
from candela_tui.text import amounts, times
from candela_tui.text.cells import shortened
from candela_tui.text.times import Clock
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.spinner import TICKS_A_SECOND, frame
from candela_tui.ui.style.styled_text import Line, Piece, cells_of
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.text_view.line_view import ViewPosition

_GAP = 3
_SHORTEST_TITLE = 8
"""Cells: a shorter beginning of a title says nothing."""


@dataclass(frozen=True, slots=True)
class HeadlineFacts:
    """The facts in the headline of a request."""

    exchange: Exchange
    agent: str
    title: str | None
    clock: Clock
    place: tuple[int, int] | None = None
    """The place in the list, from 1, and the number of requests in the list."""
    side: str | None = None
    """The side whose bytes are shown, if the tab has two."""


class Headline(OneLine):
    """The headline. Leaves out the least important parts if there is no room."""

    def __init__(self, *, id: str) -> None:
        super().__init__((("loading", "dim"),), id=id)
        self._heading: HeadlineFacts | None = None
        self._position = ViewPosition(0, 0, 1.0)

    def show(self, heading: HeadlineFacts | None) -> None:
        """Show this request; None while it is loading."""
        self._heading = heading
        self.update()

    def show_position(self, position: ViewPosition) -> None:
        """Show which lines are in view."""
        if self._position != position:
            self._position = position
            self.update()

    def compose_line(self, width: int) -> Line:
        """Compose the request on the left and its place on the right."""
        heading = self._heading
        if heading is None:
            return self.pieces
        rights = _rights(heading, self._position)
        left: list[Piece] = []
        for part in _left(heading):
            # The request takes precedence over the lines in view, but not over its place in the list.
            if left and cells_of(left) + cells_of(part) + cells_of(rights[-1]) > width:
                break
            left += part
        if heading.title and (room := width - cells_of(left) - cells_of(rights[-1]) - _GAP) >= _SHORTEST_TITLE:
            left.append((" " * _GAP + shortened(heading.title, room), "dim"))
        room = width - cells_of(left)
        right = next((right for right in rights if cells_of(right) <= room), ())
        return (*left, (" " * (room - cells_of(right)), "text"), *right)


def _left(heading: HeadlineFacts) -> list[list[Piece]]:
    exchange = heading.exchange
    style = outcomes.STYLES[exchange.outcome]
    sign = outcomes.SIGNS[exchange.outcome]
    if exchange.live:
        sign = frame(int(heading.clock.now().timestamp() * TICKS_A_SECOND))
    model = labels.model(exchange.model_used or exchange.model)
    otherwise = served_otherwise(exchange)
    ended = "held" if exchange.held else exchange.stop_reason or outcomes.NAMES[exchange.outcome]
    parts: list[list[Piece]] = [
        [(f"{sign} ", style), (times.time_of_day(exchange.started_at, heading.clock), "bright")],
        [(f"   {heading.agent}", "text"), (f"   {model}", "warn" if otherwise else "text")],
        [
            (f"   {exchange.status if exchange.status is not None else '◌'}", style),
            (f" {ended}", "dim"),
        ],
        [(f"   {labels.cost(exchange.cost)}", "bright")],
    ]
    if heading.side is not None:
        parts.insert(1, [(f"   ⇄ {heading.side}", "accent")])
    elif exchange.provider != Provider.ANTHROPIC:
        parts.insert(-1, [(f"   {labels.provider(exchange.provider)}", "dim")])
    if otherwise:
        parts.insert(2, [(f"  ≠ {otherwise}", "warn")])
    return parts


def _rights(heading: HeadlineFacts, position: ViewPosition) -> list[Line]:
    """Return the forms of the place in the list and the lines in view, the longest first."""
    place: Line = ((f"  {heading.place[0]:,}/{heading.place[1]:,}", "dim"),) if heading.place is not None else ()
    line, lines, share, goes_on = position
    if goes_on:
        return [
            ((f"  line {line:,} of more than {lines:,}", "faint"), *place),
            ((f"  line {line:,}", "faint"), *place),
            place,
        ]
    if line <= 1 and share >= 1:
        return [place]
    percent = amounts.percent(share)
    return [
        ((f"  line {line:,} of {lines:,} · {percent}", "faint"), *place),
        ((f"  {percent}", "faint"), *place),
        place,
    ]


def served_otherwise(exchange: Exchange) -> str | None:
    """Return what was served differently from the request, such as ``not opus-4-8, tier batch``, or None."""
    said = []
    for difference in exchange.differences:
        if difference.what == "model":
            said.append(f"not {labels.model(difference.asked)}")
        else:
            said.append(f"{labels.difference(difference.what)} {difference.served}")
    return ", ".join(said) or None
