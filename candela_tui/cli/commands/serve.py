"""``candela serve``: run the proxy without a dashboard."""

import os

import click

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    help="The form of the lines: text for people, json for what collects logs.",
)
@click.option(
    "--transparent",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Also serve connections that the system redirects to this port of 127.0.0.1 and ::1, for containers and pods "
    "(Linux).",
)
@click.option("--ready-fd", type=int, hidden=True)
@pass_invocation
def serve(invocation: Invocation, log: str, transparent: int | None, ready_fd: int | None) -> None:
    """Run the proxy without a dashboard, in the foreground.

    Prints a line for each finished request, and warnings on standard error. Ctrl+C stops it: live streams have
    proxy.shutdown_grace_s seconds to end, as after SIGTERM. A second Ctrl+C stops it at once.

    In a container, variables alone can set it up: docs/deploy.md lists them.
    """
    from candela_tui.cli.process.serving import serve_until_told
    from candela_tui.config.sidecar import transparent_port

    try:
        transparent = transparent or transparent_port(os.environ)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    serve_until_told(invocation, ready_fd, transparent, json_log=log == "json")
