"""Find or start the proxy through which a sign-in is checked."""

import contextlib
import os
from collections.abc import Iterator
from functools import partial

import click

from candela_tui.attach.client import Client
from candela_tui.attach.server import LocalServer
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.pidfile import background
from candela_tui.config import Settings
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.choice import passphrase_of
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.feed import Feed
from candela_tui.network.peer import listening_uid
from candela_tui.proxy.listen import RunningCandela, running_candela
from candela_tui.store.errors import StoreError


def own_candela(invocation: Invocation, settings: Settings) -> RunningCandela | None:
    """Return the candela that runs with this data directory, and so with the same sign-ins, or None."""
    paths = invocation.paths
    found = background(paths.pid)
    running = running_candela(found.port if found else settings.proxy.port)
    if running is None or running.data_dir != str(paths.data):
        return None
    return running if listening_uid(running.port) in (None, os.getuid()) else None


def client_of(running: RunningCandela, invocation: Invocation) -> Client:
    """Return a client for the local API of a running candela."""
    return Client(LocalServer(running.port, invocation.paths.token))


def hand_on_passphrase(running: RunningCandela, invocation: Invocation) -> None:
    """Give a running candela whose secrets are locked the passphrase in this environment, if there is one. Prints why
    it can't be given."""
    passphrase = passphrase_of()
    if passphrase is None or running.data_dir != str(invocation.paths.data):
        return
    client = client_of(running, invocation)
    try:
        if any(state.standing is Standing.LOCKED for state in client.credentials()):
            client.unlock(passphrase)
    except (StoreError, VaultError) as error:
        click.echo(
            f"candela: the candela on port {running.port} could not be given the passphrase of the encrypted file: "
            f"{error}",
            err=True,
        )


@contextlib.contextmanager
def proxy_for_check(invocation: Invocation, settings: Settings) -> Iterator[str]:
    """Provide the host and port of a proxy with this data directory's sign-ins.

    Uses the candela that is running, or else starts a proxy that records nothing and stops at the end of the block.
    Exits with an error if none can be started."""
    running = own_candela(invocation, settings)
    if running is not None:
        yield f"127.0.0.1:{running.port}"
        return
    # These imports take a quarter of a second and are not needed if a candela is running.
    from candela_tui.proxy.listen import bind
    from candela_tui.proxy.server import Proxy
    from candela_tui.proxy.thread import ProxyThread

    # Nobody else is to reach it, and it asks itself for no key.
    own = {
        "proxy": settings.proxy.model_copy(update={"listen": None}),
        "keys": settings.keys.model_copy(update={"required": False}),
    }
    sock, feed = bind(0), Feed()
    make = partial(Proxy, settings.model_copy(update=own), sock, feed, (), invocation.paths)
    proxy = ProxyThread(make, sock.getsockname()[1], feed.notify)
    try:
        proxy.start()
    except OSError as error:
        raise click.ClickException(f"No proxy can be started for the check: {error}") from None
    try:
        yield proxy.address
    finally:
        proxy.stop(0)
