"""An export as it is written: how far it is, and a way to stop it."""

from collections.abc import Iterator
from dataclasses import replace

from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.reports.report import Export, Report


class Stopped(Exception):
    """The user stopped the export."""


class Writing:
    """One export as it is written. Another thread may read the counts and stop it."""

    def __init__(self, report: Report, export: Export) -> None:
        self.requests = 0
        """The requests of the sessions that were begun."""
        self.bytes = 0
        self._report = report
        self._export = replace(export, sessions=self._counted(export))
        self._stopped = False

    def stop(self) -> None:
        """Make ``pieces`` raise Stopped."""
        self._stopped = True

    def pieces(self) -> Iterator[bytes]:
        """Yield the file's bytes in pieces. Raises Stopped, and StoreError if a session can't be read."""
        for piece in self._report.pieces(self._export):
            if self._stopped:
                raise Stopped
            self.bytes += len(piece)
            yield piece

    def _counted(self, export: Export) -> Iterator[SessionRequests]:
        for read in export.sessions:
            if self._stopped:
                raise Stopped
            self.requests += len(read.exchanges)
            yield read
