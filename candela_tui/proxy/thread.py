"""Run the proxy in its own thread and event loop, next to the main thread."""

import asyncio
import concurrent.futures
import logging
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from candela_tui.client_telemetry.intake import ClientTelemetry
from candela_tui.config import Settings
from candela_tui.feed import Feed
from candela_tui.paths import Paths
from candela_tui.proxy.collector import Collector
from candela_tui.proxy.listen import HOST
from candela_tui.proxy.metrics.counts import Counts
from candela_tui.proxy.server import Proxy
from candela_tui.sinks.sink import Sink

# Seconds that a thread may hold the interpreter while another needs it. With the default of 5 ms, a busy dashboard
# delays a chunk by that much at each turn.
_SWITCH_INTERVAL_S = 0.0003
_COLLECT_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class ProxyThread:
    """Runs a ``Proxy`` from ``start`` to ``stop``. Both block, and are called from another thread."""

    def __init__(
        self,
        settings: Settings,
        sock: socket.socket,
        feed: Feed,
        sinks: Sequence[Sink],
        paths: Paths | None = None,
        rules_file: Path | None = None,
        dashboard: Sequence[str] = (),
        counts: Counts | None = None,
        redirected: Sequence[socket.socket] = (),
        client_telemetry: ClientTelemetry | None = None,
    ) -> None:
        """``dashboard`` is the command for a dashboard that is attached to this candela, ``counts`` what counts for
        ``/metrics``. ``redirected`` are the sockets that the system redirects connections to."""
        self._counts = counts
        self._dashboard = dashboard
        self._redirected = redirected
        self._client_telemetry = client_telemetry
        self._settings = settings
        self._sock = sock
        self._feed = feed
        self._sinks = sinks
        self._paths = paths
        self._rules_file = rules_file
        self.address = f"{HOST}:{sock.getsockname()[1]}"
        self._started: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._grace_s = 0.0
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="proxy", daemon=True)

    def start(self) -> None:
        """Start the thread, and return once the proxy serves. Raises the error that kept it from starting."""
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._thread.start()
        self._started.result()

    def stop(self, grace_s: float) -> None:
        """Stop accepting, let live streams end for up to ``grace_s`` seconds, pass everything to the sinks."""
        loop = self._started.result()
        self._grace_s = grace_s
        if self._leave is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the proxy is serving or shutting down."""
        return self._thread.is_alive()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:
                if self._started.done():
                    logger.exception("the proxy's thread ended")
                    self._feed.notify("The proxy has stopped unexpectedly (the log says why): restart candela")
                else:
                    self._started.set_exception(error)

    async def _serve(self) -> None:
        self._leave = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(_log_unhandled)
        proxy = Proxy(
            self._settings,
            self._sock,
            self._feed,
            self._sinks,
            self._paths,
            self._rules_file,
            self._dashboard,
            self._counts,
            self._redirected,
            self._client_telemetry,
        )
        await proxy.start()
        self._started.set_result(asyncio.get_running_loop())
        collector = asyncio.create_task(_collect(proxy), name="collector")
        await self._leave.wait()
        collector.cancel()
        await proxy.stop(self._grace_s)


def _log_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log without the repr of the exception, which asyncio's own handler writes: it may quote bytes from a peer."""
    logger.error("%s", context["message"], exc_info=context.get("exception"))


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _collect(proxy: Proxy) -> None:
    collector = Collector()
    collector.start()
    while True:
        await asyncio.sleep(_COLLECT_EVERY_S)
        collector.collect(quiet=not proxy.live)
