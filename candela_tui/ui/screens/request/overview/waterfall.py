"""The timing of a request: its phases and the blocks of its response as bars on one scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from candela_tui.analysis.block_times import BlockTime
from candela_tui.exchange import Exchange
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.ui.style.styled_text import Line, Piece

_STEPS = (1, 2, 5)
_CELLS_A_TICK = 9
_PARTS = " ▏▎▍▌▋▊▉█"
_BLOCK_LOOKS = {
    "text": ("¶ text", "good"),
    "thinking": ("∴ thinking", "thinking"),
    "redacted_thinking": ("∴ redacted", "thinking"),
}


@dataclass(frozen=True, slots=True)
class Phase:
    """One bar, in milliseconds since the request was received."""

    name: str
    start: float
    end: float | None
    """None while it goes on."""
    style: str
    note: str = ""


def phases(exchange: Exchange, blocks: Sequence[BlockTime]) -> Iterator[Phase]:
    """Yield the phases in order, up to where the request has come."""
    marks = exchange.marks
    end = marks.end
    begin = 0.0
    if exchange.held_at_ms is not None:
        yield Phase("held", exchange.held_at_ms, exchange.released_at_ms, "warn")
        if exchange.released_at_ms is None:
            return
        begin = exchange.released_at_ms
    if marks.connected is None:
        if exchange.live or end is not None:
            # A transcript does not say more than when it began and ended.
            yield Phase("connecting" if exchange.imported is None else "whole", begin, end, "faint")
        return
    yield Phase("connected", begin, marks.connected, "link")
    if marks.first_byte is None:
        yield Phase("waiting", marks.connected, end, "warn")
        return
    yield Phase("first byte", marks.connected, marks.first_byte, "accent")
    if marks.first_token is not None and marks.first_token >= marks.first_byte:
        yield Phase("first token", marks.first_byte, marks.first_token, "link")
    elif exchange.live:
        yield Phase("first token", marks.first_byte, None, "link")
        return
    for block in blocks:
        name, style = _BLOCK_LOOKS.get(block.kind, (f"▸ {block.name or block.kind}", "accent"))
        stopped = block.end_ms if block.end_ms is not None or exchange.live else end
        yield Phase(name, block.start_ms, stopped, style, _amount(block))
    last = max((block.end_ms or block.start_ms for block in blocks), default=marks.first_token or marks.first_byte)
    if end is not None:
        yield Phase("end", min(last, end), end, "dim")
    elif not blocks:
        yield Phase("streaming", last, None, "good")


def _amount(block: BlockTime) -> str:
    if not block.characters:
        return ""
    return f"{amounts.count(block.characters)} chars"


def waterfall_lines(
    exchange: Exchange, blocks: Sequence[BlockTime], elapsed_ms: float | None, width: int
) -> list[Line]:
    """Return a table of the phases, with a bar for each below a scale."""
    bars = list(phases(exchange, blocks))
    total = max([elapsed_ms or 0.0, *(bar.end or bar.start for bar in bars)])
    if not bars or not total:
        return [(("   No timing was recorded.", "dim"),)]
    label = 22 if width >= 100 else 18
    notes = max((len(bar.note) for bar in bars), default=0)
    room = max(10, min(width - label - 20 - notes - 4, 120))
    ticks = _ticks(total, room)
    lines = [_axis(ticks, total, label, room)]
    for bar in bars:
        goes_on = bar.end is None
        stop = total if bar.end is None else max(bar.start, bar.end)
        lines.append(
            (
                (fitted(f"   {bar.name}", label), "text" if bar.note or goes_on else "dim"),
                (f"{_seconds(bar.start):>9}", "faint"),
                (f"{_seconds(stop - bar.start):>9}", "accent" if goes_on else "text"),
                ("…" if goes_on else " ", "accent"),
                (" ", "text"),
                *_bar(bar.start, stop, total, room, bar.style, ticks),
                (f"  {bar.note:>{notes}}" if bar.note else "", "dim"),
            )
        )
    return lines


def _seconds(milliseconds: float) -> str:
    return times.exact_duration(milliseconds) if milliseconds < 1e6 else times.duration(milliseconds)


def _ticks(total: float, room: int) -> dict[int, str]:
    """Return the cells of the scale that have a tick, with the tick's label."""
    most = max(1, room // _CELLS_A_TICK)
    size = 1.0
    while True:
        for step in _STEPS:
            every = step * size
            if total / every <= most:
                marks = range(int(total // every) + 1)
                return {min(int(mark * every * room / total), room - 1): _mark(mark * every) for mark in marks}
        size *= 10


def _mark(milliseconds: float) -> str:
    return "0" if not milliseconds else times.duration(milliseconds).replace(".0s", "s")


def _axis(ticks: dict[int, str], total: float, label: int, room: int) -> Line:
    scale = ""
    for cell, name in ticks.items():
        if cell + len(name) <= room:
            scale = scale.ljust(cell) + name
    return ((fitted("", label), "text"), (f"{'at':>9}{'took':>9}  ", "dim"), (scale, "dim"))


def _bar(start: float, end: float, total: float, room: int, style: str, ticks: dict[int, str]) -> Iterator[Piece]:
    left = min(int(start * room / total), room - 1)
    eighths = min(round((end * room / total - left) * 8), (room - left) * 8)
    whole, part = divmod(max(1, eighths), 8)
    block = "█" * whole + (_PARTS[part] if part else "")
    yield (_grid(0, left, ticks), "rule")
    yield (block, style)
    yield (_grid(left + len(block), room, ticks), "rule")


def _grid(start: int, stop: int, ticks: dict[int, str]) -> str:
    return "".join("┊" if cell in ticks else " " for cell in range(start, stop))
