"""The dashboard of a candela that is already running."""

import os
from dataclasses import replace
from pathlib import Path

import click

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.remote_feed import RemoteFeed
from candela_tui.attach.remote_history import RemoteHistory
from candela_tui.attach.server import LocalServer
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.collection import collect_as_usual
from candela_tui.cli.process.logging_setup import log_beside_the_store
from candela_tui.cli.process.running import running_on
from candela_tui.cli.terminal.run_dashboard import report_crash, require_terminal, show
from candela_tui.config import Settings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.feed import Feed
from candela_tui.fulltext.availability import unavailable
from candela_tui.fulltext.finder import Finder
from candela_tui.network.peer import listening_uid
from candela_tui.paths import Paths, default_paths
from candela_tui.providers.registry import destination
from candela_tui.proxy.listen import HOST, RunningCandela
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.ui.run import DashboardExit, ProxyStatus


def attach_to(invocation: Invocation, port: int | None) -> int:
    """Show the dashboard of the candela on a port until the user quits, and return the exit code.

    Without a port, it is the background candela's, or else ``proxy.port``. Exits with an error if none is running.
    """
    settings = invocation.settings()
    require_terminal("`candela status` shows what is running, `candela sessions` lists what was recorded.")
    return show_running(running_on(invocation, settings, port), settings, invocation)


def show_running(running: RunningCandela, settings: Settings, invocation: Invocation) -> int:
    """Show the dashboard of a running candela until the user quits, and return the exit code.

    The dashboard gets live updates over the local API, or polls the store if that can't be used.
    """
    if running.data_dir is None:
        raise click.ClickException(f"The candela on {HOST}:{running.port} (pid {running.pid}) records nothing to show.")
    user = listening_uid(running.port)
    if user not in (None, os.getuid()):
        # The data directory is named by the other user's process, so its contents belong to that user too.
        raise click.ClickException(
            f"The candela on {HOST}:{running.port} belongs to another user of this machine (uid {user}), and so do its "
            "records. Start your own on another port: `candela config set proxy.port 8182`."
        )
    paths = replace(default_paths(data=Path(running.data_dir)), database=invocation.paths.database)
    if (running.database or "") != str(paths.database or ""):
        raise click.ClickException(
            f"The candela on {HOST}:{running.port} keeps its history in {running.database or paths.store_file}, and "
            f"this command would read {paths.store}. Use the same [store] url for both."
        )
    store = StoreReader(paths.store)
    collect_as_usual()
    try:
        end = _live_or_stored(running, paths, store, settings, invocation)
    finally:
        store.close()
    if end.crash is None:
        return end.code
    with log_beside_the_store(invocation):
        report_crash(end.crash, invocation, "the proxy keeps running. `candela attach` opens another dashboard.")
    return 1


def _live_or_stored(
    running: RunningCandela, paths: Paths, store: StoreReader, settings: Settings, invocation: Invocation
) -> DashboardExit:
    client = Client(LocalServer(running.port, paths.token))
    # Combine this user's config.toml with the data directory of the running candela.
    own = replace(paths, config=invocation.paths.config)
    finder = Finder(paths.search_index, store) if unavailable(settings) is None else None
    try:
        about = client.about()
    except StoreError as error:
        status = ProxyStatus(
            address=f"{HOST}:{running.port}",
            route=settings.proxy.default_route,
            base_url=destination(settings.proxy.default_route, settings),
            note=f"Another candela (pid {running.pid}) serves port {running.port}; its records are read from "
            f"{paths.store}, as they can't be followed live: {error}",
            follows_store=True,
        )
        feed = Feed()
        return show(
            feed, StoreReader(paths.store, feed.notify), status, settings, invocation, SignInSetup(own), finder=finder
        )
    status = ProxyStatus(
        address=about.address, route=about.route, base_url=about.base_url, shares_store=about.shares_store
    )
    history = RemoteHistory(client, store)
    following = RemoteFeed(client, history, about)
    following.start()
    try:
        sign_in_setup = SignInSetup(own, client.unlock, client.credentials)
        control = Control(client, following.notify)
        return show(following, history, status, settings, invocation, sign_in_setup, finder=finder, control=control)
    finally:
        following.close()
