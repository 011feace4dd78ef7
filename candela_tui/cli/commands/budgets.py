"""``candela budgets``: how the budgets of config.toml and of keys stand."""

import asyncio
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import recorded
from candela_tui.cli.rules_of_keys import rules_of_keys
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.rules.budgets.state import BudgetState

_NO_BUDGETS = "There are no budgets: `candela rules add budgets --name NAME --limit-usd 20` adds one."


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def budgets(invocation: Invocation, as_json: bool) -> None:
    """Show how the budgets of config.toml and of keys stand: what is spent and reserved, and when each window ends.

    The running candela knows what is in flight. Without one, what is recorded counts.
    """
    from candela_tui.rules.budgets import figures

    settings = invocation.settings()
    states = _states(invocation, settings)
    if as_json:
        echo_json(json_text([figures.budget_record(state) for state in states]))
        return
    if not states:
        click.echo(_NO_BUDGETS, err=True)
        return
    clock = Clock()
    heads = ("BUDGET", "WINDOW", "SPENT", "RESERVED", "LIMIT", "USED", "RESETS IN", "STATE")
    rows = [
        (
            figures.title(state),
            state.window,
            figures.spent(state),
            figures.reserved(state),
            figures.limit(state),
            figures.used(state),
            figures.resets(state, clock.now()),
            f"{state.state} (dry run)" if state.dry_run else state.state,
        )
        for state in states
    ]
    click.echo(table(heads, rows, flexible=0, right=range(2, 7), width=output_width()))
    for override in dict.fromkeys(state.override for state in states if state.override is not None):
        click.echo(terminal_safe(f"{override.budget} is {figures.overridden(override, clock)}"))


def _states(invocation: Invocation, settings: "Settings") -> "list[BudgetState]":
    from candela_tui.attach.control import Control
    from candela_tui.cli.process.check_proxy import client_of, own_candela
    from candela_tui.rules.budgets.books import Unreachable
    from candela_tui.rules.budgets.stored_states import stored_states
    from candela_tui.store.errors import StoreError

    running = own_candela(invocation, settings)
    if running is not None:
        try:
            return Control(client_of(running, invocation), lambda _: None).budgets()
        except StoreError as error:
            raise click.ClickException(str(error)) from None
    of_keys = rules_of_keys(invocation, settings)
    rules = of_keys.added_to(settings.rules)
    if not rules.budgets:
        return []
    with recorded(invocation) as store:
        try:
            settings = settings.model_copy(update={"rules": rules})
            return asyncio.run(stored_states(settings, invocation.paths, store, of_keys.owners))
        except Unreachable as error:
            raise click.ClickException(f"The budgets can't be read: {error}.") from None
