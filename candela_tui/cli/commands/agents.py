"""``candela agents``: the agents of a session, and where the time of its turns went."""

from collections.abc import Iterator, Mapping

import click

from candela_tui.analysis import labels
from candela_tui.analysis.turn_lanes import LOOKS, lane
from candela_tui.analysis.turn_timing import Activity, seconds_by_activity
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import SESSION_ID, recorded, session_named
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.ledger.agent_tree import AgentNode, AgentTree, TimedTurn, agent_tree
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import session_title
from candela_tui.ledger.session_sums import continuations
from candela_tui.ledger.totals import Totals
from candela_tui.reports.agent_records import tree_record
from candela_tui.reports.json_text import json_text
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN, count, percent
from candela_tui.text.cells import fitted
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration, local_time, utc_now

_WIDTH = 100
"""Cells of the lanes' lines if the output is no terminal."""
_NAME = 20
_PATH = (Activity.MODEL, Activity.TOOL, Activity.AGENTS, Activity.WAITING)
"""The parts of the critical path that have a column."""


@click.command()
@click.argument("session", metavar="SESSION", type=SESSION_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every span of every turn.")
@pass_invocation
def agents(invocation: Invocation, session: str, as_json: bool) -> None:
    """Show the agents of a session, and where the time of its turns went. The beginning of its ID is enough.

    The agents' figures are their own, without those of their sub-agents. The turns' columns MODEL to WAITING are the
    parts of the critical path, and the lanes below are those of the latest turn.
    """
    now = utc_now()
    with recorded(invocation) as store:
        session_id = session_named(store, session)
        tree = agent_tree(session_id, store.exchanges(ExchangeQuery(session_id)), now)
        listed = store.totals(by=(Dimension.SESSION,)).sessions()
    continued_by = [each.session_id for each in continuations(listed, session_id) if each.session_id is not None]
    if as_json:
        echo_json(json_text(tree_record(tree, continued_by)))
        return
    width = output_width()
    click.echo(terminal_safe(session_title(tree.session)))
    if tree.session.continues is not None:
        click.echo(terminal_safe(f"continues {tree.session.continues.session_id}"))
    for other in continued_by:
        click.echo(terminal_safe(f"continued by {other}"))
    click.echo()
    click.echo(_agents(tree, width))
    click.echo()
    click.echo(_turns(tree, width))
    for line in _lanes(tree, width or _WIDTH):
        click.echo(line)


def _agents(tree: AgentTree, width: int | None) -> str:
    rows = [
        (
            f"{node.stem} {node.name}".lstrip(),
            _task(node),
            labels.model(node.model),
            str(node.totals.requests),
            _cost(node.totals),
            percent(node.totals.cache_hit_rate),
            _context(node),
            duration(node.wall_s * 1000),
            duration(node.busy_s * 1000),
        )
        for node in tree.agents
    ]
    total = tree.session.totals
    requests = str(total.requests)
    rows.append(("total", "", "", requests, _cost(total), percent(total.cache_hit_rate), "", "", ""))
    heads = ("AGENT", "TASK", "MODEL", "REQUESTS", "COST", "CACHED", "CONTEXT", "WALL", "BUSY")
    return table(heads, rows, flexible=1, right=range(3, 9), width=width)


def _task(node: AgentNode) -> str:
    if node.summary is None:
        return ""
    inferred = " (inferred)" if node.summary.inferred else ""
    return f"{node.summary.description or ''}{inferred}".lstrip()


def _context(node: AgentNode) -> str:
    context = node.context
    if context is None:
        return UNKNOWN
    window = f"/{count(context.window)}" if context.window is not None else ""
    return f"{count(context.tokens)}{window}"


def _cost(totals: Totals) -> str:
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


def _turns(tree: AgentTree, width: int | None) -> str:
    rows = [_turn(timed) for timed in tree.turns]
    heads = ("TURN", "BEGAN", "", "REQUESTS", "AGENTS", "COST", "WALL", "MODEL", "TOOLS", "SUB-AGENTS", "WAITING")
    return table(heads, rows, flexible=2, right=(0, *range(3, 11)), width=width)


def _turn(timed: TimedTurn) -> tuple[str, ...]:
    turn, timing = timed.turn, timed.timing
    path: Mapping[Activity, float] = seconds_by_activity(timing.path) if timing is not None else {}
    return (
        str(turn.number),
        local_time(turn.exchanges[0].started_at),
        "inferred" if turn.inferred else "",
        str(timed.totals.requests),
        str(timed.agents),
        _cost(timed.totals),
        duration(timing.wall_s * 1000 if timing is not None else None),
        *(duration(path[activity] * 1000) if activity in path else "" for activity in _PATH),
    )


def _lanes(tree: AgentTree, width: int) -> Iterator[str]:
    """Yield the lanes of the latest turn that has any, and which sign is which activity."""
    timed = next((timed for timed in reversed(tree.turns) if timed.timing is not None), None)
    if timed is None or timed.timing is None:
        return
    timing = timed.timing
    columns = max(10, width - _NAME - 10)
    nodes = {node.agent_id: node for node in tree.agents}
    drawn: set[Activity | None] = set()
    yield ""
    yield f"turn {timed.turn.number}, {duration(timing.wall_s * 1000)}"
    for agent in timing.agents:
        cells = lane(agent.spans, timing.start, timing.end, columns)
        drawn.update(cells)
        name = fitted(terminal_safe(nodes[agent.agent_id].name), _NAME)
        signs = "".join(" " if cell is None else LOOKS[cell].sign for cell in cells)
        yield f"{name}{duration(agent.wall_s * 1000):>7}  {signs}".rstrip()
    yield "   ".join(
        f"{look.sign} {look.word}" for activity, look in reversed(list(LOOKS.items())) if activity in drawn
    )
