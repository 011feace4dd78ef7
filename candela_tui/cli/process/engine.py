"""Run the proxy and its store, from binding the port to the last write."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.audit.actor import own_user
from candela_tui.audit.entry import Via
from candela_tui.claude_code.transcripts import projects_directory
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.allocator import give_memory_back
from candela_tui.cli.process.command import CANDELA
from candela_tui.cli.process.logging_setup import log_notice
from candela_tui.cli.process.signals import SIGNAL_CHECK_S
from candela_tui.client_telemetry.intake import ClientTelemetry
from candela_tui.config import Settings, config_access, data_access
from candela_tui.config.managed_settings import ManagedSettingsError
from candela_tui.exchange import Exchange, Kept
from candela_tui.feed import Feed
from candela_tui.fulltext.availability import unavailable
from candela_tui.fulltext.index import delete_index
from candela_tui.fulltext.thread import IndexerThread
from candela_tui.network.server_certificate import CertificateError
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.proxy.metrics.counts import Counts
from candela_tui.proxy.server import Proxy
from candela_tui.proxy.thread import ProxyThread
from candela_tui.results.thread import ResultsThread
from candela_tui.rules.mistakes import rule_mistakes
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.feed import FeedSink
from candela_tui.sinks.sink import Sink
from candela_tui.sinks.store import StoreSink
from candela_tui.sinks.table import forward_to, open_sinks, telemetry_states
from candela_tui.store.audit_retention import AuditRetention
from candela_tui.store.errors import StoreError
from candela_tui.store.open_audit import open_audit_log
from candela_tui.store.postgres import require_driver
from candela_tui.store.reader import StoreReader
from candela_tui.store.retention import Limits
from candela_tui.store.spool import Spool
from candela_tui.store.writer import StoreWriter
from candela_tui.storing import Storing
from candela_tui.text.times import Clock

if TYPE_CHECKING:
    from candela_tui.imports.daily import DailyImport

_FLUSH_TIMEOUT_S = 5.0
_INDEXER_TIMEOUT_S = 1.0
_RESULTS_TIMEOUT_S = 1.0
_CLIENT_TELEMETRY_TIMEOUT_S = 1.0
_GIB = 2**30


class Engine:
    """Serves on a bound socket from ``start`` to ``stop`` and records into the data directory's store."""

    def __init__(
        self,
        settings: Settings,
        invocation: Invocation,
        sock: socket.socket,
        feed: Feed | None = None,
        rules_file: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        redirected: Sequence[socket.socket] = (),
    ) -> None:
        """``feed``: the one that a dashboard already follows. ``rules_file``: whose rules are followed, by default
        config.toml. ``environ``: the variables that sinks read. ``redirected``: the sockets to which the system
        redirects connections."""
        self.feed = feed or Feed(log_notice)
        self._settings = settings
        self._paths = invocation.paths
        self._writer = StoreWriter(
            self._paths.store,
            on_problem=self.feed.notify,
            on_stored=self._stored,
            on_part_stored=self.feed.let_go,
            on_removed=self.feed.tell_removed,
            limits=_limits(settings),
            spool=Spool(self._paths.spool) if self._paths.database is not None else None,
            audit=AuditRetention(
                settings.audit.keep_days,
                open_audit_log(settings, self._paths, own_user(), Via.RETENTION),
                Clock(),
                self.feed.notify,
            ),
        )
        self.feed.storing = self._storing
        self._counts = Counts()
        self._reader = StoreReader(self._paths.store)
        self._indexer = IndexerThread(
            self._paths.search_index, self._paths.store_file, self.feed.notify, self.feed.quiet_s
        )
        self._results = ResultsThread(
            self._paths.store,
            self._writer,
            Pricer(settings.pricing),
            on_results=self._completed,
            on_more=self.feed.tell_missed,
            on_problem=self.feed.notify,
            quiet_s=self.feed.quiet_s,
        )
        self._daily_import = _daily_import(settings, self._paths, self.feed.notify)
        self.port: int = sock.getsockname()[1]
        self._sinks = open_sinks(SinkContext(settings, self.feed.notify, self.port, self._paths, environ))
        self.feed.telemetry = lambda: telemetry_states(self._sinks)
        sinks: tuple[Sink, ...] = (FeedSink(self.feed), StoreSink(self._writer), *self._sinks)
        attach = (*CANDELA, *invocation.arguments(), "attach", "--port", str(self.port))
        followed = rules_file or invocation.paths.config
        self._client_telemetry = ClientTelemetry(self._writer.add_reports, forward_to(self._sinks), self.feed.notify)
        self._writer.on_reported = self._reported
        make = partial(
            Proxy,
            settings,
            sock,
            self.feed,
            sinks,
            self._paths,
            followed,
            attach,
            self._counts,
            redirected,
            self._client_telemetry,
        )
        self._proxy = ProxyThread(make, self.port, self.feed.notify)

    @property
    def address(self) -> str:
        """The host and port of the proxy."""
        return self._proxy.address

    def start(self) -> None:
        """Start the proxy and return once it serves. Exits with an error if it can't. Serves even without a store."""
        mistakes = rule_mistakes(self._settings.rules)
        if mistakes:
            raise click.ClickException("\n".join(f"{self._paths.config}: {mistake}" for mistake in mistakes))
        if self._paths.database is not None:
            try:
                require_driver()
            except StoreError as error:
                raise click.ClickException(str(error)) from None
            if self._settings.history.max_size_gb:
                self.feed.notify(
                    "[history] max_size_gb is not applied to a PostgreSQL database; keep_days and body_days are."
                )
        give_memory_back()
        # Check before the directory is created, which makes it private.
        for words in filter(None, (config_access(self._paths.config), data_access(self._paths.data))):
            self.feed.notify(words)
        try:
            self._paths.make_data_directory()
        except OSError as error:
            self.feed.notify(
                f"{self._paths.data}: the data directory can't be used: {error.strerror}; nothing is recorded"
            )
        self._writer.start()
        self._results.start()
        if unavailable(self._settings) is None:
            self._indexer.start()
        else:
            with contextlib.suppress(OSError):
                delete_index(self._paths.search_index)
        if self._daily_import is not None:
            self._daily_import.start()
        try:
            self._proxy.start()
        except (OSError, CertificateError, ManagedSettingsError) as error:
            self._close()
            raise click.ClickException(f"The proxy can't start: {error}") from None

    def _stored(self, exchange_id: str) -> None:
        self.feed.release(exchange_id)
        self._results.stored(exchange_id)

    def _reported(self, exchange_ids: Sequence[str]) -> None:
        """Publish exchanges with what the client's telemetry says of them."""
        try:
            found = self._reader.with_ids(exchange_ids)
        except StoreError:
            # It is in the store, and is shown once that can be read.
            return
        self.feed.tell_completed(tuple(found.values()))

    def _completed(self, exchanges: Sequence[Exchange]) -> None:
        self.feed.tell_completed(exchanges)
        self._counts.completed(exchanges)
        for sink in self._sinks:
            sink.completed(exchanges)

    def _storing(self) -> Storing:
        trouble = self._writer.trouble
        waiting = self.feed.unstored_count() if trouble else 0
        return Storing(trouble, waiting, self._writer.lost, self._writer.spooled)

    @property
    def grace_s(self) -> float:
        """How many seconds live streams have to end when the engine stops."""
        return self._settings.proxy.shutdown_grace_s

    def stop(self) -> None:
        """Stop accepting requests, let live streams end within the grace time, and write pending records.

        A KeyboardInterrupt ends the wait early; requests that are still live then count as interrupted.
        """
        leaving = threading.Thread(target=self._proxy.stop, args=(self.grace_s,), name="leaving", daemon=True)
        with contextlib.suppress(KeyboardInterrupt):
            leaving.start()
            while leaving.is_alive():
                leaving.join(SIGNAL_CHECK_S)
        self._close()

    def _close(self) -> None:
        self._indexer.close(_INDEXER_TIMEOUT_S)
        self._results.close(_RESULTS_TIMEOUT_S)
        if self._daily_import is not None:
            self._daily_import.close(_FLUSH_TIMEOUT_S)
        self._client_telemetry.close(_CLIENT_TELEMETRY_TIMEOUT_S)
        self._writer.close(_FLUSH_TIMEOUT_S)
        for sink in self._sinks:
            sink.close(_FLUSH_TIMEOUT_S)
        self._reader.close()


def _limits(settings: Settings) -> Limits:
    history = settings.history
    return Limits(history.keep_days, history.body_days, round(history.max_size_gb * _GIB))


def _daily_import(settings: Settings, paths: Paths, notify: Callable[[str], None]) -> "DailyImport | None":
    """Return the thread that imports transcripts, or None if it is turned off."""
    if settings.history.import_ != "daily":
        return None
    # Import it here: most users leave it off.
    from candela_tui.imports.daily import DailyImport

    kept = Kept(settings.history.bodies)
    return DailyImport(paths, projects_directory(), Pricer(settings.pricing), notify, kept=kept)
