"""Programs of this user may pass; web pages and other names of this machine may not."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from candela_tui.network import peer
from candela_tui.proxy.access.guard import refusal
from candela_tui.proxy.access.refusal_notices import RefusalNotices
from tests.proxy.running import RunningProxy, WireClient, running, status_of
from tests.standin import Provider


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8181", "localhost:8181", "LOCALHOST", "[::1]:8181"])
def test_loopback_names_pass(host: str) -> None:
    assert refusal([("Host", host), ("User-Agent", "claude-cli")]) is None


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "evil.example")],
        [("Host", "127.0.0.1.evil.example:8181")],
        [("Host", "localhost@evil.example")],
        [("Host", "127.0.0.1"), ("Host", "evil.example")],
        [("host", "127.0.0.1"), ("host", "127.0.0.1")],
        [],
        [("Host", "127.0.0.1"), ("Origin", "https://evil.example")],
        [("Host", "127.0.0.1"), ("origin", "null")],
        [("Host", "127.0.0.1"), ("Sec-Fetch-Site", "cross-site")],
        [("Host", "127.0.0.1"), ("Sec-Fetch-Site", "none")],
    ],
)
def test_what_a_web_page_would_send_is_refused(headers: list[tuple[str, str]]) -> None:
    assert refusal(headers)


def test_a_browser_may_show_the_health_to_who_typed_its_address() -> None:
    assert refusal([("Host", "127.0.0.1"), ("Sec-Fetch-Site", "none")], "/healthz") is None
    assert refusal([("Host", "127.0.0.1"), ("Sec-Fetch-Site", "cross-site")], "/healthz")


def own_page(origin: str = "http://127.0.0.1:8181", site: str = "same-origin") -> list[tuple[str, str]]:
    return [("Host", "127.0.0.1:8181"), ("Origin", origin), ("Sec-Fetch-Site", site)]


@pytest.mark.parametrize("target", ["/_local/", "/_local", "/_local/?token=x", "/_local/web/socket?width=80"])
def test_the_dashboards_own_page_reaches_what_belongs_to_it(target: str) -> None:
    assert refusal(own_page(), target) is None
    assert refusal([("Host", "localhost:8181"), ("Sec-Fetch-Site", "none")], target) is None
    for headers in (
        own_page("http://127.0.0.1:8182"),
        own_page("http://localhost:8181"),
        own_page("https://127.0.0.1:8181"),
        own_page("null"),
        own_page(site="same-site"),
        own_page(site="cross-site"),
        [("Host", "127.0.0.1:8181"), ("Sec-Fetch-Site", "cross-site")],
        [("Host", "evil.example"), ("Origin", "http://evil.example")],
    ):
        assert refusal(headers, target)


@pytest.mark.parametrize(
    "target", ["/_local/api/v1", "/_local/api/traces", "/_local/x", "/v1/messages", "/_localx", "/healthz", "/"]
)
def test_the_dashboards_own_page_reaches_nothing_else(target: str) -> None:
    assert refusal(own_page(), target)
    assert refusal([("Host", "127.0.0.1:8181"), ("Sec-Fetch-Site", "same-origin")], target)


async def test_a_refused_request_never_reaches_the_provider_and_gets_no_cors_permission(
    candela: RunningProxy, provider: Provider
) -> None:
    for head in (
        "POST /v1/messages HTTP/1.1\nHost: evil.example\nContent-Length: 0\n\n",
        "OPTIONS /v1/messages HTTP/1.1\nHost: 127.0.0.1\nOrigin: https://evil.example\n\n",
        "GET /healthz HTTP/1.1\nHost: 127.0.0.1\nOrigin: https://evil.example\n\n",
    ):
        status, body = await status_of(candela.port, head)
        assert status == 403
        assert b"permission_error" in body
        assert b"access-control" not in body.lower()
    assert provider.requests == []
    candela._drain()
    assert any("web page" in notice for notice in candela.notices)


def test_of_many_refusals_a_few_are_told_and_how_many_there_were_besides() -> None:
    told: list[str] = []
    now = 0.0
    notices = RefusalNotices(told.append, lambda: now)
    for number in range(100):
        notices.tell(f"from page {number}")
    assert told == [f"Refused a request: from page {number}" for number in range(5)]
    now = 60.0
    notices.tell("from the last page")
    assert told[5:] == ["Refused a request: from the last page (95 more were refused before it)"]


async def test_an_unknown_route_is_a_404_that_lists_the_routes(candela: RunningProxy) -> None:
    status, body = await status_of(candela.port, "GET /proxy/nowhere/v1/models HTTP/1.1\nHost: localhost\n\n")
    assert status == 404
    assert b"not_found_error" in body
    assert b"adds no /v1" not in body
    status, body = await status_of(candela.port, "GET /models HTTP/1.1\nHost: localhost\n\n")
    assert status == 404
    assert b"adds no /v1" in body
    assert b"/proxy/anthropic-direct" in body


async def test_healthz_says_who_answers(candela: RunningProxy, provider: Provider) -> None:
    status, body = await status_of(candela.port, "GET /healthz HTTP/1.1\nHost: localhost\n\n")
    assert status == 200
    assert f'"pid": {os.getpid()}'.encode() in body
    assert provider.requests == []


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who owns a local connection")


def _connected(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket, tuple[str, int]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    host = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
    client = socket.socket(family)
    client.connect((host, listener.getsockname()[1]))
    server, address = listener.accept()
    listener.close()
    return client, server, address


@linux
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_owner_of_a_connection_is_known(family: socket.AddressFamily) -> None:
    client, server, address = _connected(family)
    with client, server:
        ours = server.getsockname()
        assert peer.peer_uid(address, ours) == os.getuid()
        assert peer._listed_uid(address, ours) == os.getuid()
        assert peer.peer_uid((address[0], 1), ours) is None


@linux
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can become another user")
async def test_another_users_program_is_refused_unless_any_local_is_allowed(provider: Provider, tmp_path: Path) -> None:
    import asyncio

    ask = (
        "import encodings.idna, os, socket, sys; os.setuid(65534); s = socket.create_connection(("
        "'127.0.0.1', int(sys.argv[1]))); "
        "s.sendall(b'HEAD / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.recv(12).decode())"
    )
    said = []
    for allow in ("same-user", "any-local"):
        async with running(provider, tmp_path, allow=allow) as candela:
            child = await asyncio.create_subprocess_exec(
                "/usr/bin/env", "python3", "-c", ask, str(candela.port), stdout=asyncio.subprocess.PIPE
            )
            said.append((await child.communicate())[0].split()[1])
    assert said == [b"403", b"200"]


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-api-key: sk-ant-very-secret\x01\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-api key: sk-ant-very-secret\r\n\r\n",
        b"GET /v1/models?key=very-secret\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-api-key: " + b"very-secret" * 10_000 + b"\r\n\r\n",
    ],
)
async def test_a_malformed_request_gets_an_error_of_the_messages_form_and_neither_it_nor_the_log_quotes_a_key(
    candela: RunningProxy, caplog: pytest.LogCaptureFixture, request_head: bytes
) -> None:
    async with WireClient(candela.port) as client:
        client.writer.write(request_head)
        answer = await client.rest()
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"
    assert b"very-secret" not in answer
    assert "not a request that candela can read" in caplog.text
    assert "very-secret" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_base_url_that_is_candela_itself_is_told_instead_of_going_round_for_ever(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with RunningProxy(f"http://localhost:{port}/v1", tmp_path, listen_on=port) as candela:
        status, body = await status_of(port, "GET /v1/models HTTP/1.1\nHost: localhost\n\n")
        candela._drain()
    assert status == 502
    assert b"candela's own address" in body
    assert any("base_url" in notice for notice in candela.notices)
