"""Connections of clients: the forms of a request target, half-closed connections, and no descriptors left."""

import asyncio
import errno
import json
from typing import Any

import pytest

from candela_tui.exchange import Outcome
from candela_tui.proxy.access.request_target import authority, origin_form
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, WireClient
from tests.standin import STALL, Gate, Provider, message, text


@pytest.mark.parametrize(
    ("target", "place", "form"),
    [
        ("/v1/messages?beta=true", None, "/v1/messages?beta=true"),
        ("/v1/x?to=http://other/", None, "/v1/x?to=http://other/"),
        ("http://127.0.0.1:8181/v1/messages?beta=true", "127.0.0.1:8181", "/v1/messages?beta=true"),
        ("HTTP://localhost", "localhost", "/"),
        ("http://localhost?x=/y", "localhost", "/?x=/y"),
        ("*", None, "*"),
    ],
)
def test_a_target_names_path_query_and_perhaps_a_place(target: str, place: str | None, form: str) -> None:
    assert (authority(target), origin_form(target)) == (place, form)


async def asked(candela: RunningProxy, head: str) -> tuple[bytes, dict[str, Any]]:
    """The status line, and the document of the answer's body."""
    async with WireClient(candela.port) as wire:
        wire.writer.write(head.replace("\n", "\r\n").encode())
        answer = await wire.rest()
    first, _, body = answer.partition(b"\r\n\r\n")
    return first.split(b"\r\n")[0], json.loads(body)


async def test_an_absolute_target_is_the_same_request(candela: RunningProxy, provider: Provider) -> None:
    close = "Host: localhost\nConnection: close\n\n"
    line, models = await asked(candela, f"GET {candela.url}/v1/models?limit=5 HTTP/1.1\n{close}")
    assert line == b"HTTP/1.1 200 OK"
    assert models["data"]
    assert (await provider.request(0)).target == "/v1/models?limit=5"
    line, health = await asked(candela, f"GET {candela.origin}/healthz HTTP/1.1\n{close}")
    assert health["name"] == "candela"
    line, _ = await asked(candela, f"GET {candela.origin}/_local/v1 HTTP/1.1\n{close}")
    assert line == b"HTTP/1.1 401 Unauthorized"


async def test_a_transfer_coding_of_the_request_is_refused_instead_of_losing_its_label(
    candela: RunningProxy, provider: Provider
) -> None:
    head = "POST /v1/messages HTTP/1.1\nHost: localhost\nConnection: close\nTransfer-Encoding: gzip, chunked\n\n0\n\n"
    line, document = await asked(candela, head)
    assert line.split()[1] == b"501"
    assert "transfer coding" in document["error"]["message"]
    assert (await candela.exchange()).outcome is Outcome.BLOCKED
    assert provider.requests == []


async def test_a_client_that_ends_only_its_sending_gets_the_whole_answer(
    candela: RunningProxy, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text("first ", gate, "second")).but(before_head=[Gate()]))
    answer = provider._queue[0]
    async with WireClient(candela.port) as wire:
        await wire.post()
        wire.writer.write_eof()
        await provider.request(0)
        answer.before_head[0].open()  # type: ignore[union-attr]
        got = await wire.until(b"first ")
        gate.open()
        # And then the connection ends, as no further request can come on it.
        got += await wire.rest()
    assert got.endswith(b"0\r\n\r\n")
    assert (await candela.exchange()).outcome is Outcome.OK


async def test_a_half_closed_client_that_goes_away_cancels_its_request(
    candela: RunningProxy, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candela_tui.proxy.access.client_connection._LOOK_AGAIN_S", 0.01)
    provider.answer(message(text("never")).but(before_head=[STALL]))
    async with WireClient(candela.port) as wire:
        await wire.post()
        wire.writer.write_eof()
        request = await provider.request(0)
    await request.left()
    assert (await candela.exchange()).outcome is Outcome.CANCELLED


async def test_a_client_that_ends_in_the_middle_of_its_request_is_gone(
    candela: RunningProxy, provider: Provider
) -> None:
    async with WireClient(candela.port) as wire:
        wire.writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + BODY[:10])
        wire.writer.write_eof()
        assert await wire.rest() == b""
    assert provider.requests == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_without_descriptors_a_connection_is_not_taken_for_another_users(
    candela: RunningProxy, provider: Provider, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError(number, "none left")

    async with WireClient(candela.port) as wire, asyncio.timeout(PATIENCE_S):
        with monkeypatch.context() as patched:
            # The server takes a connection when it has answered on it, so this one is asked for without descriptors.
            patched.setattr("candela_tui.network.peer.socket.socket", none_left)
            patched.setattr("candela_tui.network.peer._rows", none_left)
            await wire.post()
            head = await wire.until(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"ulimit -n" in await wire.until(b"}}")
        await wire.post()
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_readiness_follows_the_start(candela: RunningProxy) -> None:
    assert candela.proxy._warming is not None
    await candela.proxy._warming
    line, document = await asked(candela, "GET /readyz HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert (line, document) == (b"HTTP/1.1 200 OK", {"status": "ready", "store": "answers"})


async def test_every_answer_of_a_route_has_an_x_request_id(candela: RunningProxy, provider: Provider) -> None:
    async def request_id(given: str = "", path: str = "/proxy/anthropic-direct/v1/messages") -> str:
        async with WireClient(candela.port) as wire:
            await wire.post(path, headers=f"{given}Connection: close\r\n")
            lines = (await wire.rest()).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        found = [line.partition(": ")[2] for line in lines if line.lower().startswith("x-request-id:")]
        assert len(found) == 1, lines
        return found[0]

    made = await request_id()
    assert made == (await candela.exchange()).id
    assert await request_id("x-request-id: mine-1\r\n") == "mine-1"
    # The client's own goes to the provider as it came, one that candela made does not.
    assert [request.header("x-request-id") for request in provider.requests] == [None, "mine-1"]
    provider.answer(message(text("x"), headers=[("X-Request-Id", "of-the-provider")]))
    assert await request_id("x-request-id: mine-2\r\n") == "of-the-provider"
    provider._server.close()
    assert await request_id("x-request-id: mine-3\r\n", "/proxy/anthropic-vertex/v1/messages") == "mine-3"
