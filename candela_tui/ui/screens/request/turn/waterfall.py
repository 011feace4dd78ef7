"""The waterfall of a turn: each request, and what the agents did between them, on one scale."""

from collections.abc import Iterator, Mapping

from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.turn_lanes import LOOKS
from candela_tui.analysis.turn_timing import Span, TurnTiming
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.screens.request.overview.labelled_lines import heading
from candela_tui.ui.screens.request.time_bars import scale_heading, scale_ticks, seconds, time_bar
from candela_tui.ui.screens.request.turn.styles import ACTIVITY_STYLES
from candela_tui.ui.style.styled_text import Line

ON_PATH = "●"
INFERRED = "~"


def span_lines(timing: TurnTiming, names: Mapping[str | None, str], exchange_id: str, width: int) -> Iterator[Line]:
    """Yield a line for each span of the turn, the earliest first. ``exchange_id`` is the request in view."""
    total = timing.wall_s * 1000
    if not total:
        return
    agent, what = (18, 22) if width >= 110 else (12, 16)
    room = max(8, min(width - agent - what - 28, 120))
    ticks = scale_ticks(total, room)
    sub_agents = {known: name for known, name in names.items() if known is not None}
    yield ()
    yield heading("Waterfall", f"{ON_PATH} on the critical path   {INFERRED} inferred")
    yield ((fitted("", agent + what + 5), "text"), *scale_heading(ticks, room))
    for span in sorted(timing.spans, key=lambda span: (span.start, span.end)):
        here = span.exchange_id == exchange_id
        style = ACTIVITY_STYLES[span.activity]
        begin = (span.start - timing.start) * 1000
        yield (
            (f" {ON_PATH if timing.on_path(span) else ' '} ", "accent"),
            (fitted(terminal_safe(agent_name(span.agent_id, sub_agents)), agent), "bright" if here else "text"),
            (f"{fitted(_what(span), what)} ", style),
            (INFERRED if span.inferred else " ", "dim"),
            (f"{seconds(max(0.0, begin)):>9}", "faint"),
            (f"{seconds(span.seconds * 1000):>9}  ", "text"),
            *time_bar(max(0.0, begin), begin + span.seconds * 1000, total, room, style, ticks),
            (" ←" if here else "", "accent"),
        )


def _what(span: Span) -> str:
    word = LOOKS[span.activity].word
    return terminal_safe(f"{word} {span.label}" if span.label else word)
