"""The dashboard of what a person may see of a team's candela on another machine."""

import click

from candela_tui.attach.client import Client
from candela_tui.attach.remote_feed import RemoteFeed
from candela_tui.attach.team_control import TeamControl
from candela_tui.attach.team_history import TeamHistory
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.collection import collect_as_usual
from candela_tui.cli.process.logging_setup import log_beside_the_store
from candela_tui.cli.process.team_servers import address_of, signed_in_to
from candela_tui.cli.terminal.run_dashboard import report_crash, require_terminal, show
from candela_tui.store.errors import StoreError
from candela_tui.team.roles import Role
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.run import ProxyStatus
from candela_tui.wire import Me

_SEES = {
    "own": "you see your own requests",
    "team": "you see the requests of your team",
    "all": "you see the requests of everyone",
}


def attach_to_server(invocation: Invocation, url: str) -> int:
    """Show the dashboard of a server until the user quits, and return the exit code. Exits with an error if the user
    did not sign in there, or it does not answer."""
    address = address_of(url)
    settings = invocation.settings()
    require_terminal(f"curl can ask {address.origin} with a key; docs/team.md says how.")
    client = Client(signed_in_to(invocation, settings, address))
    try:
        about, me = client.about(), client.me()
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    status = ProxyStatus(
        address=address.origin.partition("://")[2],
        route=about.route,
        base_url=about.base_url,
        shares_store=about.shares_store,
        server=address.origin,
    )
    history = TeamHistory(client)
    following = RemoteFeed(client, history, about, lambda _: note(address.origin, me))
    following.start()
    collect_as_usual()
    try:
        end = show(following, history, status, settings, invocation, control=TeamControl(client, following.notify))
    finally:
        following.close()
    if end.crash is None:
        return end.code
    with log_beside_the_store(invocation):
        report_crash(
            end.crash, invocation, f"{address.origin} keeps running. `candela attach` opens another dashboard."
        )
    return 1


def note(origin: str, me: Me) -> str:
    """Return who looks at a server, and what they see."""
    roles = " and ".join(role for role in me.roles if role != Role.MEMBER) or Role.MEMBER
    return terminal_safe(f"{origin} as {me.name} ({roles}): {_SEES.get(me.sees, 'you see what it lets you')}")
