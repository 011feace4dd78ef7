"""Starting the proxy and the store behind a dashboard that is already drawn."""

import socket
import threading
from pathlib import Path

import click
import pytest

from candela_tui.cli.dashboard.start import Start
from candela_tui.cli.invocation import Invocation
from candela_tui.config import Settings
from candela_tui.proxy.listen import bind, running_candela
from candela_tui.store.errors import StoreError


def start_in(directory: Path, settings: Settings, sock: socket.socket) -> Start:
    return Start(settings, Invocation(config=directory / "config.toml", data=directory), sock)


def test_a_client_that_comes_before_the_proxy_is_served_once_it_has_started(tmp_path: Path) -> None:
    sock = bind(0)
    port: int = sock.getsockname()[1]
    found: list[object] = []
    client = threading.Thread(target=lambda: found.append(running_candela(port)))
    client.start()
    start = start_in(tmp_path, Settings(), sock)
    assert start()
    client.join()
    assert start.engine is not None
    start.engine.stop()
    start.close()
    (candela,) = found
    assert candela is not None


def test_what_is_read_before_the_store_is_open_waits_for_it(tmp_path: Path) -> None:
    start = start_in(tmp_path, Settings(), bind(0))
    read: list[object] = []
    reading = threading.Thread(target=lambda: read.append(start.history.exchanges()))
    reading.start()
    assert start()
    reading.join()
    assert read == [[]]
    assert start.engine is not None
    start.engine.stop()
    start.close()


def test_a_proxy_that_can_not_start_is_an_error_that_says_why(tmp_path: Path) -> None:
    settings = Settings.model_validate({"proxy": {"ca_bundle": str(tmp_path / "missing.pem")}})
    start = start_in(tmp_path, settings, bind(0))
    assert not start()
    assert isinstance(start.failure, click.ClickException)
    assert "The proxy can't start: " in start.failure.message
    with pytest.raises(StoreError, match="the proxy could not start"):
        start.history.exchanges()
    start.close()


def test_leaving_before_the_start_gives_the_port_back(tmp_path: Path) -> None:
    sock = bind(0)
    port: int = sock.getsockname()[1]
    start_in(tmp_path, Settings(), sock).close()
    bind(port).close()
