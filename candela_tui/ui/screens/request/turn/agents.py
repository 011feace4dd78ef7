"""The agents of a turn as a tree, each with its figures and a lane of what it did when."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len

from candela_tui.analysis import labels
from candela_tui.analysis.turn_lanes import LOOKS, lane
from candela_tui.analysis.turn_timing import Activity, TurnTiming
from candela_tui.ledger.agent_tree import AgentNode
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.screens.request.overview.labelled_lines import heading
from candela_tui.ui.screens.request.turn.styles import ACTIVITY_STYLES
from candela_tui.ui.style.styled_text import Line, Piece

_COLUMNS = (("MODEL", 13), ("REQ", 5), ("COST", 9), ("HIT", 5), ("CTX", 11), ("WALL", 7), ("BUSY", 7))
"""The columns behind an agent's name, with their cells."""
_NARROW = 100
"""Cells of a screen on which the columns for model and context are left out."""
_LEFT_OUT = frozenset({"MODEL", "CTX"})


def agent_lines(nodes: Sequence[AgentNode], timing: TurnTiming | None, width: int) -> Iterator[Line]:
    """Yield the agents with their figures, and their lanes."""
    columns = [each for each in _COLUMNS if width >= _NARROW or each[0] not in _LEFT_OUT]
    name = max(12, width - 4 - sum(cells for _, cells in columns))
    yield ()
    yield heading("Agents")
    heads = "".join(fitted(head, cells, right=True) for head, cells in columns)
    yield ((fitted("   AGENT", name + 3), "dim"), (heads, "dim"))
    for node in nodes:
        yield _figures(node, columns, name)
    if timing is not None:
        yield from _lanes(nodes, timing, width)


def _figures(node: AgentNode, columns: Sequence[tuple[str, int]], room: int) -> Line:
    totals, context = node.totals, node.context
    window = f"/{amounts.count(context.window)}" if context is not None and context.window is not None else ""
    values = {
        "MODEL": labels.model(node.model),
        "REQ": str(totals.requests),
        "COST": amounts.cost(totals.cost, lower_bound=totals.at_least),
        "HIT": amounts.percent(totals.cache_hit_rate),
        "CTX": f"{amounts.count(context.tokens)}{window}" if context is not None else amounts.UNKNOWN,
        "WALL": times.duration(node.wall_s * 1000),
        "BUSY": times.duration(node.busy_s * 1000),
    }
    stem = f"{node.stem} " if node.stem else ""
    name = fitted(terminal_safe(node.name), min(cell_len(terminal_safe(node.name)), room - len(stem)))
    task = _task(node)
    left = room - len(stem) - cell_len(name)
    return (
        (f"   {stem}", "rule"),
        (name, "text"),
        (fitted(f" · {task}" if task else "", left), "dim"),
        ("".join(fitted(f" {values[head]}", cells, right=True) for head, cells in columns), "text"),
    )


def _task(node: AgentNode) -> str:
    known = node.summary
    if known is None:
        return ""
    inferred = " (inferred)" if known.inferred or known.parent_inferred else ""
    return f"{terminal_safe(known.description or '')}{inferred}".lstrip()


def _lanes(nodes: Sequence[AgentNode], timing: TurnTiming, width: int) -> Iterator[Line]:
    spans = {agent.agent_id: agent.spans for agent in timing.agents}
    label = min(24, width // 4)
    columns = max(10, width - label - 5)
    drawn: set[Activity | None] = set()
    yield ()
    for node in nodes:
        cells = lane(spans.get(node.agent_id, ()), timing.start, timing.end, columns)
        drawn.update(cells)
        stem = f"{node.stem} " if node.stem else ""
        yield (
            (f"   {stem}", "rule"),
            (fitted(terminal_safe(node.name), label - len(stem)), "text"),
            *_signs(cells),
        )
    signs: list[Piece] = [("   ", "text")]
    for activity, look in reversed(list(LOOKS.items())):
        if activity in drawn:
            signs += [(look.sign, ACTIVITY_STYLES[activity]), (f" {look.word}   ", "dim")]
    yield tuple(signs)


def _signs(cells: Sequence[Activity | None]) -> Iterator[Piece]:
    for activity, group in groupby(cells):
        count = len(list(group))
        yield (" " * count, "text") if activity is None else (LOOKS[activity].sign * count, ACTIVITY_STYLES[activity])
