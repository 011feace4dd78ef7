"""[proxy] tls_cert: other machines speak TLS with candela, over real connections; this machine does not need to."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from candela_tui.network.server_certificate import ServerCertificate
from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.access.tls_acceptor import TlsAcceptor
from candela_tui.proxy.listen import bind
from tests.keys.made import make
from tests.proxy.running import BODY, PATIENCE_S, running
from tests.proxy.test_keys import ADDRESS, MESSAGES, ask, beyond
from tests.proxy.test_server_certificate import AUTHORITY, write
from tests.standin import Provider, message
from tests.standin import text as text_of

pytestmark = beyond


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.cert_pem.bytes().decode())


def serving(provider: Provider, data: Path, **proxy: Any) -> Any:
    assert ADDRESS is not None
    cert, key = write(data, AUTHORITY.issue_cert(ADDRESS))
    own = {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}
    settings = {"listen": "0.0.0.0", "tls_cert": str(cert), "tls_key": str(key), **proxy}
    return running(provider, data, sections={"anthropic": own}, **settings)


async def shown(port: int) -> bytes:
    """The certificate that is shown to a new connection from another machine."""
    async with asyncio.timeout(PATIENCE_S):
        _, writer = await asyncio.open_connection(ADDRESS, port, ssl=trusting())
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return certificate


@pytest.mark.parametrize("listen", ["0.0.0.0", ADDRESS])
async def test_other_machines_speak_tls_and_this_one_does_not(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession, listen: str
) -> None:
    provider.answer(*[message(text_of("ok"))] * 2)
    _, text = make(tmp_path)
    async with serving(provider, tmp_path, listen=listen) as proxy:
        local, _, _ = await ask(client, proxy, {})
        url = f"https://{ADDRESS}:{proxy.port}{MESSAGES}"
        async with client.post(url, data=BODY, ssl=trusting()) as refused:
            without = refused.status
        async with client.post(url, data=BODY, headers={"x-api-key": text}, ssl=trusting()) as answer:
            streamed = await answer.read()

    assert (local, without, answer.status) == (200, 401, 200)
    assert b"message_stop" in streamed
    assert [request.body for request in provider.requests] == [BODY, BODY]


async def test_a_large_request_and_its_answer_pass_unchanged(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    long = "long " * 400_000
    provider.answer(message(text_of(long)))
    _, text = make(tmp_path)
    body = BODY.replace(b'"hi"', b'"' + b"x" * 3_000_000 + b'"')
    async with serving(provider, tmp_path) as proxy:
        url = f"https://{ADDRESS}:{proxy.port}{MESSAGES}"
        async with client.post(url, data=body, headers={"x-api-key": text}, ssl=trusting()) as answer:
            received = await answer.read()

    assert provider.requests[0].body == body
    assert received.count(b"long ") == 400_000


async def test_without_tls_other_machines_get_nothing_and_it_is_said(provider: Provider, tmp_path: Path) -> None:
    _, text = make(tmp_path)
    async with serving(provider, tmp_path) as proxy:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(ADDRESS, proxy.port)
            writer.write(f"GET /v1/models HTTP/1.1\r\nHost: x\r\nx-api-key: {text}\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
        await proxy.until(lambda: (proxy._drain(), bool(proxy.notices))[1])

    assert b"HTTP" not in answer
    assert len(proxy.notices) == 1
    assert "its base URL must begin with https://" in proxy.notices[0]
    assert provider.requests == []


async def test_a_renewed_certificate_is_shown_without_a_restart(provider: Provider, tmp_path: Path) -> None:
    assert ADDRESS is not None
    make(tmp_path)
    async with serving(provider, tmp_path) as proxy:
        first = await shown(proxy.port)
        cert, key = write(tmp_path, AUTHORITY.issue_cert(ADDRESS, "renewed.example"))
        renewed = await shown(proxy.port)
        key.unlink()
        kept = await shown(proxy.port)
        await proxy.until(lambda: (proxy._drain(), bool(proxy.notices))[1])

    assert first != renewed
    assert kept == renewed
    assert proxy.notices == [
        "The certificate stays as it was before its files changed: proxy.tls_key:"
        f" {key}: can't be read: No such file or directory"
    ]
    assert cert.exists()


async def the_end_does_not_wait_for_a_handshake(directory: Path) -> None:
    assert ADDRESS is not None
    cert, key = write(directory, AUTHORITY.issue_cert(ADDRESS))

    async def handled(_request: object) -> Any:
        raise AssertionError

    server = GuardedServer(handled, allow="any-local")
    sock = bind(0, "0.0.0.0")
    port = sock.getsockname()[1]
    acceptor = TlsAcceptor(sock, server, ServerCertificate(cert, key, lambda _: None), lambda _: None)
    acceptor.start()
    reader, writer = await asyncio.open_connection(ADDRESS, port)
    writer.write(b"\x16\x03\x01")
    await shown(port)  # It was accepted later, so that the other one is in its handshake.
    # Far less than a client may take for it.
    async with asyncio.timeout(10):
        await acceptor.close()
        assert await reader.read() == b""
    writer.close()
    await server.shutdown(1)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_the_end_does_not_wait_for_a_handshake(
    tmp_path: Path, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    run(the_end_does_not_wait_for_a_handshake(tmp_path))
