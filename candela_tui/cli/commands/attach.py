"""``candela attach``: the dashboard of a candela that is already running."""

import click

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the candela to show. Default: the background candela's, otherwise proxy.port.",
)
@pass_invocation
def attach(invocation: Invocation, port: int | None) -> None:
    """Open the dashboard of a candela that is already running, in the background or in another terminal.

    Quitting this dashboard does not stop that candela or its streams.
    """
    from candela_tui.cli.dashboard.attached import attach_to

    raise SystemExit(attach_to(invocation, port))
