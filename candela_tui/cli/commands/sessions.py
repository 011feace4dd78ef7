"""``candela sessions``: list the recorded sessions, and delete some."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import NO_SESSION, recorded, say_empty, session_named
from candela_tui.cli.terminal.confirm import confirm
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.progress import Progress
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import session_title
from candela_tui.ledger.session_sums import SessionTotals
from candela_tui.ledger.sessions import summarize
from candela_tui.ledger.totals import Totals
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.text.amounts import count, percent
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import local_time

if TYPE_CHECKING:
    from candela_tui.store.deletion import Deletion
    from candela_tui.store.removal import Removed


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def sessions(ctx: click.Context, as_json: bool) -> None:
    """List the recorded sessions, the most recently active first.

    \b
    Examples:
      candela sessions
      candela sessions --json | jq -r '.[].session_id'
      candela sessions delete 1f0c
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Invocation), as_json=as_json)


def _list(invocation: Invocation, *, as_json: bool) -> None:
    with recorded(invocation) as store:
        found = store.totals(by=(Dimension.SESSION, Dimension.AGENT)).sessions()
    if as_json:
        from candela_tui.reports.json_text import json_text
        from candela_tui.reports.records import session_record

        echo_json(json_text([session_record(session) for session in found]))
        return
    if not found:
        say_empty(invocation)
        return
    rows = [
        (
            session.session_id or NO_SESSION,
            _title(session),
            _requests(session.totals),
            str(session.agents),
            count(session.totals.known(session.totals.prompt_tokens)),
            percent(session.totals.cache_hit_rate),
            count(session.totals.known(session.totals.output_tokens)),
            _total(session.totals),
            local_time(session.last_at),
        )
        for session in found
    ]
    heads = ("SESSION", "TITLE", "REQUESTS", "AGENTS", "PROMPT", "CACHED", "OUTPUT", "COST", "LAST")
    click.echo(table(heads, rows, flexible=1, right=range(2, 8), width=output_width()))


def _title(session: SessionTotals) -> str:
    title = session_title(session)
    return f"{title} (continues {session.continues.session_id[:8]})" if session.continues is not None else title


def _requests(totals: Totals) -> str:
    return f"{totals.requests} ({totals.imported} imported)" if totals.imported else str(totals.requests)


def _total(totals: Totals) -> str:
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


@sessions.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
@pass_invocation
def delete(invocation: Invocation, ids: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Delete sessions: their requests, answers and costs. The beginning of an ID is enough.

    This can't be undone. "none" stands for the requests without a session. If candela is running, it frees the space in
    the background.
    """
    from candela_tui.cli.process.check_proxy import own_candela
    from candela_tui.store.deletion import deleting
    from candela_tui.store.errors import StoreError

    with recorded(invocation) as store:
        named = [session_named(store, beginning) for beginning in ids]
        found = {session_id: store.exchanges(ExchangeQuery(session_id)) for session_id in named}
    running = own_candela(invocation, invocation.settings())
    these = "this session" if len(found) == 1 else f"these {len(found)} sessions"
    confirm(f"Delete {these} for good?", yes=yes, declined="Nothing was deleted.", details=_lines(found))
    try:
        with deleting(invocation.paths.store) as deletion:
            live = deletion.live(found)
            if live:
                raise click.ClickException(
                    f"{_name(live[0])} has a request in flight; delete it once that has ended. Nothing was deleted."
                )
            removed = {session_id: deletion.delete(session_id) for session_id in found}
            _report(removed, as_json=as_json)
            if running is None:
                _free(deletion, sum(each.size for each in removed.values()))
    except StoreError as error:
        raise click.ClickException(str(error)) from None


def _lines(found: Mapping[str | None, Sequence[Exchange]]) -> Iterator[str]:
    """Yield a line for each session that would be deleted."""
    for session_id, exchanges in found.items():
        title = terminal_safe(session_title(summarize(session_id, exchanges)))
        yield f"{_name(session_id)}: {title} ({amounts.requests(len(exchanges))})"


def _report(removed: Mapping[str | None, "Removed"], *, as_json: bool) -> None:
    if as_json:
        records = [
            {"session_id": session_id, "requests": each.requests, "bytes": each.size}
            for session_id, each in removed.items()
        ]
        from candela_tui.reports.json_text import json_text

        echo_json(json_text(records))
        return
    for session_id, each in removed.items():
        held = f"{amounts.requests(each.requests)}, {amounts.size(each.size)}"
        named = _name(session_id)
        click.echo(f"Deleted {named[0].lower()}{named[1:]} ({held}).")


def _free(deletion: "Deletion", size: int) -> None:
    """Free the space now, because no candela is running that would. The user may interrupt it."""
    left = size

    def so_far() -> str:
        return f"Freeing space: {amounts.size(left)} left"

    with Progress(so_far) as progress:
        for left in progress.each(deletion.free()):  # noqa: B007 - so_far reads it
            pass


def _name(session_id: str | None) -> str:
    return f"Session {terminal_safe(session_id)}" if session_id else "The requests without a session"
