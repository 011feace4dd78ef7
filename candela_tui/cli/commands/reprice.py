"""``candela reprice``: calculate the recorded costs again, with the prices of now."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from candela_tui.analysis.repricing import CostChange, Repricing
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.confirm import confirm
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.cli.terminal.progress import Progress
from candela_tui.pricing import Pricer, data_version
from candela_tui.proxy.listen import running_candela
from candela_tui.reports.json_text import json_text
from candela_tui.store.errors import StoreError
from candela_tui.text.amounts import UNKNOWN, money, requests
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@pass_invocation
def reprice(invocation: Invocation, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Calculate the recorded costs again, with the prices of now.

    Prices change after a new version of candela, `candela prices update`, or a change of the [pricing] settings. It
    shows what changes by model and asks before it writes. candela may run meanwhile.
    """
    from candela_tui.store.reader import StoreReader
    from candela_tui.store.repricing import cost_writer

    settings = invocation.settings()
    pricer, path = Pricer(settings.pricing), invocation.paths.store
    store = StoreReader(path, lambda words: click.echo(f"Warning: {terminal_safe(words)}", err=True))
    try:
        found = _priced_again(store, pricer, lambda changes: changes)
        if not as_json:
            _show(found)
        if dry_run or not found.total.requests:
            if as_json:
                _print_json(found, written=False)
            return
        confirm("Write these costs?", yes=yes, declined="Nothing was changed.")
        with cost_writer(path) as writer:
            written = _priced_again(StoreReader(path), pricer, writer.write)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        _print_json(written, written=True)
    else:
        click.echo(f"{requests(written.total.requests)} changed.")
    if running_candela(settings.proxy.port) is not None:
        click.echo("The candela that runs shows the new sums after a restart.", err=True)


def _priced_again(
    store: "StoreReader",
    pricer: Pricer,
    write: "Callable[[list[tuple[Any, Any]]], list[tuple[Any, Any]]]",
) -> Repricing:
    """Price all exchanges again, and return what ``write`` says was changed."""
    from candela_tui.store.repricing import recorded

    repricing = Repricing()
    with Progress(lambda: f"{requests(repricing.checked)} checked …") as progress:
        for page in progress.each(recorded(store)):
            changes = [(before, after) for before in page if (after := repricing.check(before, pricer)) is not None]
            for before, after in write(changes):
                repricing.add(before, after)
    return repricing


def _show(found: Repricing) -> None:
    if not found.total.requests:
        click.echo(f"No cost changes: {requests(found.checked)} checked with {data_version()}.")
    else:
        rows = [(terminal_safe(model) or UNKNOWN, *_cells(change)) for model, change in found.by_difference()]
        rows.append(("total", *_cells(found.total)))
        heads = ("MODEL", "REQUESTS", "BEFORE", "NOW", "DIFFERENCE", "PRICED NOW", "UNPRICED NOW")
        click.echo(table(heads, rows, flexible=0, right=range(1, 7), width=output_width()))
    if found.kept:
        click.echo(
            f"{requests(found.kept)} keep their cost: an earlier candela did not record what it was calculated from.",
            err=True,
        )


def _cells(change: CostChange) -> tuple[str, ...]:
    difference = change.difference_usd
    sign = "-" if difference < 0 else "+" if difference else ""
    return (
        str(change.requests),
        money(change.before_usd),
        money(change.after_usd),
        f"{sign}{money(abs(difference))}",
        str(change.priced_now or ""),
        str(change.unpriced_now or ""),
    )


def _print_json(found: Repricing, *, written: bool) -> None:
    document = {
        "price_data": data_version(),
        "written": written,
        "checked": found.checked,
        "kept": found.kept,
        "models": [{"model": model or None, **_record(change)} for model, change in found.by_difference()],
        "totals": _record(found.total),
    }
    echo_json(json_text(document))


def _record(change: CostChange) -> dict[str, Any]:
    return {
        "requests": change.requests,
        "before_usd": change.before_usd,
        "after_usd": change.after_usd,
        "priced_now": change.priced_now,
        "unpriced_now": change.unpriced_now,
    }
