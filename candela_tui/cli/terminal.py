"""The dashboard in this terminal, whichever candela it shows."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.office import Office
from candela_tui.feed import Feed
from candela_tui.ui.history import History
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.run import DashboardExit, run
from candela_tui.ui.status import Status


def require_terminal(otherwise: str) -> None:
    """End the command where there is no terminal to draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"The dashboard needs a terminal. {otherwise}")


def show(
    feed: Feed,
    history: History,
    status: Status,
    settings: Settings,
    invocation: Invocation,
    office: Office | None = None,
) -> DashboardExit:
    """Open the dashboard until it is left. ``office``: where its user signs in; None: nowhere."""
    try:
        return run(
            feed=feed,
            history=history,
            status=status,
            settings=settings.ui,
            config=invocation.paths.config,
            preferences=Preferences(invocation.paths.preferences),
            office=office,
        )
    except KeyboardInterrupt:
        return DashboardExit(128 + signal.SIGINT)


def tell_crash(report: str, directory: Path) -> None:
    """Write why the dashboard failed into a file of the directory, and say where it is."""
    path = directory / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt"
    try:
        path.write_text(report, encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        click.echo(f"The dashboard failed, and its report can't be written to {path} ({error.strerror}):", err=True)
        click.echo("\n".join(map(plain, report.splitlines())), err=True)
        return
    click.echo(f"The dashboard failed. The report is in {path}", err=True)
