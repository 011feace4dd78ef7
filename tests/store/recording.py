"""A store writer whose reports a test can wait for, and exchanges to give it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.store.writer import StoreWriter

PATIENCE_S = 30


class Reports:
    """What a writer told, from whichever thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.problems: list[str] = []
        self.stored: list[str] = []

    def problem(self, text: str) -> None:
        with self._changed:
            self.problems.append(text)
            self._changed.notify_all()

    def store(self, exchange_id: str) -> None:
        with self._changed:
            self.stored.append(exchange_id)
            self._changed.notify_all()

    def wait_for_problem(self, words: str) -> str:
        def found() -> str | None:
            return next((text for text in self.problems if words in text), None)

        return self._wait(found, f"{words!r} among {self.problems}")

    def wait_until_stored(self, *exchange_ids: str) -> None:
        self._wait(lambda: set(exchange_ids) <= set(self.stored), f"{exchange_ids} among {self.stored}")

    def _wait(self, condition: Callable[[], Any], what: str) -> Any:
        with self._changed:
            found = self._changed.wait_for(condition, PATIENCE_S)
        assert found, f"waited in vain for {what}; told: {self.problems}"
        return found


@contextmanager
def writing(path: Path, **options: Any) -> Iterator[tuple[StoreWriter, Reports]]:
    """A writer that runs inside the block and has stored everything after it."""
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store, **options)
    writer.start()
    try:
        yield writer, reports
    finally:
        writer.close(PATIENCE_S)


STARTED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def exchange(number: int = 1, **changes: Any) -> Exchange:
    """A live exchange of this process."""
    fields: dict[str, Any] = {
        "id": f"0001-{number:06}",
        "started_at": STARTED + timedelta(seconds=number),
        "method": "POST",
        "path": "/v1/messages?beta=true",
        "route": "anthropic-direct",
        "kind": Kind.MESSAGES,
        "session_id": "session-1",
        "model": "claude-opus-4-8",
        "pid": os.getpid(),
    }
    return Exchange(**{**fields, **changes})


def ended(live: Exchange, **changes: Any) -> Exchange:
    return replace(live, **{"outcome": Outcome.OK, "status": 200, **changes})


def store_whole(writer: StoreWriter, live: Exchange, request: bytes = b"{}", response: bytes = b"answer") -> None:
    """One exchange from beginning to end."""
    writer.begin(live, request)
    writer.end(ended(live), [response], [12.5])
