"""Whatever bytes a client or a provider sends, candela passes on well-formed messages only, and goes on."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proxy.running import PATIENCE_S, RunningProxy
from tests.proxy.test_smuggling import LAST, answers_ok, statuses
from tests.standin.raw_peer import RawPeer, Turn, plays

REQUEST = re.compile(
    rb"[A-Z]+ /[\x21-\x7e\x80-\xff]* HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0-\x08\x0a-\x1f\x7f]*\r\n)+\r\n"
)
BEGIN = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
PIECES = [
    *(BEGIN, b"GET /v1/models?a=%0d%0a HTTP/1.1\r\n", b"HEAD / HTTP/1.0\r\n", b"Host: localhost\r\n", b"X-A: b\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
    *(b"Expect: 100-continue\r\n", b"\r\n", b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"5;x=\r\n", b" folded\r\n"),
    *(
        b"\n",
        b"\r",
        b"\0",
        b":",
        b" ",
        b"\xff",
        b"X-B:\t\xe9\x80\r\n",
        b"Content-Length:",
        b"chunked",
        b"%s\r\n" % LAST,
    ),
]
STREAMS = st.tuples(
    st.sampled_from([b"", BEGIN]), st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=12)
).map(lambda drawn: drawn[0] + b"".join(drawn[1]))


ANSWER = re.compile(
    rb"HTTP/1\.[01] [1-9]\d\d [^\0-\x08\x0a-\x1f\x7f]*\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0-\x08\x0a-\x1f\x7f]*\r\n)*\r\n"
)
ANSWER_BEGIN = b"HTTP/1.1 200 OK\r\n"
ANSWER_PIECES = [
    *(
        ANSWER_BEGIN,
        b"HTTP/1.1 103 Early\r\n\r\n",
        b"HTTP/1.0 204 \xe9\r\n",
        b"HTTP/1.1 429 \r\n",
        b"Connection: close\r\n",
    ),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"X-A: b\r\n", b"\r\n"),
    *(
        b"Content-Encoding: gzip\r\n",
        b"Content-Type: text/event-stream\r\n",
        b"data: {}\n\n",
        b"hello",
        b"5\r\nhello\r\n",
    ),
    *(b"0\r\n\r\n", b"5;x=\r\n", b" folded\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\xff", b"Location: /\r\n"),
    *(b"Connection: X-A, Content-Length\r\n", b"Set-Cookie: a=b\r\n", b"Trailer: X-A\r\n", b"chunked", b"\x1b[2J"),
]
ANSWERS = st.tuples(
    st.sampled_from([b"", ANSWER_BEGIN]), st.lists(st.sampled_from(ANSWER_PIECES) | st.binary(max_size=4), max_size=12)
).map(lambda drawn: drawn[0] + b"".join(drawn[1]))
POST = BEGIN + b"Content-Length: 2\r\n\r\n{}"


@dataclass
class Served:
    """A candela in a thread of its own, and the provider that it leads to."""

    port: int = 0
    peer: RawPeer | None = None
    answer: bytes | None = None
    """What the provider answers before it closes; None: what is in order."""

    async def play(self, turn: Turn) -> None:
        await (answers_ok(turn) if self.answer is None else plays(self.answer)(turn))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("raw")
    served, ready, loop, over = Served(), threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with RawPeer(served.play) as peer, RunningProxy(peer.url, folder) as candela:
            served.port, served.peer = candela.port, peer
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(PATIENCE_S)
    yield served
    loop.call_soon_threadsafe(over.set)
    thread.join(PATIENCE_S)
    loop.close()


def sent(port: int, stream: bytes) -> bytes:
    """Send these bytes and end the sending; return what came back until the connection ended."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        try:
            client.sendall(stream)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                got += part
        except ConnectionError:
            pass
    return got


@settings(max_examples=100)
@given(stream=STREAMS)
def test_any_stream_of_bytes(served: Served, stream: bytes) -> None:
    assert served.peer is not None
    served.answer = None
    heads = served.peer.heads
    before = len(heads)
    answers = statuses(sent(served.port, stream))
    assert all(REQUEST.fullmatch(head) for head in heads[before:]), heads[before:]
    assert not {500, 502} & set(answers)
    assert statuses(sent(served.port, LAST)) == [200]


@settings(max_examples=100)
@given(answer=ANSWERS)
def test_any_answer_of_bytes(served: Served, answer: bytes) -> None:
    served.answer = answer
    got = sent(served.port, POST)
    assert not got or ANSWER.match(got), got
    head = got.partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"\r\ncontent-length:") + head.count(b"\r\ntransfer-encoding:") <= 1
    assert statuses(head)[:1] != [500]
    served.answer = None
    assert statuses(sent(served.port, POST)) == [200]
