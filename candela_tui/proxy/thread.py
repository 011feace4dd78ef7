"""Run the proxy in its own thread and event loop, next to the main thread."""

import asyncio
import concurrent.futures
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

from candela_tui.proxy.collector import Collector
from candela_tui.proxy.listen import HOST
from candela_tui.proxy.server import Proxy

# Seconds that a thread may hold the interpreter while another needs it. With the default of 5 ms, a busy dashboard
# delays a chunk by that much at each turn.
_SWITCH_INTERVAL_S = 0.0003
_COLLECT_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class ProxyThread:
    """Runs a ``Proxy`` from ``start`` to ``stop``. Both block, and are called from another thread."""

    def __init__(self, make: Callable[[], Proxy], port: int, notify: Callable[[str], None]) -> None:
        """``make`` returns the proxy; it is called in the thread. ``port`` is the one that it listens on. ``notify``
        gets a message for the user if it stops by itself."""
        self._make = make
        self._notify = notify
        self.address = f"{HOST}:{port}"
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
                    self._notify("The proxy has stopped unexpectedly (the log says why): restart candela")
                else:
                    self._started.set_exception(error)

    async def _serve(self) -> None:
        self._leave = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(_log_unhandled)
        proxy = self._make()
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
