"""``candela attach``: the dashboard of a candela that is already running."""

import click

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.argument("server", metavar="[URL]", required=False)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the candela to show. Default: the background candela's, otherwise proxy.port.",
)
@pass_invocation
def attach(invocation: Invocation, server: str | None, port: int | None) -> None:
    """Open the dashboard of a candela that is already running, in the background or in another terminal.

    Quitting this dashboard does not stop that candela or its streams. With the URL of a team's candela, it shows what
    you may see there, once `candela login URL` has signed you in.

    \b
    Examples:
      candela attach
      candela attach https://candela.example
    """
    if server is not None:
        if port is not None:
            raise click.UsageError("Give either a URL or --port.")
        from candela_tui.cli.dashboard.team import attach_to_server

        raise SystemExit(attach_to_server(invocation, server))
    from candela_tui.cli.dashboard.attached import attach_to

    raise SystemExit(attach_to(invocation, port))
