"""The dashboard in this terminal, whichever candela it shows."""

import logging
import os
import re
import signal
import sys

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.office import Office
from candela_tui.feed import Feed
from candela_tui.ui.driver import has_other_driver
from candela_tui.ui.history import History
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.run import DashboardExit, run
from candela_tui.ui.status import Status

logger = logging.getLogger(__name__)

_TOO_SIMPLE = frozenset({"dumb", "unknown"})


def require_terminal(otherwise: str) -> None:
    """End the command where there is no terminal that the dashboard can be drawn on."""
    if has_other_driver():
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"The dashboard needs a terminal. {otherwise}")
    if os.environ.get("TERM") in _TOO_SIMPLE:
        raise click.ClickException(f"This terminal (TERM={os.environ['TERM']}) can't show the dashboard. {otherwise}")
    # Python itself sets LC_CTYPE to one of these where the locale is C (PEP 538): the user's word is in LANG then.
    coerced = os.environ.get("LC_CTYPE") in {"C.UTF-8", "C.utf8", "UTF-8"}
    names = ("LC_ALL", "LANG", "LC_CTYPE") if coerced else ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((os.environ[name] for name in names if os.environ.get(name)), "")
    # Where no locale is set, as in many containers, most terminals take UTF-8 all the same.
    if locale and not re.search(r"\.utf-?8(@|$)", locale, re.IGNORECASE) and locale.upper() != "UTF-8":
        raise click.ClickException(
            f"The dashboard is drawn in UTF-8, and the locale is {locale}. If the terminal takes UTF-8, set "
            f"LC_ALL=C.UTF-8. {otherwise}"
        )


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
        end = run(
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
    # A terminal that was closed takes no more words.
    if end.code == 0:
        for line in end.totals:
            click.echo(line)
    return end


def report_crash(report: str, invocation: Invocation, next_steps: str) -> None:
    """Log why the dashboard ended, and say that it did and what the user can do."""
    logger.error("the dashboard ended by an error\n%s", report)
    click.echo(f"The dashboard ended by an error; {next_steps}\nThe log says why: {invocation.paths.log}", err=True)
