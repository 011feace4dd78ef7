"""``candela reconcile``: a session's cost by candela beside the client's own, and why they differ."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from candela_tui.analysis.reconciliation import Item
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import SESSION_ID, recorded, session_named
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.reports.json_text import json_text
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN
from candela_tui.text.tables import table_lines
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.claude_code.transcripts import BadLine
    from candela_tui.imports.reconciliation import SessionReconciliation

_SOURCES = {"transcript": "as its transcript states it", "settings": "as .claude.json states it"}


@click.command()
@click.argument("session", metavar="SESSION", type=SESSION_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def reconcile(invocation: Invocation, session: str, as_json: bool) -> None:
    """Compare candela's cost of a session with Claude Code's own. The beginning of its id is enough.

    Each difference is named with its request, its kind and the reason; together they are the difference.
    """
    from candela_tui.imports.reconciliation import reconcile_session
    from candela_tui.pricing import Pricer

    pricer = Pricer(invocation.settings().pricing)
    with recorded(invocation) as store:
        session_id = session_named(store, session)
        if session_id is None:
            raise click.ClickException("Requests without a session have no sum of Claude Code.")
        try:
            found = reconcile_session(store, session_id, pricer, _say_bad)
        except OSError as error:
            raise click.ClickException(terminal_safe(f"{error.filename}: can't be read: {error.strerror}")) from None
    if as_json:
        echo_json(json_text(_record(found)))
        return
    for line in _lines(found, output_width()):
        click.echo(terminal_safe(line))


def _say_bad(line: "BadLine") -> None:
    place = f"{line.file}:{line.number}" if line.number else str(line.file)
    click.echo(f"Warning: {terminal_safe(place)}: {line.why}", err=True)


def _record(found: "SessionReconciliation") -> dict[str, Any]:
    result = found.result
    return {
        "session_id": found.session_id,
        "wire_usd": result.wire_usd,
        "wire_at_least": found.at_least,
        "client_usd": result.client_usd,
        "client_source": found.source,
        "difference_usd": result.difference_usd,
        "items": [{"id": item.id, "kind": item.kind, "usd": item.usd, "why": item.why} for item in result.items],
    }


def _lines(found: "SessionReconciliation", width: int | None) -> Iterator[str]:
    result = found.result
    wire = amounts.exact_money(result.wire_usd)
    yield f"candela      {f'≥ {wire}' if found.at_least else wire}"
    if result.client_usd is None or result.difference_usd is None:
        yield f"Claude Code  {UNKNOWN}   it states no sum for this session; see docs/reconcile.md"
        return
    yield f"Claude Code  {amounts.exact_money(result.client_usd)}   {_SOURCES[found.source or '']}"
    yield f"difference   {_signed(result.difference_usd) if result.difference_usd else 'none'}"
    if result.items:
        yield ""
        yield from table_lines(
            ("REQUEST", "KIND", "USD", "WHY"), map(_row, result.items), flexible=3, right=(2,), width=width
        )


def _row(item: Item) -> tuple[str, str, str, str]:
    return item.id or UNKNOWN, item.kind.replace("_", " "), _signed(item.usd), item.why


def _signed(usd: Decimal) -> str:
    return f"{'-' if usd < 0 else '+'}{amounts.exact_money(abs(usd))}"
