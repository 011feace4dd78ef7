"""Export requests to a file, after asking which, how and where."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from textual.widget import Widget

from candela_tui.config import ConfigError
from candela_tui.exchange import Exchange
from candela_tui.files import write_new, write_whole
from candela_tui.pricing import Pricer
from candela_tui.reports.report import Export, export_of
from candela_tui.reports.sharing.redacted import redacted_export
from candela_tui.reports.sharing.redactor import Redactor
from candela_tui.reports.usage.exported import usage_table
from candela_tui.reports.writing import Stopped, Writing
from candela_tui.store.errors import StoreError
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.text import amounts
from candela_tui.ui.deferred import deferred
from candela_tui.ui.screens.dashboard.requests.export_dialog import ExportDialog, ExportOption, ExportTarget, Which
from candela_tui.ui.screens.dashboard.requests.writing_dialog import WritingDialog
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.exported import RecordedBodies, whole_sessions

Sets = Mapping[Which, Callable[[], Sequence[Exchange]]]
"""The sets of requests that can be exported, evaluated when asked for."""

_SHOWN_AFTER_S = 0.4
"""Seconds that an export takes before the dashboard shows how far it is."""
_SAMPLE = 2
"""Requests of which the preview of a document is made."""


class Exporter:
    """Ask and write for a widget, in the background and while the widget exists."""

    def __init__(self, widget: Widget, sources: DataSources) -> None:
        self._widget = widget
        self._sources = sources

    def ask(self, session_id: str | None, sets: Sets) -> None:
        """Ask which of these sets of requests to write, how, and where. ``session_id`` is their session."""

        def chosen(to: ExportTarget | None) -> None:
            if to is not None:
                writing = deferred(self._write, to, sets[to.export.which]())
                self._widget.run_worker(writing, group="export")

        def sample(option: ExportOption) -> Export:
            first = sets[option.which]()[:_SAMPLE]
            bodies = RecordedBodies(self._sources.feed, self._sources.history, first)
            return self._prepared(option, export_of(first, bodies), Redactor())

        notes = {which: amounts.requests(len(exchanges())) for which, exchanges in sets.items()}
        self._widget.app.push_screen(ExportDialog(session_id, notes, sample), chosen)

    def _prepared(self, option: ExportOption, export: Export, redactor: Redactor) -> Export:
        """Return an export with what was chosen for it."""
        if option.by is not None and option.report.is_table:
            export = replace(export, table_of=usage_table(option.by, self._sources.clock))
        return export if option.redaction is None else redacted_export(export, option.redaction, redactor)

    async def _write(self, to: ExportTarget, loaded: Sequence[Exchange]) -> None:
        troubles: list[str] = []
        redactor = Redactor()
        try:
            pricer = await asyncio.to_thread(self._sources.pricer)
        except ConfigError as error:
            self._widget.notify(f"The export could not be written: {error}", severity="error")
            return
        export = self._prepared(to.export, self._export(to.export, loaded, pricer, troubles.append), redactor)
        writing = Writing(to.export.report, export)
        task = asyncio.ensure_future(asyncio.to_thread(_write_file, to, writing))
        try:
            await self._shown(writing, task)
        finally:
            # The worker is cancelled when the dashboard closes.
            writing.stop()
        try:
            path = task.result()
        except Stopped:
            self._widget.notify("The export was stopped. No file was written.")
        except (OSError, StoreError) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else error
            self._widget.notify(f"The export could not be written: {words}", severity="error")
        else:
            done = f"{amounts.requests(writing.requests)} written to {path}"
            redacted = f"\nRedacted: {redactor.summary()}" if to.export.redaction is not None else ""
            self._widget.notify(f"{done}{redacted}")
        for words in troubles:
            self._widget.notify(
                f"{words} The export has only the requests that the dashboard has loaded.", severity="warning"
            )

    def _export(
        self, option: ExportOption, loaded: Sequence[Exchange], pricer: Pricer, on_trouble: Callable[[str], None]
    ) -> Export:
        history = self._sources.history
        bodies = RecordedBodies(self._sources.feed, history, loaded)
        if not option.whole:
            return export_of(loaded, bodies, pricer)
        query = ExchangeQuery(EVERY_SESSION if option.which == "all" else option.session_id)
        return Export(whole_sessions(history, query, loaded, on_trouble), bodies, pricer)

    async def _shown(self, writing: Writing, task: "asyncio.Future[Path]") -> None:
        """Wait for an export, and show how far it is if it takes a while."""
        await asyncio.wait((task,), timeout=_SHOWN_AFTER_S)
        if task.done():
            return

        def so_far() -> str:
            return f"{amounts.requests(writing.requests)}, {amounts.size(writing.bytes)}"

        dialog = WritingDialog(so_far, writing.stop)
        await self._widget.app.push_screen(dialog)
        await asyncio.wait((task,))
        if dialog.is_current:
            dialog.dismiss(None)


def _write_file(to: ExportTarget, writing: Writing) -> Path:
    """Write an export; blocks. Without a path, to a new file in the current directory. Raises OSError, Stopped and
    StoreError."""
    if to.path is None:
        return write_new(Path.cwd(), Path(to.export.file_name).stem, to.export.report.suffix, writing.pieces())
    write_whole(to.path, writing.pieces(), replace=to.replace)
    return to.path.absolute()
