"""``candela statusline``: one line for the status line of Claude Code.

The client runs it after each turn, so it imports little, and never fails: what goes wrong is said in the line.
"""

import os
import sys
from dataclasses import replace
from datetime import datetime, time

import click

from candela_tui.claude_code.status_line import ClientStatus, NotStatus, PromptCache, UsageWindow, read_status
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.status_line import StatusFacts, status_line
from candela_tui.store.errors import StoreError
from candela_tui.store.status_figures import Spent, StatusFigures, reading_figures
from candela_tui.text.times import Clock

_MOST_INPUT = 1 << 20
_MARGIN = 4
"""Cells that the client keeps free beside the line."""
_SET_UP = "set it up with `candela install statusline`"


@click.command()
@pass_invocation
def statusline(invocation: Invocation) -> None:
    """Print one line for the status line of Claude Code, from its JSON on standard input.

    It shows the cost of the session and of today, how full the context is, when the prompt cache expires, and how much
    of a subscription's limits is used. candela does not have to run: the line shows what is recorded and what Claude
    Code states. `candela install statusline` sets it up.
    """
    client, hints = ClientStatus(), list[str]()
    if sys.stdin.isatty():
        click.echo(f"Claude Code gives this command its JSON on standard input; {_SET_UP}.", err=True)
    else:
        try:
            client = read_status(sys.stdin.buffer.read(_MOST_INPUT))
        except NotStatus:
            hints.append(f"candela: standard input is not the JSON of Claude Code; {_SET_UP}")
        except OSError as error:
            hints.append(f"candela: standard input can't be read ({error.strerror})")
    clock = Clock()
    try:
        with reading_figures(invocation.paths.store) as figures:
            facts = _facts(client, figures, clock)
    except StoreError:
        hints.append("candela: its records can't be read; see `candela doctor`")
        facts = _facts(client, None, clock)
    click.echo(status_line(facts, hints, clock, _width()))


def _facts(client: ClientStatus, figures: StatusFigures | None, clock: Clock) -> StatusFacts:
    """Return what the line says: what is recorded, and else what the client states. Raises StoreError."""
    facts = StatusFacts(
        session=Spent(None, client.cost_usd) if client.cost_usd is not None else None,
        subscription=bool(client.windows),
        context_used=client.context_used,
        context_window=client.context_window,
        cache=client.cache,
        windows=tuple(window for window in client.windows if not window.over(clock.now())),
    )
    if figures is None:
        return replace(facts, by_client=bool(client.cost_usd))
    session = figures.session(client.session_id) if client.session_id is not None else None
    recorded = session is not None and bool(session.requests)
    today = figures.since(_midnight(clock))
    if today.requests:
        # What the client counts for a session that is not recorded is not in the sum.
        missing = bool(client.cost_usd) and not recorded
        facts = replace(facts, today=replace(today, at_least=today.at_least or missing))
    if session is None or client.session_id is None or not recorded:
        return replace(facts, by_client=bool(client.cost_usd))
    return replace(
        facts,
        session=session,
        subscription=figures.on_subscription(client.session_id),
        cache=client.cache or _recorded_cache(figures, client.session_id),
        windows=facts.windows or _recorded_windows(figures, client.session_id, clock),
    )


def _recorded_cache(figures: StatusFigures, session_id: str) -> PromptCache | None:
    life = figures.cache_life(session_id)
    return PromptCache(warm=True, ttl=life.ttl, expires_at=life.expires_at) if life is not None else None


def _recorded_windows(figures: StatusFigures, session_id: str, clock: Clock) -> tuple[UsageWindow, ...]:
    limits = figures.limits(session_id)
    stated = limits.windows if limits is not None else ()
    return tuple(
        UsageWindow(window.name, window.utilization, window.resets_at)
        for window in stated
        if window.utilization is not None and not window.over(clock.now())
    )


def _midnight(clock: Clock) -> datetime:
    """Return the moment at which the local day began, also where the clocks were changed since."""
    return datetime.combine(clock.local(clock.now()).date(), time()).astimezone()


def _width() -> int | None:
    """Return the cells that the client has for the line: it states its terminal's in a variable."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) - _MARGIN if columns.isascii() and columns.isdigit() and len(columns) < 6 else None
