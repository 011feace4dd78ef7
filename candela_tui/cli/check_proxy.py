"""The proxy that a sign-in is checked through."""

import contextlib
import os
from collections.abc import Iterator, Sequence

import click

from candela_tui.attach.client import Client
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.pidfile import background
from candela_tui.config import Settings
from candela_tui.exchange import Exchange, ProviderSide
from candela_tui.feed import Feed
from candela_tui.peer import listening_uid
from candela_tui.proxy.listen import RunningCandela, running_candela


def own_candela(invocation: Invocation, settings: Settings) -> RunningCandela | None:
    """The candela that runs with this data directory, and so with the same sign-ins; None: none does."""
    paths = invocation.paths
    found = background(paths.pid)
    running = running_candela(found.port if found else settings.proxy.port)
    if running is None or running.data_dir != str(paths.data):
        return None
    return running if listening_uid(running.port) in (None, os.getuid()) else None


def client_of(running: RunningCandela, invocation: Invocation) -> Client:
    """What asks it over its local API."""
    return Client(running.port, invocation.paths.token)


@contextlib.contextmanager
def proxy_for_check(invocation: Invocation, settings: Settings) -> Iterator[str]:
    """Host and port of the candela that runs with this data directory, else of a proxy that ends with the block and
    records nothing."""
    running = own_candela(invocation, settings)
    if running is not None:
        yield f"127.0.0.1:{running.port}"
        return
    # A quarter of a second of imports, which are for nothing where one runs.
    from candela_tui.proxy.listen import bind
    from candela_tui.proxy.thread import ProxyThread

    proxy = ProxyThread(settings, bind(0), Feed(), _Nowhere(), invocation.paths)
    try:
        proxy.start()
    except OSError as error:
        raise click.ClickException(f"No proxy can be started for the check: {error}") from None
    try:
        yield proxy.address
    finally:
        proxy.stop(0)


class _Nowhere:
    """Keeps nothing."""

    def begin(self, exchange: Exchange, request: bytes) -> None:
        """It began."""

    def grow(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        """More of it came."""

    def end(
        self, exchange: Exchange, chunks: Sequence[bytes], times: Sequence[float], provider: ProviderSide | None
    ) -> None:
        """It ended."""
