"""``candela``: the dashboard, with the proxy in the same process."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from candela_tui.cli.engine import Engine, refused, take_port
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.logs import log_beside_the_store
from candela_tui.config import Settings
from candela_tui.feed import Feed
from candela_tui.paths import default_paths
from candela_tui.proxy.listen import HOST, PortTaken, RunningCandela
from candela_tui.store.reader import StoreReader
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.run import DashboardExit, Status, run

_UNTIL_STREAMS_END_S = 7 * 86400.0


def open_dashboard(invocation: Invocation) -> int:
    """Serve and show until the user leaves; the exit code.

    Where another candela has the port, its records are shown instead.
    """
    settings = invocation.settings()
    require_terminal("`candela serve` runs the proxy without one, `candela sessions` lists what was recorded.")
    try:
        sock = take_port(settings.proxy.port)
    except PortTaken as taken:
        if taken.candela is None or taken.candela.data_dir is None:
            raise refused(taken) from None
        return _watch(settings, taken.candela, Path(taken.candela.data_dir), invocation)
    with log_beside_the_store(invocation):
        engine = Engine(settings, invocation, sock)
        engine.start()
        return leave(engine, show(engine, settings, invocation), invocation)


def require_terminal(otherwise: str) -> None:
    """End the command where there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"The dashboard needs a terminal. {otherwise}")


def show(engine: Engine, settings: Settings, invocation: Invocation, note: str | None = None) -> DashboardExit:
    """Open the dashboard on an engine that serves, until it is left."""
    status = Status(
        address=engine.address,
        route=settings.proxy.default_route,
        base_url=settings.anthropic.base_url,
        note=note,
    )
    history = StoreReader(invocation.paths.store)
    try:
        return run(
            feed=engine.feed,
            history=history,
            status=status,
            settings=settings.ui,
            config=invocation.paths.config,
            preferences=Preferences(invocation.paths.preferences),
        )
    except KeyboardInterrupt:
        return DashboardExit(128 + signal.SIGINT)
    finally:
        history.close()


def leave(engine: Engine, end: DashboardExit, invocation: Invocation) -> int:
    """Stop the engine, after a crash of the dashboard only when the live streams have ended; the exit code."""
    if end.crash is None:
        engine.stop()
        return end.code
    _tell_crash(end.crash, invocation.paths.data)
    if engine.feed.live_count():
        click.echo("Live streams go on until they end; Ctrl+C leaves at once.", err=True)
    engine.stop(_UNTIL_STREAMS_END_S)
    return 1


def _watch(settings: Settings, other: RunningCandela, data: Path, invocation: Invocation) -> int:
    store = default_paths(data=data).store
    status = Status(
        address=f"{HOST}:{other.port}",
        route=settings.proxy.default_route,
        base_url=settings.anthropic.base_url,
        note=f"Another candela (pid {other.pid}) serves port {other.port}: these are its records from {store}.",
        follows_store=True,
    )
    history = StoreReader(store)
    try:
        end = run(
            feed=Feed(),
            history=history,
            status=status,
            settings=settings.ui,
            config=invocation.paths.config,
            preferences=Preferences(invocation.paths.preferences),
        )
    finally:
        history.close()
    if end.crash is not None:
        _tell_crash(end.crash, data)
        return 1
    return end.code


def _tell_crash(report: str, directory: Path) -> None:
    path = directory / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt"
    try:
        path.write_text(report, encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        click.echo(f"The dashboard failed, and its report can't be written to {path} ({error.strerror}):", err=True)
        click.echo("\n".join(map(plain, report.splitlines())), err=True)
        return
    click.echo(f"The dashboard failed. The report is in {path}", err=True)
