"""Find the candela that a command is for."""

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.pidfile import background
from candela_tui.config import Settings
from candela_tui.proxy.listen import RunningCandela, running_candela


def running_on(invocation: Invocation, settings: Settings, port: int | None) -> RunningCandela:
    """Return the candela on a port. Without a port, it is the background candela's, or else ``proxy.port``.

    Exits with an error if none is running.
    """
    if port is None:
        found = background(invocation.paths.pid)
        port = found.port if found else settings.proxy.port
    running = running_candela(port)
    if running is None:
        raise click.ClickException(
            f"No candela is running on port {port}. Start one with `candela start` or `candela`."
        )
    return running
