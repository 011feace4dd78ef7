"""A request in a compressed body: read like any other, passed and stored as it crossed."""

import gzip
import json
import zlib
from collections.abc import Callable

import aiohttp
import pytest
import zstandard

from candela_tui.exchange import Outcome
from candela_tui.protocol.encoding import MOST_DECODED_BYTES
from candela_tui.protocol.kind import Kind
from tests.proxy.running import RunningProxy
from tests.standin import Provider, message, text

ASKED = json.dumps(
    {
        "model": "claude-opus-4-8",
        "stream": True,
        "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "metadata": {"user_id": json.dumps({"session_id": "s-1"})},
        "messages": [{"role": "user", "content": "mend the parser"}],
    }
).encode()


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.ZstdCompressor().compress)],
)
async def test_a_compressed_request_is_read_and_passes_as_it_is(
    candela: RunningProxy,
    provider: Provider,
    client: aiohttp.ClientSession,
    coding: str,
    compress: Callable[[bytes], bytes],
) -> None:
    provider.answer(message(text("done")))
    body = compress(ASKED)
    headers = {"Content-Encoding": coding}
    async with client.post(f"{candela.url}/v1/messages", data=body, headers=headers) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert (exchange.model, exchange.session_id, exchange.streamed) == ("claude-opus-4-8", "s-1", True)
    assert (exchange.kind, exchange.cache_ttls, exchange.request_bytes) == (Kind.MESSAGES, ("1h",), len(body))
    assert exchange.clues is not None
    assert exchange.clues.title == "mend the parser"
    assert (await provider.request(0)).body == body
    await candela.stop(1)
    assert candela.reader.request_body(exchange.id) == body


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", ASKED),
        ("gzip", gzip.compress(ASKED)[:-9]),
        ("gzip", gzip.compress(bytes(MOST_DECODED_BYTES + 1), 1)),
        ("compress", ASKED),
    ],
    ids=["plain", "cut short", "a bomb", "unknown"],
)
async def test_a_request_that_cannot_be_decoded_passes_all_the_same(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, coding: str, body: bytes
) -> None:
    provider.answer(message(text("done")))
    headers = {"Content-Encoding": coding}
    async with client.post(f"{candela.url}/v1/messages", data=body, headers=headers) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert (await provider.request(0)).body == body
    assert (exchange.kind, exchange.outcome) == (Kind.MESSAGES, Outcome.OK)
