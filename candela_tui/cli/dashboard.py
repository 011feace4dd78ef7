"""``candela``: the dashboard, with the proxy in the same process."""

import threading

import click

from candela_tui.cli.attach import show_running
from candela_tui.cli.engine import Engine, refused, take_port
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.logs import log_beside_the_store
from candela_tui.cli.signals import SIGNAL_CHECK_S, told_to_end
from candela_tui.cli.terminal import report_crash, require_terminal, show
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.office import Office
from candela_tui.proxy.destinations import destination
from candela_tui.proxy.listen import PortTaken
from candela_tui.store.reader import StoreReader
from candela_tui.ui.run import DashboardExit
from candela_tui.ui.status import Status


def open_dashboard(invocation: Invocation) -> int:
    """Serve and show until the user leaves; the exit code.

    Where another candela has the port, the dashboard is that one's.
    """
    settings = invocation.settings()
    require_terminal("`candela serve` runs the proxy without one, `candela sessions` lists what was recorded.")
    try:
        sock = take_port(settings.proxy.port)
    except PortTaken as taken:
        if taken.candela is None or taken.candela.data_dir is None:
            raise refused(taken) from None
        return show_running(taken.candela, settings, invocation)
    with log_beside_the_store(invocation):
        engine = Engine(settings, invocation, sock)
        engine.start()
        office = Office(invocation.paths)
        return leave(engine, show_engine(engine, settings, invocation, office=office), invocation)


def show_engine(
    engine: Engine,
    settings: Settings,
    invocation: Invocation,
    note: str | None = None,
    office: Office | None = None,
) -> DashboardExit:
    """Open the dashboard on an engine that serves, until it is left."""
    status = Status(
        address=engine.address,
        route=settings.proxy.default_route,
        base_url=destination(settings.proxy.default_route, settings),
        note=note,
    )
    history = StoreReader(invocation.paths.store, engine.feed.notify)
    try:
        return show(engine.feed, history, status, settings, invocation, office)
    finally:
        history.close()


def leave(engine: Engine, end: DashboardExit, invocation: Invocation) -> int:
    """Stop the engine, after a crash of the dashboard only when a signal says so; the exit code."""
    if end.crash is not None:
        woken = threading.Event()
        with told_to_end(woken) as told:
            report_crash(
                end.crash,
                invocation,
                f"the proxy serves on at http://{engine.address}; press ctrl+c to end it. "
                f"`candela attach --port {engine.port}` opens another dashboard.",
            )
            while not told.is_set():
                woken.wait(SIGNAL_CHECK_S)
            stop(engine)
        return 1
    stop(engine)
    return end.code


def stop(engine: Engine) -> None:
    """Stop the engine, and say what that waits for."""
    live = engine.feed.live_count()
    if live:
        requests = "1 live request" if live == 1 else f"{live} live requests"
        words = f"Waiting up to {engine.grace_s:g} s for {requests} to end; press ctrl+c to leave at once."
        click.echo(words, err=True)
    engine.stop()
