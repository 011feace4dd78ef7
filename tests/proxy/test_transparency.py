"""What the client sends is what the provider gets, and the other way round."""

import json
import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme
from yarl import URL

from candela_tui.exchange import Outcome
from candela_tui.protocol.errors import ApiError
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import Answer, Gate, Provider, error, message, rechunk, text, whole_message

SENT = [
    ("x-api-key", "sk-ant-test-000"),
    ("anthropic-beta", "a-1,b-2"),
    ("X-Claude-Code-Session-Id", "5d3e"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("X-Twice", "one"),
    ("X-Twice", "two"),
    ("User-Agent", "claude-cli/2.1.197"),
    ("Content-Type", "application/json"),
]


async def test_the_provider_gets_the_same_path_query_headers_and_bytes(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    body = b'{"model": "claude-opus-4-8",\n "stream":true, "n": 1.0, "s": "\\u00e9\xc3\xa9", "messages": []}'
    url = URL(f"{candela.url}/v1/messages?beta=true&x=%2F+y", encoded=True)
    async with client.post(url, headers=SENT, data=body) as answer:
        await answer.read()
    got = await provider.request(0)
    assert (got.method, got.target, got.body) == ("POST", "/v1/messages?beta=true&x=%2F+y", body)
    added = {("Host", provider.url.removeprefix("http://")), ("Content-Length", str(len(body)))}
    assert sorted(got.headers) == sorted([*SENT, *added])


async def test_hop_by_hop_headers_and_candelas_own_do_not_reach_the_provider(
    candela: RunningProxy, provider: Provider
) -> None:
    async with WireClient(candela.port) as wire:
        await wire.post(headers="Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Candela-Tag: a\r\nTE: trailers\r\n")
        await wire.until(b"message_stop")
    names = {name.lower() for name, _ in (await provider.request(0)).headers}
    assert names == {"host", "content-length"}


async def test_the_client_gets_the_providers_status_headers_and_bytes_and_nothing_else(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    headers = [("anthropic-ratelimit-unified-5h-utilization", "0.4"), ("X-Twice", "1"), ("X-Twice", "2")]
    scripted = message(text("Hé", "llo ✓"), headers=headers)
    provider.answer(scripted, scripted)
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as through:
        body = await through.read()
    async with client.post(f"{provider.url}/v1/messages", data=BODY) as straight:
        await straight.read()
    assert body == (await provider.request(0)).sent
    assert through.status == straight.status == 200
    added = [(b"X-Request-ID", (await candela.exchange()).id.encode())]
    assert sorted(through.raw_headers) == sorted([*straight.raw_headers, *added])


async def test_an_error_answer_passes_as_it_is(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(error(529, "Overloaded", headers=[("x-should-retry", "true")]))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        body = await answer.read()
    assert (answer.status, answer.headers["x-should-retry"]) == (529, "true")
    assert body == (await provider.request(0)).sent
    exchange = await candela.exchange()
    assert exchange.error is not None
    assert (exchange.outcome, exchange.error.type, exchange.error.message) == (
        Outcome.ERROR,
        "overloaded_error",
        "Overloaded",
    )


async def test_each_chunk_is_at_the_client_before_the_provider_sends_the_next(
    candela: RunningProxy, provider: Provider
) -> None:
    gates = [Gate(), Gate()]
    provider.answer(message(text("first", gates[0], "second", gates[1], "third")))
    async with WireClient(candela.port) as wire:
        await wire.post()
        assert b"second" not in await wire.until(b"first")
        gates[0].open()
        assert b"third" not in await wire.until(b"second")
        gates[1].open()
        await wire.until(b"message_stop")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_answer_crosses_compressed_and_is_still_understood(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, encoding: str
) -> None:
    provider.answer(message(text("squeezed " * 50), encoding=encoding, output_tokens=77))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        body = await answer.read()
    assert answer.headers["Content-Encoding"] == encoding
    assert body == (await provider.request(0)).sent
    exchange = await candela.exchange()
    assert exchange.outcome is Outcome.OK
    assert exchange.usage is not None
    assert exchange.usage.output_tokens == 77
    await candela.stop(1)
    assert candela.reader.response_body(exchange.id) == body


async def test_any_chunking_by_the_provider_gives_the_same_bytes_and_the_same_record(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    answer = message(text("naïve ", "café ", "☕"), output_tokens=9)
    provider.answer(answer.but(steps=rechunk(answer.steps, 7)))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as got:
        assert await got.read() == (await provider.request(0)).sent
    exchange = await candela.exchange()
    assert (exchange.outcome, exchange.stop_reason) == (Outcome.OK, "end_turn")
    assert exchange.usage is not None
    assert exchange.usage.output_tokens == 9


async def test_the_bare_base_url_goes_to_the_default_route(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    base = f"http://127.0.0.1:{candela.port}"
    async with client.head(f"{base}/") as head:
        assert head.status == 200
    async with client.get(f"{base}/v1/models?limit=1000") as models:
        assert (await models.json())["data"][0]["id"] == "claude-opus-4-8"
    async with client.post(f"{base}/v1/messages/count_tokens", data=BODY) as count:
        assert (await count.json())["input_tokens"] == 2095
    assert [request.target for request in provider.requests] == [
        "/",
        "/v1/models?limit=1000",
        "/v1/messages/count_tokens",
    ]


async def test_a_request_in_chunks_and_one_that_expects_100_continue_arrive_whole(
    candela: RunningProxy, provider: Provider
) -> None:
    async with WireClient(candela.port) as wire:
        wire.writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n")
        wire.writer.write(b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        wire.writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
        await wire.until(b"message_stop")
    got = await provider.request(0)
    assert got.body == BODY
    assert got.header("expect") is None


async def test_a_compressed_request_reaches_the_provider_compressed(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    import gzip

    packed = gzip.compress(BODY)
    provider.answer(whole_message(text("ok")))
    async with client.post(f"{candela.url}/v1/messages", data=packed, headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 200
    assert (await provider.request(0)).body == packed


async def test_bodies_of_many_megabytes_cross_whole_both_ways(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    body = json.dumps({"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "x" * (8 << 20)}]}).encode()
    provider.answer(whole_message(text("y" * (8 << 20))))
    async with client.post(f"{candela.url}/v1/messages", data=body) as answer:
        got = await answer.read()
    request = await provider.request(0)
    assert request.body == body
    assert request.sent == got
    exchange = await candela.exchange()
    await candela.stop(1)
    assert candela.reader.request_body(exchange.id) == body
    assert candela.reader.response_body(exchange.id) == got


async def test_a_body_beyond_the_limit_is_refused_in_the_messages_form_and_noted(
    provider: Provider, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with running(provider, tmp_path, max_body_mb=1) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=b"x" * ((1 << 20) + 1)) as answer:
            document = await answer.json()
        assert (answer.status, document["error"]["type"]) == (413, "request_too_large")
        assert "max_body_mb" in document["error"]["message"]
        assert (await candela.exchange()).outcome is Outcome.BLOCKED
    assert provider.requests == []


@pytest.mark.parametrize("how", ["ca_bundle", "NODE_EXTRA_CA_CERTS"])
async def test_a_ca_bundle_of_the_users_is_trusted(
    tls_provider: Provider,
    client: aiohttp.ClientSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(tls_provider.ca_pem)
    settings = {"ca_bundle": bundle} if how == "ca_bundle" else {}
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "" if settings else str(bundle))
    async with (
        running(tls_provider, tmp_path, **settings) as candela,
        client.post(f"{candela.url}/v1/messages", data=BODY) as answer,
    ):
        assert answer.status == 200


async def test_https_proxy_is_used_towards_the_provider_and_no_proxy_is_not(
    tls_provider: Provider, client: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    asked: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        port = int(tls_provider.url.rpartition(":")[2])
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except ConnectionError:
                pass
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(tls_provider.ca_pem)
    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        for no_proxy, tunnels in (("", 1), ("localhost", 1)):
            monkeypatch.setenv("NO_PROXY", no_proxy)
            monkeypatch.setenv("no_proxy", no_proxy)
            async with (
                running(tls_provider, tmp_path, ca_bundle=bundle) as candela,
                client.post(f"{candela.url}/v1/messages", data=BODY) as answer,
            ):
                assert answer.status == 200
                await answer.read()
            assert len(asked) == tunnels
    assert asked[0].startswith(b"CONNECT localhost:")


def test_a_ca_bundle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    from candela_tui.config import ProxySettings
    from candela_tui.network.tls import tls_context

    with pytest.raises(OSError, match=r"proxy\.ca_bundle: .*missing\.pem"):
        tls_context(ProxySettings(ca_bundle=tmp_path / "missing.pem"))
    assert isinstance(tls_context(ProxySettings()), ssl.SSLContext)
    (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    assert tls_context(ProxySettings(ca_bundle=tmp_path / "ca.pem")).verify_mode is ssl.CERT_REQUIRED


async def test_connections_to_the_provider_are_kept_alive(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    for _ in range(5):
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            await answer.read()
    assert provider.connections == 1


async def test_a_redirect_and_a_cookie_are_the_clients_business(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(whole_message(text("x")).but(status=307, headers=[("Location", "/else"), ("Set-Cookie", "a=b")]))
    async with client.post(f"{candela.url}/v1/messages", data=BODY, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"], answer.headers["Set-Cookie"]) == (307, "/else", "a=b")
    provider.answer(Answer(status=307, headers=[("Location", "/else")], framing="length"))
    async with client.post(f"{candela.url}/v1/messages", data=BODY, allow_redirects=False) as answer:
        assert await answer.read() == b""
    exchange = await candela.exchange(lambda found: found.error is not None)
    assert exchange.error == ApiError("api_error", "the answer is a redirect (HTTP 307)")
    async with client.post(f"{candela.url}/v1/messages", data=BODY, headers={"Cookie": "c=d"}) as answer:
        await answer.read()
    assert (await provider.request(2)).header("cookie") == "c=d"
