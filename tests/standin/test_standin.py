"""The stand-in keeps its word: what it records is what crossed, and it breaks off as told."""

import json

import aiohttp
import pytest

from candela_tui.protocol.encoding import decode_whole
from tests.standin import CLOSE, RESET, STALL, Answer, Gate, Provider, Raw, error, message, rechunk, text, tool_use


async def test_it_records_what_arrived_and_what_it_sent(provider: Provider) -> None:
    provider.answer(message(text("grüße", " dich"), tool_use("Bash", {"command": "ls"})))
    async with aiohttp.ClientSession() as client:
        body = json.dumps({"model": "m", "stream": True}).encode()
        async with client.post(provider.url + "/v1/messages?beta=true", data=body, headers={"X-One": "1"}) as answer:
            received = await answer.read()
    request = provider.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/v1/messages?beta=true", body)
    assert ("X-One", "1") in request.headers
    assert received == request.sent
    assert received.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


async def test_a_gate_holds_the_answer_until_it_is_opened(provider: Provider) -> None:
    gate = Gate()
    provider.answer(message(text("before", gate, "after")))
    async with aiohttp.ClientSession() as client, client.post(provider.url + "/v1/messages", json={}) as answer:
        await gate.reached()
        request = await provider.messages_request()
        assert b"before" in request.sent
        assert b"after" not in request.sent
        gate.open()
        assert b"after" in await answer.read()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_stream_can_be_read_up_to_every_event(provider: Provider, encoding: str) -> None:
    gate = Gate()
    provider.answer(message(text("before", gate, "after"), encoding=encoding))
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.post(provider.url + "/v1/messages", json={}) as answer,
    ):
        await gate.reached()
        request = await provider.messages_request()
        assert b"before" in decode_whole(encoding, request.sent)
        gate.open()
        received = await answer.read()
    assert answer.headers["Content-Encoding"] == encoding
    assert received == request.sent
    assert b"after" in decode_whole(encoding, received)


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_a_broken_stream_is_no_clean_end(provider: Provider, end) -> None:
    provider.answer(message(text("part", end)))
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            async with client.post(provider.url + "/v1/messages", json={}) as answer:
                await answer.read()
    await provider.requests[0].finished()


@pytest.mark.parametrize("answer", [Answer(before_head=[CLOSE]), Answer([Raw(b"\x00\xffgarbage\n")], status=None)])
async def test_there_may_be_no_http_at_all(provider: Provider, answer: Answer) -> None:
    provider.answer(answer)
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(provider.url + "/v1/messages", json={})


async def test_a_client_that_leaves_is_noticed(provider: Provider) -> None:
    provider.answer(message(text("part", STALL)))
    async with aiohttp.ClientSession() as client, client.post(provider.url + "/v1/messages", json={}) as answer:
        await answer.content.readany()
        answer.close()
    await provider.requests[0].left()


async def test_connections_are_kept_alive_and_healthy_answers_need_no_script(provider: Provider) -> None:
    async with aiohttp.ClientSession() as client:
        assert (await client.head(provider.url + "/")).status == 200
        assert (await (await client.get(provider.url + "/v1/models?limit=1000")).json())["data"]
        counted = await client.post(provider.url + "/v1/messages/count_tokens", json={})
        assert (await counted.json())["input_tokens"] > 0
        whole = await client.post(provider.url + "/v1/messages", json={"model": "claude-opus-4-8"})
        assert (await whole.json())["content"][0]["text"] == "Hi there"
        provider.answer(error(429, "slow down", headers=[("retry-after", "7")]))
        refused = await client.post(provider.url + "/v1/messages", json={"model": "claude-opus-4-8"})
        assert (refused.status, refused.headers["retry-after"]) == (429, "7")
        assert (await refused.json())["error"]["type"] == "rate_limit_error"
        assert (await client.get(provider.url + "/nonsense")).status == 404
    assert provider.connections == 1


async def test_tls_is_trusted_only_with_its_authority(tls_provider: Provider) -> None:
    import ssl

    trusting = ssl.create_default_context(cadata=tls_provider.ca_pem.decode())
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.head(tls_provider.url + "/")
        assert (await client.head(tls_provider.url + "/", ssl=trusting)).status == 200


def test_rechunking_keeps_the_bytes_and_the_gates() -> None:
    gate = Gate()
    steps = rechunk([b"abc", b"de", gate, b"f"], 2)
    assert steps == [b"ab", b"cd", b"e", gate, b"f"]
