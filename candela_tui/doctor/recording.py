"""Whether what runs is being stored, and which databases were set aside as damaged, with what they hold."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.proxy.listen import running_candela
from candela_tui.store.set_aside import damaged_copies
from candela_tui.storing import unstored_words
from candela_tui.telemetry_state import telemetry_words
from candela_tui.text import amounts

TOPIC = Topic("data.recording", "Recording")
TELEMETRY = Topic("data.telemetry", "Telemetry")
SET_ASIDE = Topic("data.set-aside", "Damaged records")
_LIMIT_S = 1.0
_STEPS = 10_000


def check_recording(context: DoctorContext) -> Sequence[CheckResult]:
    """Ask the running candela, and look beside the database. Blocks."""
    found: list[CheckResult] = []
    running = running_candela(context.settings.proxy.port)
    if running is not None and running.data_dir == str(context.paths.data):
        wrong = unstored_words(running.storing)
        if wrong:
            found.append(TOPIC.bad(" ".join(wrong), f"See {context.paths.log}"))
        unsent = telemetry_words(running.telemetry)
        if unsent:
            found.append(
                TELEMETRY.warn(
                    " ".join(unsent),
                    "Check its section of config.toml, and that the collector runs, or the file can be written.",
                )
            )
    found += map(_set_aside, damaged_copies(context.paths.store_file))
    return found or [TOPIC.ok("no request was lost, and no damaged database was set aside")]


def _set_aside(copy: Path) -> CheckResult:
    words, readable = f"{copy} was set aside as damaged, and a new database was begun", _readable(copy)
    if not readable:
        return SET_ASIDE.warn(f"{words}; none of its requests can be read", "Delete the file.")
    fix = f"Delete the file if you do not need them; `sqlite3 {copy} .recover` prints as SQL what can be saved."
    return SET_ASIDE.warn(f"{words}; at least {readable} can be read", fix)


def _readable(copy: Path) -> str:
    """Return how many requests can be read, and of which days; empty if there are none."""
    times: list[int] = []
    begun = time.monotonic()
    try:
        # immutable: no files of a log are left beside it.
        with closing(sqlite3.connect(f"file:{quote(str(copy.absolute()))}?mode=ro&immutable=1", uri=True)) as database:
            database.set_progress_handler(lambda: time.monotonic() - begun > _LIMIT_S, _STEPS)
            # One by one, up to the first damaged page.
            for [started] in database.execute("SELECT started_at_us FROM exchanges NOT INDEXED"):
                if isinstance(started, int):
                    times.append(started)
    except (sqlite3.Error, UnicodeDecodeError):
        pass
    days = [day for day in (_day(min(times)), _day(max(times))) if day] if times else []
    if not days:
        return ""
    when = f"of {days[0]}" if len(set(days)) == 1 else f"from {days[0]} to {days[-1]}"
    return f"{amounts.requests(len(times))} {when}"


def _day(microseconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(microseconds / 1_000_000, UTC).astimezone():%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return ""
