"""Export requests to a file, after asking which, how and where."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from textual.widget import Widget

from candela_tui.exchange import Exchange
from candela_tui.files import write_new, write_whole
from candela_tui.reports.report import export_of
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.text import amounts
from candela_tui.ui.deferred import deferred
from candela_tui.ui.screens.dashboard.requests.export_dialog import ExportDialog, ExportOption, ExportTarget, Which
from candela_tui.ui.state.data_sources import DataSources

Sets = Mapping[Which, Callable[[], Sequence[Exchange]]]
"""The sets of requests that can be exported, evaluated when asked for."""


class Exporter:
    """Ask and write for a widget, in the background and while the widget exists."""

    def __init__(self, widget: Widget, sources: DataSources) -> None:
        self._widget = widget
        self._sources = sources

    def ask(self, session_id: str | None, sets: Sets) -> None:
        """Ask which of these sets of requests to write, how, and where. ``session_id`` is their session."""

        def chosen(to: ExportTarget | None) -> None:
            if to is not None:
                writing = deferred(self._write, to, sets[to.export.which])
                self._widget.run_worker(writing, group="export")

        self._widget.app.push_screen(
            ExportDialog(session_id, {which: amounts.requests(len(exchanges())) for which, exchanges in sets.items()}),
            chosen,
        )

    async def _write(self, to: ExportTarget, known: Callable[[], Sequence[Exchange]]) -> None:
        exchanges = await self._whole(to.export, known()) if to.export.whole else known()
        try:
            path = await asyncio.to_thread(_write_file, to, exchanges)
        except OSError as error:
            self._widget.notify(f"The export could not be written: {error.strerror or error}", severity="error")
        else:
            self._widget.notify(f"{amounts.requests(len(exchanges))} written to {path}")

    async def _whole(self, export: ExportOption, known: Sequence[Exchange]) -> Sequence[Exchange]:
        """Return the requests that the dashboard has loaded, and those that are only in the store."""
        history = self._sources.history
        try:
            if export.which == "all":
                stored = await asyncio.to_thread(history.exchanges)
            else:
                stored = await asyncio.to_thread(history.exchanges, ExchangeQuery(export.session_id))
        except StoreError as error:
            self._widget.notify(
                f"{error} The export has only the requests that the dashboard has loaded.", severity="warning"
            )
            return known
        return list({exchange.id: exchange for exchange in (*stored, *known)}.values())


def _write_file(to: ExportTarget, exchanges: Sequence[Exchange]) -> Path:
    """Write exchanges, the earliest first; blocks. Without a path, to a new file in the current directory. Raises
    OSError."""
    pieces = to.export.report.pieces(export_of(exchanges))
    if to.path is None:
        return write_new(Path.cwd(), Path(to.export.file_name).stem, to.export.report.suffix, pieces)
    write_whole(to.path, pieces, replace=to.replace)
    return to.path.absolute()
