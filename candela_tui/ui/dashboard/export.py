"""Requests written into a file: which of them, how and where, is asked first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from textual.widget import Widget

from candela_tui.exchange import Exchange
from candela_tui.export.csv_table import csv_lines
from candela_tui.export.json_text import json_text
from candela_tui.export.records import in_order, request_records
from candela_tui.store.errors import StoreError
from candela_tui.ui.dashboard.export_dialog import Destination, Export, ExportDialog, Which
from candela_tui.ui.new_file import write_at, write_new
from candela_tui.ui.sources import Sources

Sets = Mapping[Which, Callable[[], Sequence[Exchange]]]
"""What can be written, as it is when it is asked for."""


class Exporter:
    """Asks and writes for a widget, in the background and as long as that is there."""

    def __init__(self, widget: Widget, sources: Sources) -> None:
        self._widget = widget
        self._sources = sources

    def ask(self, session_id: str | None, sets: Sets) -> None:
        """Ask which of these sets of requests to write, how, and where. ``session_id``: whose they are."""

        def chosen(to: Destination | None) -> None:
            if to is not None:
                writing: Callable[[], Awaitable[None]] = partial(self._write, to, sets[to.export.which])
                self._widget.run_worker(writing, group="export")

        self._widget.app.push_screen(
            ExportDialog(session_id, {which: _requests(len(exchanges())) for which, exchanges in sets.items()}), chosen
        )

    async def _write(self, to: Destination, known: Callable[[], Sequence[Exchange]]) -> None:
        exchanges = await self._whole(to.export, known()) if to.export.whole else known()
        try:
            path = await asyncio.to_thread(_write_file, to, exchanges)
        except OSError as error:
            self._widget.notify(f"The export can't be written: {error.strerror or error}", severity="error")
        else:
            self._widget.notify(f"{_requests(len(exchanges))} written to {path}")

    async def _whole(self, export: Export, known: Sequence[Exchange]) -> Sequence[Exchange]:
        """Return what the dashboard knows, and what is only in the store."""
        history = self._sources.history
        try:
            if export.which == "all":
                stored = await asyncio.to_thread(history.exchanges)
            else:
                stored = await asyncio.to_thread(history.exchanges, session_id=export.session_id)
        except StoreError as error:
            self._widget.notify(f"{error} The export has what the dashboard knows.", severity="warning")
            return known
        return list({exchange.id: exchange for exchange in (*stored, *known)}.values())


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"


def _write_file(to: Destination, exchanges: Sequence[Exchange]) -> Path:
    """Write exchanges, the earliest first; blocks. Raises OSError. Without a path into a new file of the current
    directory."""
    if to.export.form == "csv":
        text = "".join(csv_lines(exchanges))
    else:
        # One by one: the encoder holds the interpreter.
        text = "[" + ",\n".join(map(json_text, request_records(in_order(exchanges)))) + "]\n"
    if to.path is None:
        return write_new(Path.cwd(), Path(to.export.file_name).stem, f".{to.export.form}", text)
    write_at(to.path, text.encode("utf-8", "replace"), replace=to.replace)
    return to.path.absolute()
