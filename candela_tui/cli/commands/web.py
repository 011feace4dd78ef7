"""``candela web``: the dashboard in a browser."""

from pathlib import Path

import click

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.option("--url", "only_url", is_flag=True, help="Only print the link.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port of the candela to show. Default: the background candela's, otherwise proxy.port.",
)
@pass_invocation
def web(invocation: Invocation, only_url: bool, port: int | None) -> None:
    """Open the dashboard of a candela that is already running in a browser.

    The link works once, within ten minutes. After that the browser is signed in for a week, and its user can also type
    the address or use a bookmark. Without a desktop, as over SSH, the link is only printed.
    """
    from candela_tui.attach.client import Client
    from candela_tui.attach.server import LocalServer
    from candela_tui.cli.process.running import running_on
    from candela_tui.credentials.sign_in.browser import open_browser
    from candela_tui.paths import default_paths
    from candela_tui.store.errors import StoreError

    running = running_on(invocation, invocation.settings(), port)
    if running.data_dir is None:
        raise click.ClickException(f"The candela on port {running.port} records nothing to show.")
    try:
        link = Client(LocalServer(running.port, default_paths(data=Path(running.data_dir)).token)).page_link()
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    if not only_url:
        if open_browser(link):
            click.echo(f"The dashboard is open in your browser: {link.partition('?')[0]}")
            return
        click.echo("No browser could be opened here. Open this link in one on this machine, within ten minutes:")
    click.echo(link)
