"""candela as an HTTP proxy: it opens the hosts of its table, and tunnels every other."""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import boto3
import pytest
import trustme
from botocore.config import Config

from candela_tui.proxy.access import guard
from candela_tui.proxy.tls_interception.authority import own_authority
from tests.e2e.connect_proxy import ConnectProxy
from tests.keys.made import make
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, WireClient, running
from tests.proxy.test_transparency import SENT
from tests.standin import Gate, Provider, message, text
from tests.standin.answers import json_answer
from tests.standin.bedrock import Bedrock

HOST = "api.anthropic.com"


@pytest.fixture
def trusting(candela: RunningProxy) -> ssl.SSLContext:
    """What a client needs that trusts candela's authority, and nobody else."""
    authority = own_authority(candela.paths.authority)
    context = ssl.create_default_context(cafile=str(authority.certificate_path))
    context.set_alpn_protocols(["http/1.1"])
    return context


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


async def _connected(candela: RunningProxy, place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """A connection after CONNECT, and the status line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", candela.port)
    writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head.split(b"\r\n")[0]


async def test_where_keys_are_required_an_intercepted_request_for_a_model_needs_one_too(
    provider: Provider, tmp_path: Path
) -> None:
    _, key = make(tmp_path)
    provider.answer(message(text("ok")))
    async with running(provider, tmp_path, sections={"keys": {"required": True}}) as candela:
        authority = own_authority(candela.paths.authority)
        _, writer, _ = await _connected(candela, f"{HOST}:443")
        reader = await _start_tls(writer, ssl.create_default_context(cafile=str(authority.certificate_path)))
        found = []
        for line, fields in (
            ("GET /api/oauth/profile", ""),
            ("POST /v1/messages", f"X-Candela-Key: {key}\r\n"),
            ("POST /v1/messages", ""),
        ):
            head = f"{line} HTTP/1.1\r\nHost: {HOST}\r\n{fields}content-length: {len(BODY)}\r\n\r\n"
            writer.write(head.encode() + BODY)
            async with asyncio.timeout(PATIENCE_S):
                answer = await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"0\r\n\r\n" if b"chunked" in answer else b"}")
            found.append(answer.split()[1])
        writer.close()

    assert found == [b"404", b"200", b"401"]  # The stand-in has no profile.
    assert [each.path for each in provider.requests] == ["/api/oauth/profile", "/v1/messages"]
    assert key not in repr(provider.requests)


class Echo:
    """A server of no protocol in particular: it greets, returns what it gets, and ends when told to."""

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\n")
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write(b"bye")
        writer.close()


async def test_a_request_to_a_host_of_the_table_reaches_the_provider_field_by_field_and_is_recorded(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext
) -> None:
    fields = [*SENT[:4], ("Host", HOST), ("Connection", "keep-alive"), *SENT[4:], ("content-length", str(len(BODY)))]
    _, writer, line = await _connected(candela, f"{HOST}:443")
    assert line == b"HTTP/1.1 200 Connection established"
    reader = await _start_tls(writer, trusting)
    for _ in range(2):
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        writer.write(f"POST /v1/messages?beta=true HTTP/1.1\r\n{head}\r\n".encode() + BODY)
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"0\r\n\r\n")
    writer.close()
    for got in provider.requests:
        place = provider.url.removeprefix("http://")
        assert (got.method, got.target, got.body) == ("POST", "/v1/messages?beta=true", BODY)
        assert list(got.headers) == [(name, place if name == "Host" else value) for name, value in fields]
    for exchange in await candela.ended(2):
        assert exchange.arrival == "intercepted"
        assert exchange.session_id == "5d3e"


async def _start_tls(writer: asyncio.StreamWriter, context: ssl.SSLContext, name: str = HOST) -> asyncio.StreamReader:
    """Speak TLS as a client. The reader of the plain connection must have nothing left."""
    async with asyncio.timeout(PATIENCE_S):
        await writer.start_tls(context, server_hostname=name)
    reader: asyncio.StreamReader = writer.transport.get_protocol()._stream_reader  # type: ignore[attr-defined]
    return reader


async def test_an_opened_connection_streams_in_the_step_in_which_the_provider_does(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext, client: aiohttp.ClientSession
) -> None:
    gate = Gate()
    provider.answer(message(text("first", gate, "second")))
    url = f"https://{HOST}/v1/messages"
    async with client.post(url, data=BODY, proxy=candela.origin, ssl=trusting) as answer:
        got = b""
        while b"first" not in got:
            got += await answer.content.readany()
        assert b"second" not in got
        gate.open()
        assert b"second" in await answer.read()


async def test_what_arrives_at_once_is_one_record_of_tls(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext
) -> None:
    provider.answer(message(text("one", "two", "three")))

    def records() -> list[bytes]:
        with socket.create_connection(("127.0.0.1", candela.port), PATIENCE_S) as plain:
            plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
            assert plain.recv(4096).endswith(b"\r\n\r\n")
            with trusting.wrap_socket(plain, server_hostname=HOST) as connection:
                head = f"POST /v1/messages HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(BODY)}\r\n\r\n"
                connection.sendall(head.encode() + BODY)
                found = [connection.recv(65536)]
                while not found[-1].endswith(b"0\r\n\r\n"):
                    found.append(connection.recv(65536))
                return found

    head, *chunks = await asyncio.to_thread(records)
    assert head.endswith(b"\r\n\r\n")
    assert b"three" in b"".join(chunks)
    for chunk in chunks:
        assert chunk.endswith(b"\r\n")


async def test_a_local_route_is_no_path_of_an_opened_host(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext, client: aiohttp.ClientSession
) -> None:
    for path in ("/healthz", "/_local/v1", "/proxy/anthropic-vertex/v1/messages", "/api/claude_code/settings"):
        async with client.get(f"https://{HOST}{path}", proxy=candela.origin, ssl=trusting) as answer:
            await answer.read()
    assert [request.target for request in provider.requests] == [
        "/healthz",
        "/_local/v1",
        "/proxy/anthropic-vertex/v1/messages",
        "/api/claude_code/settings",
    ]


async def test_of_what_is_no_api_of_models_no_body_is_stored(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext, client: aiohttp.ClientSession
) -> None:
    made = json_answer({"raw_key": "a-key-that-was-just-made"})
    provider.respond = lambda request: made if "oauth" in request.path else message(text("said"))
    for path in ("/api/oauth/claude_cli/create_api_key", "/v1/messages"):
        async with client.post(f"https://{HOST}{path}", data=BODY, proxy=candela.origin, ssl=trusting) as answer:
            assert (b"just-made" in await answer.read()) is ("oauth" in path)
    await candela.ended(2)
    await candela.stop(0)
    kept = {exchange.path: exchange.kept for exchange in candela._latest.values()}
    assert kept == {"/api/oauth/claude_cli/create_api_key": "headers", "/v1/messages": "full"}
    for file in candela.paths.data.glob("candela.db*"):
        assert b"a-key-that-was-just-made" not in file.read_bytes()


async def test_a_host_header_for_another_host_is_misdirected(
    candela: RunningProxy, provider: Provider, trusting: ssl.SSLContext, client: aiohttp.ClientSession
) -> None:
    url, fields = f"https://{HOST}/v1/models", {"Host": "evil.example"}
    async with client.get(url, headers=fields, proxy=candela.origin, ssl=trusting) as answer:
        assert answer.status == 421
    assert provider.requests == []


async def test_for_a_private_endpoint_candela_signs_again(over_bedrock: RunningProxy, bedrock: Bedrock) -> None:
    authority = own_authority(over_bedrock.paths.authority).certificate_path
    body = b'{"anthropic_version":"bedrock-2023-05-31","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}'

    def invoked() -> int:
        # The stand-in refuses these keys.
        client = boto3.client(
            "bedrock-runtime",
            region_name="eu-west-3",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            verify=str(authority),
            config=Config(proxies={"https": over_bedrock.origin}, retries={"total_max_attempts": 1}),
        )
        model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
        answer = client.invoke_model_with_response_stream(modelId=model, body=body)
        return sum(1 for _ in answer["body"])

    assert await asyncio.to_thread(invoked) > 1
    assert (await bedrock.invocation()).body == body
    exchange = await over_bedrock.exchange()
    assert (exchange.arrival, exchange.provider, exchange.region) == ("intercepted", "bedrock", "us-east-1")


async def test_every_other_host_is_tunnelled_unread_in_both_directions(candela: RunningProxy) -> None:
    async with Echo() as place:
        reader, writer, line = await _connected(candela, place)
        assert line.split()[1] == b"200"
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readline() == b"220 ready\n"
            sent = bytes(range(256)) * 40_000
            writer.write(sent)
            writer.write_eof()
            got = await reader.read(-1)
        assert got == sent + b"bye"


async def test_what_a_client_sends_with_connect_is_not_lost(candela: RunningProxy) -> None:
    async with Echo() as place, WireClient(candela.port) as wire:
        wire.writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\nearly".encode())
        await wire.until(b"ready\n")
        assert await wire.until(b"early") == b"early"


async def test_a_tunnel_ends_with_either_side_and_leaves_nothing(candela: RunningProxy) -> None:
    assert candela.proxy._web is not None
    async with Echo() as place:
        reader, writer, _ = await _connected(candela, place)
        await reader.readline()
        [connection] = candela.proxy._web.connections
        assert connection._task_handler is not None
        ended = asyncio.wait([connection._task_handler], timeout=PATIENCE_S)
        writer.close()
        assert (await ended)[1] == set()
    assert candela.proxy._web.connections == []


@pytest.mark.parametrize("ports", ["tunnel", "refuse"])
async def test_another_port_of_an_opened_host_is_tunnelled_or_refused_as_set(
    provider: Provider, tmp_path: Path, ports: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ConnectProxy("other.example", provider.url) as corporate:
        monkeypatch.setenv("HTTPS_PROXY", corporate.url)
        async with RunningProxy(provider.url, tmp_path, sections={"intercept": {"ports": ports}}) as candela:
            own_authority(candela.paths.authority)
            _, writer, line = await _connected(candela, f"{HOST}:8443")
            writer.close()
    # The proxy on the way refuses it too, so what it was asked for tells.
    assert corporate.refused == ([f"{HOST}:8443"] if ports == "tunnel" else [])
    assert line.split()[1] == (b"502" if ports == "tunnel" else b"403")


async def test_without_an_authority_nothing_is_opened(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: aiohttp.ClientSession
) -> None:
    async with ConnectProxy(HOST, provider.url) as corporate:
        monkeypatch.setenv("HTTPS_PROXY", corporate.url)
        async with running(provider, tmp_path) as candela:
            context = ssl.create_default_context(cadata=corporate.ca_pem.decode())
            url = f"https://{HOST}/v1/messages"
            async with client.post(url, data=BODY, proxy=candela.origin, ssl=context) as answer:
                assert answer.status == 200
                await answer.read()
            assert not candela.paths.authority.exists()
            assert [request.body for request in provider.requests] == [BODY]
        assert candela._latest == {}


async def test_a_client_that_speaks_only_http_2_or_asks_for_another_name_is_tunnelled(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.set_alpn_protocols(["h2"])
    authority.issue_cert(HOST, "else.example").configure_cert(theirs)
    async with ConnectProxy(HOST, provider.url, context=theirs) as corporate:
        monkeypatch.setenv("HTTPS_PROXY", corporate.url)
        async with running(provider, tmp_path) as candela:
            own_authority(candela.paths.authority)
            trusts_theirs = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
            for protocols, name in ((["h2"], HOST), (["http/1.1"], "else.example")):
                trusts_theirs.set_alpn_protocols(protocols)
                _, writer, _ = await _connected(candela, f"{HOST}:443")
                await _start_tls(writer, trusts_theirs, name)
                writer.close()


def _shake_hands_distrustfully(port: int) -> None:
    """As most programs do, which say why they end the connection. asyncio's TLS says nothing."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as plain:
        plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
        assert b" 200 " in plain.recv(4096)
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname=HOST)


async def test_a_client_that_does_not_trust_the_authority_is_explained_once(candela: RunningProxy) -> None:
    own_authority(candela.paths.authority)
    for _ in range(2):
        await asyncio.to_thread(_shake_hands_distrustfully, candela.port)
    await candela.until(lambda: (candela._drain(), bool(candela.notices))[1])
    assert len([notice for notice in candela.notices if "NODE_EXTRA_CA_CERTS" in notice]) == 1


async def test_a_place_that_is_none_and_one_that_is_not_there_are_said(candela: RunningProxy) -> None:
    for place, status in (("api.anthropic.com:0", b"400"), ("127.0.0.1:1", b"502")):
        _, writer, line = await _connected(candela, place)
        writer.close()
        assert line.split()[1] == status


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more loopback addresses than one")
async def test_plain_http_to_another_machine_passes_unrecorded(candela: RunningProxy) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.2", 0) as server, WireClient(candela.port) as wire:
        place = f"127.0.0.2:{server.sockets[0].getsockname()[1]}"
        head = f"POST http://{place}/mcp?x=1 HTTP/1.1\r\nHost: {place}\r\nContent-Length: 2\r\n"
        wire.writer.write(f"{head}Proxy-Authorization: Basic eA==\r\n\r\n{{}}".encode())
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert await wire.until(b"data: 1\n\n")
    assert heads == [f"POST /mcp?x=1 HTTP/1.1\r\nHost: {place}\r\nContent-Length: 2\r\n\r\n{{}}".encode()]
    await candela.stop(0)
    assert candela._latest == {}


async def test_a_url_of_https_is_refused_as_it_would_come_in_the_clear(candela: RunningProxy) -> None:
    async with WireClient(candela.port) as wire:
        wire.writer.write(b"GET https://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 501")


async def test_a_web_page_gets_nothing_through_candela(candela: RunningProxy) -> None:
    async with WireClient(candela.port) as wire:
        wire.writer.write(b"GET http://192.0.2.1/ HTTP/1.1\r\nHost: 192.0.2.1\r\nOrigin: https://evil.example\r\n\r\n")
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "head",
    [
        "CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n",
        "CONNECT api.anthropic.com:443 HTTP/1.1\r\nHost: api.anthropic.com:443\r\n\r\n",
        "GET http://192.0.2.1/metrics HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
    ],
)
async def test_another_user_gets_nothing_through_candela(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    monkeypatch.setattr(guard, "peer_uid", lambda *_: os.getuid() + 1)
    sections = {"metrics": {"allow": "any-local"}}
    async with RunningProxy(provider.url, tmp_path, sections=sections) as candela, WireClient(candela.port) as wire:
        own_authority(candela.paths.authority)
        wire.writer.write(head.encode())
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 403")


@pytest.fixture
async def corporate(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConnectProxy]:
    async with ConnectProxy(HOST, provider.url, credentials="us%40er:pa%3Ass") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield proxy


async def test_a_proxy_with_credentials_behind_candela_is_honoured_for_all(
    corporate: ConnectProxy, provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(corporate.ca_pem)
    async with RunningProxy(f"https://{HOST}", tmp_path, ca_bundle=bundle) as candela:
        authority = own_authority(candela.paths.authority)
        trusting = ssl.create_default_context(cafile=str(authority.certificate_path))
        async with client.post(f"https://{HOST}/v1/messages", data=BODY, proxy=candela.origin, ssl=trusting) as answer:
            assert answer.status == 200
            await answer.read()
        _, writer, line = await _connected(candela, "else.example:443")
        writer.close()
    assert line.split()[1] == b"502"
    assert corporate.authorized == ["us@er:pa:ss", "us@er:pa:ss"]
    assert corporate.refused == ["else.example:443"]
    assert [request.body for request in provider.requests] == [BODY]


async def test_a_websocket_of_an_opened_host_passes_with_all_that_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
        while data := await reader.read(1024):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ConnectProxy(HOST, url) as corporate:
            monkeypatch.setenv("HTTPS_PROXY", corporate.url)
            bundle = tmp_path / "ca.pem"
            bundle.write_bytes(corporate.ca_pem)
            async with RunningProxy(provider.url, tmp_path, ca_bundle=bundle) as candela:
                authority = own_authority(candela.paths.authority)
                _, writer, _ = await _connected(candela, f"{HOST}:443")
                context = ssl.create_default_context(cafile=str(authority.certificate_path))
                reader = await _start_tls(writer, context)
                head = (
                    f"GET /v1/sessions/ws HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                ).encode()
                writer.write(head + b"early")
                async with asyncio.timeout(PATIENCE_S):
                    assert await reader.readuntil(b"\r\n\r\n") == (
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                    )
                    assert await reader.readexactly(10) == b"helloearly"
                    writer.write(b"\x81\x00later")
                    assert await reader.readexactly(7) == b"\x81\x00later"
                writer.close()
    assert heads == [head]
