"""The timing of a request: its phases and the blocks of its response as bars on one scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from candela_tui.analysis.block_times import BlockTime
from candela_tui.exchange import Exchange
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.ui.screens.request.time_bars import scale_heading, scale_ticks, seconds, time_bar
from candela_tui.ui.style.styled_text import Line

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
    ticks = scale_ticks(total, room)
    lines = [((fitted("", label), "text"), *scale_heading(ticks, room))]
    for bar in bars:
        goes_on = bar.end is None
        stop = total if bar.end is None else max(bar.start, bar.end)
        lines.append(
            (
                (fitted(f"   {bar.name}", label), "text" if bar.note or goes_on else "dim"),
                (f"{seconds(bar.start):>9}", "faint"),
                (f"{seconds(stop - bar.start):>9}", "accent" if goes_on else "text"),
                ("…" if goes_on else " ", "accent"),
                (" ", "text"),
                *time_bar(bar.start, stop, total, room, bar.style, ticks),
                (f"  {bar.note:>{notes}}" if bar.note else "", "dim"),
            )
        )
    return lines
