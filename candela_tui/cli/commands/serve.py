"""``candela serve``: run the proxy without a dashboard."""

import click

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.option("--ready-fd", type=int, hidden=True)
@pass_invocation
def serve(invocation: Invocation, ready_fd: int | None) -> None:
    """Run the proxy without a dashboard, in the foreground.

    Prints a line for each finished request, and warnings on standard error. Ctrl+C stops it: live streams have
    proxy.shutdown_grace_s seconds to end. A second Ctrl+C stops it at once.
    """
    from candela_tui.cli.process.serving import serve_until_told

    serve_until_told(invocation, ready_fd)
