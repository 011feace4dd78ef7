"""The dashboard from its start to its end."""

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
from candela_tui.credentials.sign_in.office import Office
from candela_tui.feed import Feed
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.farewell import farewell
from candela_tui.ui.history import History
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.status import Status

_LOOK_AT_TERMINAL_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class DashboardExit:
    """Why the dashboard ended."""

    code: int
    """0: the user left; 128 and the signal's number; 1: it failed."""
    crash: str | None = None
    """The traceback where it failed."""
    totals: tuple[str, ...] = ()
    """Lines that sum up what began while it was open."""


def run(
    *,
    feed: Feed,
    history: History,
    status: Status,
    settings: UiSettings,
    config: Path | None = None,
    preferences: Preferences | None = None,
    office: Office | None = None,
) -> DashboardExit:
    """Show the dashboard in this (the main) thread until the user leaves, a signal ends it, or it fails.

    ``config``: where the settings screen changes settings; None: nowhere. ``office``: where its user signs in; None:
    nowhere. SIGTERM and SIGHUP leave as ``q`` does, with the terminal restored. It never raises for a failure of its
    own.
    """
    try:
        app = CandelaApp(
            feed=feed,
            history=history,
            status=status,
            settings=settings,
            config=config,
            preferences=preferences,
            office=office,
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
    if app.crash is not None:
        return DashboardExit(1, app.crash)
    totals = tuple(farewell(app.sources.ledger, opened_at, app.sources.clock))
    return DashboardExit(128 + ended_by[0] if ended_by else code or 0, totals=totals)


async def _leave_with_the_terminal(leave: Callable[[int], None]) -> None:
    """A terminal that is closed sends SIGHUP only to those whose own it is; to others it is just gone, and Textual
    would go on asking it for keys."""
    terminal = select.poll()
    terminal.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
    # Where a system can't poll a terminal (macOS could not for long), it says so at once, with POLLNVAL.
    while not any(event & (select.POLLHUP | select.POLLERR) for _, event in terminal.poll(0)):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_AT_TERMINAL_EVERY_S)
    leave(signal.SIGHUP)
