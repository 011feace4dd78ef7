"""Run the dashboard. The command line needs nothing else from this package."""

import asyncio
import select
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candela_tui.config import UiSettings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.feed import Feed
from candela_tui.fulltext.finder import Finder
from candela_tui.store.history import History
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.state.proxy_status import ProxyStatus
from candela_tui.ui.style.strip_caches import leave_out_strip_caches
from candela_tui.ui.terminal.driver import NonBlockingDriver, has_other_driver
from candela_tui.ui.terminal.exit_summary import exit_summary

__all__ = ["DashboardExit", "ProxyControl", "ProxyStatus", "has_other_driver", "run"]

_LOOK_AT_TERMINAL_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class DashboardExit:
    """Why the dashboard ended."""

    code: int
    """0 if the user quit, 128 plus the signal's number after a signal, 1 after a failure."""
    crash: str | None = None
    """The traceback of the failure, if there was one."""
    totals: tuple[str, ...] = ()
    """Lines that sum up the requests that began while the dashboard was open."""


def run(
    *,
    feed: Feed,
    history: History,
    status: ProxyStatus,
    settings: UiSettings,
    config: Path | None = None,
    preferences: Path | None = None,
    finder: Finder | None = None,
    sign_in_setup: SignInSetup | None = None,
    control: ProxyControl | None = None,
    start: Callable[[], bool] | None = None,
) -> DashboardExit:
    """Show the dashboard in the main thread until the user quits, a signal ends it, or it fails.

    ``config`` is the file that the settings screen writes; None makes it read-only. ``preferences`` is the file that
    keeps what the user chose in the dashboard; None keeps nothing. ``finder`` searches the text of what was recorded;
    without it, the search is off. ``sign_in_setup`` is what signing in needs; without it, signing in is not available.
    ``control`` acts on the candela that is shown; without it, no request can be held.
    ``start`` is called in a thread once the first screen is drawn; if it returns False, the dashboard ends with code 1.
    SIGTERM and SIGHUP quit as ``q`` does and restore the terminal. A failure of the dashboard is returned, not raised.
    """
    leave_out_strip_caches()
    try:
        app = CandelaApp(
            feed=feed,
            history=history,
            status=status,
            settings=settings,
            config=config,
            preferences=Preferences(preferences),
            finder=finder,
            sign_in_setup=sign_in_setup,
            control=control,
            start=start,
        )
        return asyncio.run(_run(app))
    except Exception:  # noqa: BLE001 - the caller reports it; the proxy of this process must not end with it
        return DashboardExit(1, traceback.format_exc())


async def _run(app: CandelaApp) -> DashboardExit:
    loop = asyncio.get_running_loop()
    ended_by: list[int] = []
    opened_at = app.sources.clock.now()

    def leave(number: int) -> None:
        ended_by.append(number)
        app.exit(128 + number)

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and app.is_running:
            app._handle_exception(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(failed)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, number)
    watch = asyncio.create_task(_leave_with_the_terminal(leave), name="terminal")
    try:
        code = await app.run_async()
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
        if isinstance(app._driver, NonBlockingDriver):
            app._driver.end_threads()
    if app.crash is not None:
        return DashboardExit(1, app.crash)
    totals = tuple(exit_summary(app.sources.loaded, opened_at, app.sources.clock))
    return DashboardExit(128 + ended_by[0] if ended_by else code or 0, totals=totals)


async def _leave_with_the_terminal(leave: Callable[[int], None]) -> None:
    """Quit when the terminal closes. SIGHUP only reaches processes whose controlling terminal it is; for others the
    terminal is just gone, and Textual would go on reading keys from it."""
    terminal = select.poll()
    terminal.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
    # A system that can't poll a terminal (macOS could not for a long time) reports POLLNVAL at once.
    while not any(event & (select.POLLHUP | select.POLLERR) for _, event in terminal.poll(0)):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_AT_TERMINAL_EVERY_S)
    leave(signal.SIGHUP)
