"""Taking the port, and who has it where it is taken."""

import asyncio
import socket
import sys
from functools import partial
from pathlib import Path

import pytest

from candela_tui.config import Settings
from candela_tui.feed import Feed
from candela_tui.paths import default_paths
from candela_tui.proxy.listen import PortTaken, bind, running_candela
from candela_tui.proxy.server import Proxy
from candela_tui.proxy.thread import ProxyThread
from candela_tui.sinks.store import StoreSink
from candela_tui.store.writer import StoreWriter
from tests.proxy.running import RunningProxy


async def test_a_port_taken_by_another_candela_says_so(candela: RunningProxy) -> None:
    with pytest.raises(PortTaken) as caught:
        await asyncio.to_thread(bind, candela.port)
    assert caught.value.candela is not None
    assert "another candela" in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which process listens")
def test_a_port_taken_by_something_else_says_by_which_process() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(0.01)
        with pytest.raises(PortTaken) as caught:
            bind(other.getsockname()[1])
    assert caught.value.candela is None
    assert "pid" in caught.value.owner


def test_nobody_on_a_port_is_no_candela() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert running_candela(unused.getsockname()[1]) is None


def test_the_proxy_runs_in_a_thread_of_its_own_until_it_is_stopped(tmp_path: Path) -> None:
    sock = bind(0)
    port = sock.getsockname()[1]
    writer = StoreWriter(tmp_path / "candela.db", on_problem=lambda _: None, on_stored=lambda _: None)
    feed = Feed()
    make = partial(Proxy, Settings(), sock, feed, (StoreSink(writer),), default_paths(data=tmp_path))
    proxy = ProxyThread(make, port, feed.notify)
    proxy.start()
    try:
        found = running_candela(port)
        assert found is not None
        assert found.data_dir == str(tmp_path)
    finally:
        proxy.stop(0)
    assert not proxy.alive
    assert running_candela(port) is None


def test_a_proxy_that_cannot_start_says_why_to_whoever_starts_it(tmp_path: Path) -> None:
    settings = Settings.model_validate({"proxy": {"ca_bundle": tmp_path / "none.pem"}})
    writer = StoreWriter(tmp_path / "candela.db", on_problem=lambda _: None, on_stored=lambda _: None)
    sock, feed = bind(0), Feed()
    make = partial(Proxy, settings, sock, feed, (StoreSink(writer),))
    proxy = ProxyThread(make, sock.getsockname()[1], feed.notify)
    with pytest.raises(OSError, match=r"none\.pem"):
        proxy.start()
