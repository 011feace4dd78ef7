"""Start the proxy and open the store behind a dashboard that is already drawn.

Importing what they need takes longer than drawing the first screen. Clients may connect from the beginning: their
connections wait at the port, which is taken before.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.logging_setup import log_notice
from candela_tui.config import Settings
from candela_tui.feed import Feed
from candela_tui.proxy.listen import HOST
from candela_tui.store.errors import StoreError
from candela_tui.store.history import History

if TYPE_CHECKING:
    from candela_tui.attach.control import Control
    from candela_tui.cli.process.engine import Engine
    from candela_tui.store.reader import StoreReader


_Opened = TypeVar("_Opened")


class _ToOpen(Generic[_Opened]):
    """An object whose calls wait until it is open. They come from helper threads, as all reading does."""

    def __init__(self) -> None:
        self._settled = threading.Event()
        self._opened: _Opened | None = None

    def settle(self, opened: _Opened | None) -> None:
        """Let the calls go on: with the object, or with an error if there is none."""
        self._opened = opened
        self._settled.set()

    def __getattr__(self, name: str) -> Any:
        self._settled.wait()
        if self._opened is None:
            raise StoreError("The store was not opened, because the proxy could not start.")
        return getattr(self._opened, name)


class _ControlToOpen(_ToOpen["Control"]):
    """What acts on the proxy, once it has started."""

    @property
    def intercepting(self) -> str | None:
        """The filter whose requests are held, or None."""
        return self._opened.intercepting if self._opened is not None else None

    def stop_intercepting(self) -> None:
        """Hold nothing any more."""
        if self._opened is not None:
            self._opened.stop_intercepting()


class Start:
    """Calling it starts the engine and opens the store, once. ``feed`` and ``history`` can be shown before."""

    def __init__(
        self,
        settings: Settings,
        invocation: Invocation,
        sock: socket.socket,
        on_started: Callable[[], None] = lambda: None,
        rules_file: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """``environ``: the variables that sinks read."""
        self._rules_file = rules_file
        self._environ = environ
        self._settings = settings
        self._invocation = invocation
        self._sock = sock
        self._on_started = on_started
        self.address = f"{HOST}:{sock.getsockname()[1]}"
        self.feed = Feed(log_notice)
        self._history = _ToOpen[History]()
        self.history = cast("StoreReader", self._history)
        self._control = _ControlToOpen()
        self.control = cast("Control", self._control)
        self.engine: Engine | None = None
        """The running engine, once it was started."""
        self.failure: click.ClickException | None = None
        """Why it can't be started."""
        self._reader: StoreReader | None = None

    def __call__(self) -> bool:
        """Start, and return whether that worked. Blocks."""
        from candela_tui.attach.client import Client
        from candela_tui.attach.control import Control
        from candela_tui.attach.server import LocalServer
        from candela_tui.cli.process.engine import Engine
        from candela_tui.store.reader import StoreReader

        engine = Engine(self._settings, self._invocation, self._sock, self.feed, self._rules_file, self._environ)
        try:
            engine.start()
        except click.ClickException as error:
            self.failure = error
            self._history.settle(None)
            self._control.settle(None)
            return False
        self.engine = engine
        self._reader = StoreReader(self._invocation.paths.store, self.feed.notify)
        self._history.settle(self._reader)
        # The dashboard acts on the proxy as an attached one does, so that what it holds goes on in the same way.
        self._control.settle(Control(Client(LocalServer(engine.port, self._invocation.paths.token)), self.feed.notify))
        self._on_started()
        return True

    def close(self) -> None:
        """Close the store's reader, and the port if no engine took it over. Calls that still wait for them end."""
        if self._reader is not None:
            self._reader.close()
        if self.engine is None:
            self._history.settle(None)
            self._control.settle(None)
            self._sock.close()
