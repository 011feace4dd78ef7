"""The facts of a turn: when it was, what it cost, and the parts of its critical path."""

from candela_tui.analysis.turn_lanes import LOOKS
from candela_tui.analysis.turn_timing import TurnTiming, seconds_by_activity
from candela_tui.ledger.agent_tree import TimedTurn
from candela_tui.text import amounts, times
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.overview.labelled_lines import heading, labelled
from candela_tui.ui.style.styled_text import Line

_INFERRED = "inferred: begins after the answer that ended the turn before it"


def turn_lines(timed: TimedTurn, clock: Clock, width: int) -> list[Line]:
    """Return the facts of a turn in lines."""
    turn, totals, timing = timed.turn, timed.totals, timed.timing
    agents = f"{timed.agents} agent{'' if timed.agents == 1 else 's'}"
    cost = amounts.cost(totals.cost, lower_bound=totals.at_least)
    note = "   ".join((amounts.requests(totals.requests), agents, cost))
    lines: list[Line] = [(), heading(f"Turn {turn.number}", note)]
    lines += labelled("began", times.exact_time(turn.exchanges[0].started_at, clock), width)
    if timing is not None:
        lines += labelled("took", times.exact_duration(timing.wall_s * 1000), width)
        lines += labelled("critical path", critical_path(timing), width)
    lines += labelled("prompt", turn.prompt_id or _INFERRED, width)
    return lines


def critical_path(timing: TurnTiming) -> str:
    """Return the parts of the critical path, the longest first: ``model 1.5s, tools 1.2s``."""
    parts = sorted(seconds_by_activity(timing.path).items(), key=lambda part: -part[1])
    return ", ".join(f"{LOOKS[activity].word} {times.duration(seconds * 1000)}" for activity, seconds in parts)
