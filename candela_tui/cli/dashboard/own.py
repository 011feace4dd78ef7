"""``candela``: the dashboard, with the proxy in the same process."""

from typing import TYPE_CHECKING

import click

from candela_tui.cli.dashboard.start import Start
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.logging_setup import log_beside_the_store
from candela_tui.cli.process.port import refused, require_certificate, require_keys, take_port
from candela_tui.cli.process.signals import until_terminated
from candela_tui.cli.terminal.run_dashboard import report_crash, require_terminal, show
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.fulltext.availability import unavailable
from candela_tui.fulltext.finder import Finder
from candela_tui.providers.registry import destination
from candela_tui.proxy.listen import PortTaken
from candela_tui.ui.run import DashboardExit, ProxyStatus

if TYPE_CHECKING:
    from candela_tui.cli.process.engine import Engine


def open_dashboard(invocation: Invocation) -> int:
    """Run the proxy and show the dashboard until the user quits, and return the exit code.

    If another candela already uses the port, show that one's dashboard instead.
    """
    settings = invocation.settings()
    require_terminal("`candela serve` runs the proxy without it, `candela sessions` lists what was recorded.")
    require_keys(settings, invocation.paths)
    require_certificate(settings)
    try:
        sock = take_port(settings.proxy.port, settings.proxy.listen)
    except PortTaken as taken:
        if taken.candela is None or taken.candela.data_dir is None:
            raise refused(taken) from None
        from candela_tui.cli.dashboard.attached import show_running

        return show_running(taken.candela, settings, invocation)
    with log_beside_the_store(invocation):
        start = Start(settings, invocation, sock)
        end = show_start(start, settings, invocation, SignInSetup(invocation.paths))
        if start.engine is not None:
            return leave(start.engine, end, invocation)
        if end.crash is not None:
            report_crash(end.crash, invocation, "the proxy was not started yet.")
        return end.code


def show_start(
    start: Start,
    settings: Settings,
    invocation: Invocation,
    sign_in_setup: SignInSetup | None = None,
    demo_note: str | None = None,
) -> DashboardExit:
    """Show the dashboard, start what it shows, and return when the user quits. ``demo_note`` says that this is the
    demo. Exits with an error if the start fails."""
    status = ProxyStatus(
        address=start.address,
        route=settings.proxy.default_route,
        base_url=destination(settings.proxy.default_route, settings),
        note=demo_note,
        shares_store=settings.store.url is not None,
        tour=demo_note is not None,
    )
    finder = Finder(invocation.paths.search_index, start.history) if unavailable(settings) is None else None
    try:
        end = show(start.feed, start.history, status, settings, invocation, sign_in_setup, start, finder, start.control)
    finally:
        start.close()
    if start.failure is not None:
        raise start.failure
    return end


def leave(engine: "Engine", end: DashboardExit, invocation: Invocation) -> int:
    """Stop the engine and return the exit code. After a crash of the dashboard, wait for a signal first."""
    if end.crash is not None:
        with until_terminated() as waiting:
            report_crash(
                end.crash,
                invocation,
                f"the proxy keeps running at http://{engine.address}; press ctrl+c to stop it.\n"
                f"`candela attach --port {engine.port}` opens another dashboard.",
            )
            while not waiting.told_to_end:
                waiting.wait()
            stop(engine)
        return 1
    stop(engine)
    return end.code


def stop(engine: "Engine") -> None:
    """Stop the engine, and tell the user if it waits for live requests."""
    live = engine.feed.live_count()
    if live:
        requests = "1 live request" if live == 1 else f"{live} live requests"
        words = f"Waiting up to {engine.grace_s:g} s for {requests} to end; press ctrl+c to quit at once."
        click.echo(words, err=True)
    engine.stop()
