"""Accepting in batches, on the loops that candela runs on."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
import uvloop

from candela_tui.proxy.access.acceptor import Acceptor
from candela_tui.proxy.listen import bind

MANY = 100


class Counting(asyncio.Protocol):
    """Counts the connections that are open."""

    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Counting.open += 1
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        Counting.open -= 1


@pytest.fixture
async def clients() -> AsyncIterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for client in opened:
        client.close()


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address)


async def few_turns_take_them_all() -> None:
    sock = bind(0)
    waiting = [connect(sock.getsockname()) for _ in range(MANY)]
    Counting.open = 0
    acceptor = Acceptor(sock, Counting)
    acceptor.start()
    turns = 0
    while Counting.open < MANY:
        await asyncio.sleep(0)
        turns += 1
    assert turns < MANY / 2
    await acceptor.close()
    with pytest.raises(ConnectionRefusedError):
        connect(waiting[0].getpeername())
    for client in waiting:
        client.close()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_connections_that_wait_are_accepted_in_batches(
    run: Callable[[Coroutine[None, None, None]], None],
) -> None:
    run(few_turns_take_them_all())


class Exhausted(socket.socket):
    """A listening socket of a process that has no descriptors left, at first."""

    refusals = 2

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_without_descriptors_connections_wait_until_there_are_some(
    clients: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    bound = bind(0)
    sock = Exhausted(fileno=bound.detach())
    sock.setblocking(False)
    clients.append(connect(sock.getsockname()))
    accepted = asyncio.Event()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set()

    acceptor = Acceptor(sock, Accepted)
    acceptor.start()
    await accepted.wait()
    assert "Too many open files" in caplog.text
    await acceptor.close()
