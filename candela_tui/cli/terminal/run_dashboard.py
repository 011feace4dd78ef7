"""Run the dashboard in this terminal, for this process's own proxy or for another candela's."""

import logging
import os
import re
import signal
import sys
from collections.abc import Callable

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.feed import Feed
from candela_tui.fulltext.finder import Finder
from candela_tui.store.history import History
from candela_tui.ui.run import DashboardExit, ProxyControl, ProxyStatus, has_other_driver, run

logger = logging.getLogger(__name__)

_TOO_SIMPLE = frozenset({"dumb", "unknown"})


def require_terminal(otherwise: str) -> None:
    """Exit with an error if there is no terminal that can show the dashboard. ``otherwise`` says what to do then."""
    if has_other_driver():
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(f"The dashboard needs a terminal. {otherwise}")
    if os.environ.get("TERM") in _TOO_SIMPLE:
        raise click.ClickException(f"This terminal (TERM={os.environ['TERM']}) can't show the dashboard. {otherwise}")
    # If the locale is C, Python itself sets LC_CTYPE to one of these (PEP 538). The user's own choice is then in LANG.
    coerced = os.environ.get("LC_CTYPE") in {"C.UTF-8", "C.utf8", "UTF-8"}
    names = ("LC_ALL", "LANG", "LC_CTYPE") if coerced else ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((os.environ[name] for name in names if os.environ.get(name)), "")
    # If no locale is set, as in many containers, most terminals still accept UTF-8.
    if locale and not re.search(r"\.utf-?8(@|$)", locale, re.IGNORECASE) and locale.upper() != "UTF-8":
        raise click.ClickException(
            f"The dashboard is drawn in UTF-8, and the locale is {locale}. If the terminal takes UTF-8, set "
            f"LC_ALL=C.UTF-8. {otherwise}"
        )


def show(
    feed: Feed,
    history: History,
    status: ProxyStatus,
    settings: Settings,
    invocation: Invocation,
    sign_in_setup: SignInSetup | None = None,
    start: Callable[[], bool] | None = None,
    finder: Finder | None = None,
    control: ProxyControl | None = None,
) -> DashboardExit:
    """Show the dashboard until the user quits. Without ``sign_in_setup`` it offers no sign-in, without ``finder`` no
    search, and without ``control`` it holds no requests; nothing is held any more when it returns. ``start`` is called
    in a thread once the first screen is drawn, and ends the dashboard if it returns False."""
    try:
        end = run(
            feed=feed,
            history=history,
            status=status,
            settings=settings.ui,
            config=invocation.paths.config,
            preferences=invocation.paths.preferences,
            finder=finder,
            sign_in_setup=sign_in_setup,
            control=control,
            start=start,
        )
    except KeyboardInterrupt:
        return DashboardExit(128 + signal.SIGINT)
    finally:
        if control is not None:
            control.stop_intercepting()
    # After an error exit the terminal may be closed, so print nothing.
    if end.code == 0:
        for line in end.totals:
            click.echo(line)
    return end


def report_crash(report: str, invocation: Invocation, next_steps: str) -> None:
    """Log a crash of the dashboard, and tell the user about it and the next steps."""
    logger.error("the dashboard ended by an error\n%s", report)
    click.echo(
        f"The dashboard ended by an error; {next_steps}\nThe log says why (`candela logs`): {invocation.paths.log}",
        err=True,
    )
