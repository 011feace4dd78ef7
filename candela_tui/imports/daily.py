"""The thread that imports Claude Code's transcripts once a day while candela runs."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.exchange import Kept
from candela_tui.file_lock import locked_now
from candela_tui.files import write_atomically
from candela_tui.imports.importing import ImportResult, find_sources
from candela_tui.imports.store_import import import_into_store
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.store.errors import StoreError, unwritable
from candela_tui.text import amounts
from candela_tui.text.times import utc_now
from candela_tui.threads import Pace, Stopped

_EVERY: Final = timedelta(days=1)
_LOOKS_EVERY_S: Final = 600.0
"""Seconds between two looks at the clock, which goes on while the machine sleeps."""
_QUIET_S: Final = 30.0
"""Seconds after the start of candela before the first import."""
_SETTLED: Final = timedelta(minutes=10)
"""Younger answers may be crossing the proxy, whose record is not complete yet."""
_MARGIN: Final = timedelta(hours=1)
"""How far before the last import each one looks, for answers that it left because they were still being written."""


class _Last(msgspec.Struct):
    at: datetime


class DailyImport:
    """Imports in the background from ``start`` to ``close``. What another process imports, this one leaves to it.

    Looks only at what came since the last import, so that what the user deleted from the store stays deleted.
    ``notify`` is called from the thread with a message for the user.
    """

    def __init__(
        self,
        paths: Paths,
        projects: Path,
        pricer: Pricer,
        notify: Callable[[str], None],
        *,
        kept: Kept = Kept.FULL,
        quiet_s: float = _QUIET_S,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``projects``: the directory of the transcripts. ``kept``: what is stored of each exchange besides its facts.
        ``quiet_s``: seconds before the first import."""
        self._paths = paths
        self._projects = projects
        self._pricer = pricer
        self._notify = notify
        self._kept = kept
        self._quiet_s = quiet_s
        self._now = now
        self._told = ""
        self._stop = threading.Event()
        self._pace = Pace(self._stop)
        self._thread = threading.Thread(target=self._run, name="candela-import", daemon=True)

    def start(self) -> None:
        """Start the thread. Never raises: `candela import` does the same."""
        with suppress(RuntimeError):
            self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End the thread. What it was about to import, it imports the next time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = self._quiet_s
        while not self._stop.wait(wait_s):
            try:
                self._import_if_due()
            except Stopped:
                return
            except StoreError as error:
                self._tell(f"Claude Code's transcripts can't be imported: {error}")
            except (SQLAlchemyError, OSError) as error:
                self._tell(f"Claude Code's transcripts can't be imported: {unwritable(self._paths.store, error)}")
            except Exception as error:  # noqa: BLE001 - the relay goes on whatever happens to an import
                self._tell(f"The import stopped on a fault of candela's own ({type(error).__name__}: {error}).")
                return
            wait_s = _LOOKS_EVERY_S

    def _tell(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._notify(words)

    def _import_if_due(self) -> None:
        began = self._now()
        if not self._projects.is_dir():
            return
        with locked_now(self._paths.last_import) as held:
            last = self._last()
            if held and (last is None or began - last >= _EVERY or last > began):
                self._import(began, last - _MARGIN if last is not None else None)

    def _import(self, began: datetime, after: datetime | None) -> None:
        self._pace.begin()
        result = import_into_store(
            self._paths.store,
            find_sources([self._projects], after),
            self._pricer,
            now=began,
            on_problem=self._tell,
            kept=self._kept,
            settled=_SETTLED,
            after=after,
            stopped=self._stop.is_set,
            breathe=self._pace.pause,
        )
        write_atomically(self._paths.last_import, msgspec.json.encode(_Last(began)))
        if result.imported:
            self._notify(_words(result))

    def _last(self) -> datetime | None:
        try:
            return msgspec.json.decode(self._paths.last_import.read_bytes(), type=_Last).at
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None


def _words(result: ImportResult) -> str:
    sessions = amounts.things(len(result.sessions), "session")
    cost = amounts.cost(result.cost_usd, lower_bound=result.at_least)
    bad = f" {amounts.things(result.bad, 'line')} can't be read: `candela import` names them." if result.bad else ""
    return (
        f"Imported {amounts.requests(result.imported)} of {sessions} from Claude Code's transcripts: {cost}. An open "
        f"dashboard lists them after a restart.{bad}"
    )
