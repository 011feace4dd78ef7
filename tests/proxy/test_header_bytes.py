"""Header bytes beyond ASCII cross as they are."""

import aiohttp
import pytest
from aiohttp import http_writer
from multidict import CIMultiDict

from candela_tui.network.header_bytes import _serialized, keep_header_bytes
from tests.proxy.running import BODY, WireClient
from tests.proxy.test_provider_connection import towards
from tests.standin.raw_peer import Turn

VALUES = [b"Andr\xe9", "André".encode(), b"\x80\xff\xfe", b"caf\xc3\xa9 \xe9", "日本".encode("shift_jis")]


@pytest.mark.parametrize("value", VALUES)
async def test_header_bytes_reach_the_provider_and_the_client_as_they_were_sent(tmp_path, value: bytes) -> None:
    async def play(turn: Turn) -> None:
        await turn.send(b"HTTP/1.1 200 Tr\xe8s bien\r\nX-Said: " + value + b"\r\nContent-Length: 2\r\n\r\n{}")

    async with towards(play, tmp_path) as (candela, peer):
        async with WireClient(candela.port) as wire:
            for request in (b"POST /v1/messages", b"GET /v1/models"):
                body = BODY if request.startswith(b"POST") else b""
                wire.writer.write(
                    request
                    + b" HTTP/1.1\r\nHost: localhost\r\nX-User: "
                    + value
                    + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )
                head = await wire.until(b"\r\n\r\n")
                await wire.until(b"{}")
                assert b"X-User: " + value + b"\r\n" in peer.heads[-1]
                assert b"X-Said: " + value + b"\r\n" in head
                assert head.startswith(b"HTTP/1.1 200 Tr\xe8s bien\r\n")
        first, _ = await candela.ended(2)
        await candela.stop(1)
        stored = candela.reader.exchange(first.id)
    assert stored is not None
    assert dict(stored.request_headers)["X-User"].encode("utf-8", "surrogateescape") in (
        value,
        value.decode("utf-8", "replace").encode(),
    )


def test_what_aiohttp_writes_by_itself_is_as_before() -> None:
    keep_header_bytes()
    headers = CIMultiDict([("Host", "localhost"), ("X-Twice", "1"), ("X-Twice", "2")])
    plain = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n"
    assert _serialized("GET / HTTP/1.1", headers) == plain
    headers.add("X-Name", "é\udce9")
    assert _serialized("GET / HTTP/1.1", headers) == plain[:-2] + b"X-Name: \xc3\xa9\xe9\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nX-Injected: é", "\x00é", "é\x7f"])
def test_control_characters_are_refused_as_aiohttp_refuses_them(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        _serialized("GET / HTTP/1.1", CIMultiDict([("X-Name", value)]))


async def test_aiohttp_writes_heads_with_the_private_function_that_is_replaced() -> None:
    keep_header_bytes()
    assert http_writer._serialize_headers is _serialized
    assert aiohttp.http.StreamWriter.write_headers.__globals__ is vars(http_writer)
    assert "_serialize_headers" in aiohttp.http.StreamWriter.write_headers.__code__.co_names
