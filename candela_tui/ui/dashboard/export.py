"""Requests written into a file of the current directory: which of them, and how, is asked first."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from textual.widget import Widget

from candela_tui.exchange import Exchange
from candela_tui.export.csv_table import csv_lines, default_file_name
from candela_tui.export.json_text import json_text
from candela_tui.export.records import in_order, request_records
from candela_tui.store.errors import StoreError
from candela_tui.ui.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.new_file import write_new
from candela_tui.ui.sources import Sources

Which = Literal["session", "shown", "marked"]
Sets = Mapping[Which, Callable[[], Sequence[Exchange]]]
"""What can be written, as it is when it is asked for."""
_LABELS: dict[Which, str] = {"session": "the session", "shown": "what is shown", "marked": "what is marked"}


@dataclass(frozen=True, slots=True)
class _Export:
    """What is to be written, and how."""

    which: Which
    form: Literal["csv", "json"]

    def write(self, exchanges: Sequence[Exchange], session_id: str | None) -> Path:
        """Write exchanges, the earliest first, into a new file; blocks. Raises OSError."""
        if self.form == "csv":
            text = "".join(csv_lines(exchanges))
        else:
            # One by one: the encoder holds the interpreter.
            text = "[" + ",\n".join(map(json_text, request_records(in_order(exchanges)))) + "]\n"
        stem = Path(default_file_name(session_id)).stem
        name = stem if self.which == "session" else f"{stem}-{self.which}"
        return write_new(Path.cwd(), name, f".{self.form}", text)


class Exporter:
    """Asks and writes for a widget, in the background and as long as that is there."""

    def __init__(self, widget: Widget, sources: Sources) -> None:
        self._widget = widget
        self._sources = sources

    def ask(self, session_id: str | None, sets: Sets) -> None:
        """Ask which of these sets of a session's requests to write, and how."""

        def chosen(export: Hashable | None) -> None:
            if isinstance(export, _Export):
                writing: Callable[[], Awaitable[None]] = partial(self._write, export, session_id, sets[export.which])
                self._widget.run_worker(writing, group="export")

        self._widget.app.push_screen(ChooseDialog("Export", _options(sets)), chosen)

    async def _write(self, export: _Export, session_id: str | None, known: Callable[[], Sequence[Exchange]]) -> None:
        exchanges = await self._whole(session_id, known()) if export.which == "session" else known()
        try:
            path = await asyncio.to_thread(export.write, exchanges, session_id)
        except OSError as error:
            self._widget.notify(f"The export can't be written: {error.strerror or error}", severity="error")
        else:
            self._widget.notify(f"{_requests(len(exchanges))} written to {path}")

    async def _whole(self, session_id: str | None, known: Sequence[Exchange]) -> Sequence[Exchange]:
        """All of a session: what the dashboard knows of it, and what is only in the store."""
        try:
            stored = await asyncio.to_thread(self._sources.history.exchanges, session_id=session_id)
        except StoreError as error:
            self._widget.notify(f"{error} The export has what the dashboard knows.", severity="warning")
            return known
        return list({exchange.id: exchange for exchange in (*stored, *known)}.values())


def _options(sets: Sets) -> list[Option]:
    """Each set as CSV, then each as JSON."""
    numbers = {which: _requests(len(exchanges())) for which, exchanges in sets.items()}
    exports = [_Export(which, "csv") for which in sets] + [_Export(which, "json") for which in sets]
    return [
        Option(export, str(place), f"{_LABELS[export.which]} as {export.form.upper()}", numbers[export.which])
        for place, export in enumerate(exports, 1)
    ]


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"
