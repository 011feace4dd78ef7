"""The line above a request: what it is, where it stands in its list, which part of it is in view."""

from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.ui import outcomes, words
from candela_tui.ui.clock import Clock
from candela_tui.ui.ink import Line, Piece, cells_of, shortened
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.spinner import TICKS_A_SECOND, frame

_GAP = 3
_SHORTEST_TITLE = 8
"""Cells below which the beginning of a title says nothing."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What there is to say of a request."""

    exchange: Exchange
    agent: str
    title: str | None
    clock: Clock
    place: tuple[int, int] | None = None
    """Its place in the list, from 1, and how many requests the list has."""
    side: str | None = None
    """Whose bytes are in view, where it has two sides."""


class Headline(OneLine):
    """Leaves out what has no room, what matters least first."""

    def __init__(self, *, id: str) -> None:
        super().__init__((("loading", "dim"),), id=id)
        self._heading: Heading | None = None
        self._position = (0, 0, 1.0)

    def show(self, heading: Heading | None) -> None:
        """Say this; None: it is still to be found."""
        self._heading = heading
        self.update()

    def show_position(self, line: int, lines: int, share: float) -> None:
        """Say which line (from 1) is the first in view, of how many, and how much of the text is above the end of the
        view."""
        if self._position != (line, lines, share):
            self._position = (line, lines, share)
            self.update()

    def compose_line(self, width: int) -> Line:
        """The request on the left, the place on the right."""
        heading = self._heading
        if heading is None:
            return self.pieces
        rights = _rights(heading, self._position)
        left: list[Piece] = []
        for part in _left(heading):
            # What the request is goes before which lines are in view, but not before where it stands in its list.
            if left and cells_of(left) + cells_of(part) + cells_of(rights[-1]) > width:
                break
            left += part
        if heading.title and (room := width - cells_of(left) - cells_of(rights[-1]) - _GAP) >= _SHORTEST_TITLE:
            left.append((" " * _GAP + shortened(heading.title, room), "dim"))
        room = width - cells_of(left)
        right = next((right for right in rights if cells_of(right) <= room), ())
        return (*left, (" " * (room - cells_of(right)), "text"), *right)


def _left(heading: Heading) -> list[list[Piece]]:
    exchange = heading.exchange
    ink = outcomes.INKS[exchange.outcome]
    sign = outcomes.SIGNS[exchange.outcome]
    if exchange.live:
        sign = frame(int(heading.clock.now().timestamp() * TICKS_A_SECOND))
    model = words.model(exchange.model_used or exchange.model)
    otherwise = served_otherwise(exchange)
    parts: list[list[Piece]] = [
        [(f"{sign} ", ink), (words.time_of_day(exchange.started_at, heading.clock), "bright")],
        [(f"   {heading.agent}", "text"), (f"   {model}", "warn" if otherwise else "text")],
        [
            (f"   {exchange.status if exchange.status is not None else '◌'}", ink),
            (f" {exchange.stop_reason or outcomes.NAMES[exchange.outcome]}", "dim"),
        ],
        [(f"   {words.cost(exchange.cost)}", "bright")],
    ]
    if heading.side is not None:
        parts.insert(1, [(f"   ⇄ {heading.side}", "accent")])
    elif exchange.provider != "anthropic":
        parts.insert(-1, [(f"   {words.provider(exchange.provider)}", "dim")])
    if otherwise:
        parts.insert(2, [(f"  ≠ {otherwise}", "warn")])
    return parts


def _rights(heading: Heading, position: tuple[int, int, float]) -> list[Line]:
    """Where it stands and which lines are in view, the longest form first."""
    place: Line = ((f"  {heading.place[0]:,}/{heading.place[1]:,}", "dim"),) if heading.place is not None else ()
    line, lines, share = position
    if line <= 1 and share >= 1:
        return [place]
    percent = words.percent(share)
    return [
        ((f"  line {line:,} of {lines:,} · {percent}", "faint"), *place),
        ((f"  {percent}", "faint"), *place),
        place,
    ]


def served_otherwise(exchange: Exchange) -> str | None:
    """What was served otherwise than asked, in short: ``not opus-4-8, tier batch``; None: nothing."""
    said = []
    for difference in exchange.differences:
        if difference.what == "model":
            said.append(f"not {words.model(difference.asked)}")
        else:
            said.append(f"{words.difference(difference.what)} {difference.served}")
    return ", ".join(said) or None
