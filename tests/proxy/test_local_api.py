"""The local API: programs of the user that have the token read what candela knows; nobody else does."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec
import pytest

from candela_tui import wire
from candela_tui.api_root import API_ROOT
from candela_tui.exchange import Exchange, Recording
from candela_tui.protocol.clouds.refusals import RefusedParts
from candela_tui.protocol.sse import SSEDecoder
from candela_tui.providers.identity import Provider as ProviderId
from candela_tui.proxy.local_api import events, outflow
from candela_tui.proxy.local_api.token import own_token
from candela_tui.wire import Chunk
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, WireClient, running, status_of
from tests.standin import Gate, Provider, message, text
from tests.store.recording import exchange, store_whole, writing


def api(candela: RunningProxy, path: str = "") -> str:
    return f"http://127.0.0.1:{candela.port}{API_ROOT}{path}"


@pytest.fixture
async def program(candela: RunningProxy) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that has the token."""
    token = candela.paths.token.read_text().strip()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


@dataclass
class Events:
    """What an event stream told so far."""

    response: aiohttp.ClientResponse
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    missed: int = 0
    comments: int = 0
    _decoder: SSEDecoder = field(default_factory=SSEDecoder)

    async def until(self, happened: Callable[[], Any]) -> None:
        """Read until this is true."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                data = await self.response.content.readany()
                assert data, "the stream ended"
                self.comments += data.startswith(b":")
                for event in self._decoder.feed(data):
                    self._take(event.name, event.data)

    def _take(self, name: str, data: bytes) -> None:
        match name:
            case wire.EXCHANGE:
                told = wire.decode_exchange(data)
                self.exchanges[told.id] = told
            case wire.NOTICE:
                self.notices.append(json.loads(data)["text"])
            case wire.SNAPSHOT:
                self.snapshots.append(json.loads(data))
            case wire.MISSED:
                self.missed += 1


@asynccontextmanager
async def listening(candela: RunningProxy, program: aiohttp.ClientSession) -> AsyncIterator[Events]:
    async with program.get(api(candela, "/snapshots/events")) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        events = Events(response)
        await events.until(lambda: events.snapshots)
        yield events


async def lines(response: aiohttp.ClientResponse) -> list[bytes]:
    assert response.status == 200, await response.text()
    assert response.content_type == "application/x-ndjson"
    return (await response.read()).splitlines()


async def ask(candela: RunningProxy, client: aiohttp.ClientSession, **headers: str) -> bytes:
    async with client.post(f"{candela.url}/v1/messages", data=BODY, headers=headers) as response:
        return await response.read()


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer \udcff"],
)
async def test_without_the_right_token_it_says_where_the_token_is_and_nothing_else(
    candela: RunningProxy, authorization: str | None
) -> None:
    token = candela.paths.token.read_text().strip()
    given = f"Authorization: {authorization.format(token=token)}\r\n" if authorization is not None else ""
    for path in ("", "/requests", "/events", "/nowhere"):
        async with WireClient(candela.port) as client:
            head = f"GET {API_ROOT}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{given}\r\n"
            client.writer.write(head.encode("utf-8", "surrogateescape"))
            answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"WWW-Authenticate: Bearer" in answer
        assert b"authentication_error" in answer
        assert str(candela.paths.token).encode() in answer
        assert token.encode() not in answer


@pytest.mark.parametrize(
    "telltale", ["Origin: http://127.0.0.1:8181", "Origin: null", "Sec-Fetch-Site: same-origin", "Host: evil.example"]
)
async def test_a_web_page_is_refused_even_with_the_token(candela: RunningProxy, telltale: str) -> None:
    token = candela.paths.token.read_text().strip()
    host = "" if telltale.startswith("Host") else "Host: 127.0.0.1\n"
    for method in ("GET", "OPTIONS"):
        head = f"{method} {API_ROOT}/requests HTTP/1.1\n{host}{telltale}\nAuthorization: Bearer {token}\n\n"
        status, body = await status_of(candela.port, head)
        assert status == 403
        assert b"access-control" not in body.lower()


async def test_no_answer_lets_a_web_page_read_it(candela: RunningProxy, program: aiohttp.ClientSession) -> None:
    for path in ("", "/sessions", "/requests", "/events", "/nowhere"):
        async with program.get(api(candela, path)) as response:
            assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_it_is_only_read(candela: RunningProxy, program: aiohttp.ClientSession) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        async with program.request(method, api(candela, "/requests"), data=b"{}") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET"


async def test_it_says_who_answers_and_where_requests_go(
    candela: RunningProxy, program: aiohttp.ClientSession, provider: Provider
) -> None:
    async with program.get(api(candela)) as response:
        about = await response.json()
    assert about["name"] == "candela"
    assert about["pid"] == os.getpid()
    assert about["address"] == f"127.0.0.1:{candela.port}"
    assert (about["route"], about["base_url"], about["live"]) == ("anthropic-direct", provider.url, 0)


async def test_asking_it_is_neither_relayed_nor_recorded_nor_counted_as_live(
    candela: RunningProxy, program: aiohttp.ClientSession, provider: Provider
) -> None:
    token = candela.paths.token.read_text().strip()
    async with listening(candela, program):
        for path in ("/requests", "/sessions", "/nowhere", "/requests/none/request", "/requests?limit=x"):
            async with program.get(api(candela, path)) as response:
                await response.read()
        async with program.get(f"http://127.0.0.1:{candela.port}/_local/other") as response:
            assert response.status == 404
        assert candela.proxy.live == 0
    await candela.stop(0)
    assert provider.requests == []
    assert candela.reader.exchanges() == []
    assert token not in "".join(candela.notices)
    assert token.encode() not in candela.paths.store.read_bytes()


async def test_requests_are_listed_newest_first_as_they_were_recorded(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    for session in ("one", "two", "one"):
        await ask(candela, client, **{"X-Claude-Code-Session-Id": session})
    await candela.ended(3)

    async def listed(query: str) -> list[Any]:
        async with program.get(api(candela, f"/requests{query}")) as response:
            return [SimpleNamespace(**json.loads(line)) for line in await lines(response)]

    everything = await listed("")
    ids = [known.id for known in everything]
    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)
    assert all(known.outcome == "ok" and known.output_tokens for known in everything)
    assert [known.session_id for known in await listed("?session=one")] == ["one", "one"]
    assert [known.id for known in await listed("?limit=1")] == ids[:1]
    assert [known.id for known in await listed(f"?before={ids[0]}&limit=1")] == ids[1:2]
    assert await listed("?session=") == []
    assert await listed("?since=2100-01-01T00:00:00Z") == []
    assert len(await listed("?since=2000-01-01T00:00:00")) == 3


async def test_more_requests_than_are_read_at_a_time_come_whole_and_in_order(
    provider: Provider, tmp_path: Path
) -> None:
    with writing(tmp_path / "candela.db") as (writer, _):
        for number in range(1203):
            store_whole(writer, exchange(number))
    async with running(provider, tmp_path) as candela, aiohttp.ClientSession() as http:
        bearer = {"Authorization": f"Bearer {candela.paths.token.read_text().strip()}"}
        candela.feed.publish((exchange(1203), replace(exchange(700), output_characters=7)))
        async with http.get(api(candela, "/snapshots"), headers=bearer) as response:
            found = [wire.decode_exchange(line) for line in await lines(response)]
        assert [known.id for known in found] == [exchange(number).id for number in range(1203, -1, -1)]
        # What the feed knows of an exchange is newer than what the store does.
        assert [known.output_characters for known in found if known.id == exchange(700).id] == [7]
        async with http.get(api(candela, "/snapshots?limit=600"), headers=bearer) as response:
            assert len(await lines(response)) == 600


async def test_sessions_are_listed_with_their_sums(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    for session in ("one", "two", "one"):
        await ask(candela, client, **{"X-Claude-Code-Session-Id": session})
    await candela.ended(3)

    async def listed(query: str = "") -> list[Any]:
        async with program.get(api(candela, f"/sessions{query}")) as response:
            assert response.status == 200
            found: list[Any] = await response.json()
            return found

    before = await listed()
    assert [(session["session_id"], session["requests"]) for session in before] == [("one", 2), ("two", 1)]
    assert all(float(session["cost_usd"]) > 0 for session in before)
    await candela.stop_store()
    assert await listed() == before
    assert await listed("?since=2100-01-01T00:00:00Z") == []


async def test_one_request_has_its_headers_without_secrets(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client, **{"x-api-key": "sk-ant-very-secret-key"})
    (recorded,) = await candela.ended(1)
    async with program.get(api(candela, f"/requests/{recorded.id}")) as response:
        body = await response.read()
    assert json.loads(body)["request_headers"] == [list(field) for field in recorded.request_headers or ()]
    assert ("x-api-key", "[redacted]") in (recorded.request_headers or ())
    assert b"very-secret" not in body


async def test_bodies_are_the_bytes_that_crossed_while_live_and_afterwards(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    asking = asyncio.create_task(ask(candela, client))
    live = await candela.exchange(lambda known: known.live and known.response_bytes > 0)

    async def body(part: str) -> bytes:
        async with program.get(api(candela, f"/requests/{live.id}/{part}")) as response:
            assert response.status == 200
            return await response.read()

    async def chunks(after: int) -> list[Chunk]:
        async with program.get(api(candela, f"/requests/{live.id}/chunks?after={after}")) as response:
            return [msgspec.json.decode(line, type=Chunk) for line in await lines(response)]

    assert await body("request") == BODY
    begun = await chunks(0)
    assert begun
    assert b"".join(chunk.data for chunk in begun) == await body("response")
    gate.open()
    whole = await asking
    await candela.exchange()
    rest = await chunks(len(begun))
    assert b"".join(chunk.data for chunk in [*begun, *rest]) == whole
    assert await body("response") == whole
    times = [chunk.at_ms for chunk in [*begun, *rest]]
    assert times == sorted(times)

    await candela.stop_store()
    assert candela.feed.recording(live.id) is None
    assert await body("request") == BODY
    assert await body("response") == whole
    assert [chunk.data for chunk in await chunks(0)] == [chunk.data for chunk in [*begun, *rest]]


async def test_what_is_not_recorded_is_a_404(candela: RunningProxy, program: aiohttp.ClientSession) -> None:
    for path in ("/requests/none", "/requests/none/request", "/requests/none/response", "/requests/none/trailers"):
        async with program.get(api(candela, path)) as response:
            assert response.status == 404, path


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=²", "limit"),
        ("since=noon", "since"),
        ("colour=red", "colour"),
    ],
)
async def test_a_query_that_means_nothing_is_explained(
    candela: RunningProxy, program: aiohttp.ClientSession, query: str, words: str
) -> None:
    async with program.get(api(candela, f"/requests?{query}")) as response:
        assert response.status == 400
        assert words in (await response.json())["error"]["message"]


async def test_the_beginning_of_several_ids_is_the_askers_mistake(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    for _ in range(2):
        await ask(candela, client)
    [beginning] = {each.id[:4] for each in await candela.ended(2)}
    await candela.stop_store()
    async with program.get(api(candela, f"/requests/{beginning}")) as response:
        assert response.status == 400
        said = (await response.json())["error"]["message"]
    assert said.startswith(f"More than one request begins with {beginning}, such as ")


async def test_a_store_that_cannot_be_read_is_told_in_words(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client)
    await candela.ended(1)
    await candela.stop_store()
    candela.paths.store.write_bytes(b"no database" * 1000)
    async with program.get(api(candela, "/requests")) as response:
        assert response.status == 503
        assert "damaged" in (await response.json())["error"]["message"]


async def test_a_large_live_answer_is_let_go_of_once_stored_and_still_read_byte_for_byte(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text(*(f"{number}" * 1_000_000 for number in range(8)), gate, "the end")))
    asking = asyncio.create_task(ask(candela, client))
    live = await candela.exchange(lambda known: known.live and known.response_bytes > 7_000_000)
    recording = candela.feed.recording(live.id)
    assert recording is not None
    await candela.until(lambda: recording.stored > 0)
    assert not any(recording.chunks[: recording.stored])
    assert len(recording.chunks) == len(recording.times)

    async def read(part: str) -> bytes:
        async with program.get(api(candela, f"/requests/{live.id}/{part}")) as response:
            assert response.status == 200
            return await response.read()

    def joined(listed: bytes) -> bytes:
        return b"".join(msgspec.json.decode(line, type=Chunk).data for line in listed.splitlines())

    held = len(recording.chunks)
    begun, as_chunks = await read("response"), joined(await read("chunks"))
    after_some = joined(await read("chunks?after=3"))
    gate.open()
    whole = await asking
    assert begun == as_chunks == whole[: len(begun)]
    assert after_some == begun[len(begun) - len(after_some) :]
    ended = await candela.exchange()
    assert ended.response_bytes == len(whole)
    assert ended.output_characters == 8_000_007
    await candela.stop(0)
    assert candela.reader.response_body(live.id) == whole
    chunks, times = candela.reader.response_chunks(live.id)
    assert b"".join(chunks) == whole
    assert times == sorted(times)
    assert len(chunks) > held


async def test_the_event_stream_tells_what_is_live_first_then_what_changes_and_notices(
    candela: RunningProxy, program: aiohttp.ClientSession, client: aiohttp.ClientSession, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    asking = asyncio.create_task(ask(candela, client))
    live = await candela.exchange(lambda known: known.live and known.response_bytes > 0)
    async with listening(candela, program) as events:
        assert events.snapshots[0]["live"] == [live.id]
        assert events.snapshots[0]["about"]["live"] == 1
        await events.until(lambda: live.id in events.exchanges)
        assert events.exchanges[live.id].live
        gate.open()
        await asking
        await events.until(lambda: not events.exchanges[live.id].live)
        assert events.exchanges[live.id] == await candela.exchange()
        candela.feed.notify("The disk is full")
        await events.until(lambda: "The disk is full" in events.notices)
        candela.feed.tell_missed()
        await events.until(lambda: events.missed)


async def test_a_reader_that_stalls_costs_the_others_nothing_and_little_memory(
    candela: RunningProxy, program: aiohttp.ClientSession
) -> None:
    token = candela.paths.token.read_text().strip()
    big = replace(exchange(0), url="x" * 30_000)
    async with WireClient(candela.port) as stalled:
        head = f"GET {API_ROOT}/snapshots/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        stalled.writer.write(head.encode())
        await stalled.until(b"event: snapshot")
        stalled.writer.transport.pause_reading()
        async with listening(candela, program) as events:
            for start in range(0, 400, 25):
                candela.feed.publish(
                    tuple(replace(big, id=f"{n:04}", output_characters=n) for n in range(start, start + 25))
                )
                await events.until(lambda start=start: f"{start + 24:04}" in events.exchanges)
            assert max(candela.pending_in_transports()) < 2**20
        # As soon as it reads again it gets the newest state of everything.
        stalled.writer.transport.resume_reading()
        got = b""
        async with asyncio.timeout(PATIENCE_S):
            while b'"output_characters":399' not in got:
                got = got[-100:] + await stalled.reader.read(65536)


async def test_a_silent_stream_is_kept_alive(
    candela: RunningProxy, program: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_KEEP_ALIVE_S", 0.05)
    async with listening(candela, program) as told:
        await told.until(lambda: told.comments > 1)


async def test_the_providers_side_is_told_while_it_is_live(
    candela: RunningProxy, program: aiohttp.ClientSession
) -> None:
    theirs = Recording(b"as Vertex AI takes it", [b"frame 1", b"frame 2"], [1.0, 2.5])
    candela.feed.keep("mapped", Recording(b"as the client wrote it", [b"event"], [2.0], theirs))
    candela.feed.keep("plain", Recording(b"as the client wrote it"))

    async def said(path: str) -> tuple[int, bytes]:
        async with program.get(api(candela, f"/requests/{path}")) as response:
            return response.status, await response.read()

    assert await said("mapped/provider/request") == (200, b"as Vertex AI takes it")
    assert await said("mapped/provider/response") == (200, b"frame 1frame 2")
    assert await said("mapped/request") == (200, b"as the client wrote it")
    _, lines = await said("mapped/provider/chunks?after=1")
    assert msgspec.json.decode(lines, type=Chunk) == Chunk(2.5, b"frame 2")
    assert (await said("plain/provider/request"))[0] == (await said("plain/provider/response"))[0] == 404
    assert await said("plain/provider/chunks") == (200, b"")
    assert (await said("mapped/other/request"))[0] == (await said("mapped/provider/other"))[0] == 404


async def test_a_reader_that_takes_nothing_for_long_loses_its_connection(
    candela: RunningProxy, program: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outflow, "_STALLED_S", 0.3)
    token = candela.paths.token.read_text().strip()
    candela.feed.keep("big", Recording(bytes(50_000_000)))
    async with WireClient(candela.port) as stalled:
        head = (
            f"GET {API_ROOT}/requests/big/request HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        stalled.writer.write(head.encode())
        await stalled.until(b"\r\n\r\n")
        stalled.writer.transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            await candela.proxy._telling.none()
        stalled.writer.transport.resume_reading()
        assert not (await stalled.rest()).endswith(b"0\r\n\r\n")
    # Whoever reads gets all of it.
    async with program.get(api(candela, "/requests/big/request")) as response:
        assert len(await response.read()) == 50_000_000


async def test_a_stream_ends_when_candela_does(candela: RunningProxy, program: aiohttp.ClientSession) -> None:
    async with listening(candela, program) as events:
        async with asyncio.timeout(PATIENCE_S):
            await candela.stop(PATIENCE_S)
            with pytest.raises((AssertionError, aiohttp.ClientError)):
                await events.until(lambda: False)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b'{"passphrase": 1}', b"x" * 20_000, b'{"a":' + b"[" * 9_000],
    ids=["empty", "bytes", "number", "huge", "deep"],
)
async def test_what_is_no_passphrase_is_refused_with_words(
    candela: RunningProxy, program: aiohttp.ClientSession, body: bytes
) -> None:
    async with program.post(api(candela, "/unlock"), data=body) as answer:
        assert answer.status == 400
        assert "send a passphrase as" in await answer.text()


async def test_the_token_is_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "api-token"
    token = own_token(file)
    assert len(token) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert own_token(file) == token
    assert [path.name for path in tmp_path.iterdir()] == ["api-token"]


@pytest.mark.parametrize("spoil", ["readable by others", "empty", "a link", "not text"])
async def test_a_token_that_others_may_know_is_replaced(tmp_path: Path, spoil: str) -> None:
    file = tmp_path / "api-token"
    token = own_token(file)
    if spoil == "readable by others":
        file.chmod(0o644)
    elif spoil == "empty":
        file.write_text("")
    elif spoil == "a link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    else:
        file.write_bytes(b"\xff" * 64)
    assert own_token(file) != token
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600
    assert not file.is_symlink()


async def test_without_a_token_file_requests_pass_and_the_local_api_is_closed(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    (tmp_path / "api-token").mkdir()
    (tmp_path / "api-token" / "in the way").touch()
    async with running(provider, tmp_path) as candela:
        assert await ask(candela, client)
        async with client.get(api(candela)) as response:
            assert response.status == 503
        candela._drain()
        assert any("api-token" in notice for notice in candela.notices)


async def test_a_notice_is_shown_wherever_candela_is_watched(
    candela: RunningProxy, program: aiohttp.ClientSession
) -> None:
    async with listening(candela, program) as events:
        async with program.post(api(candela, "/notices"), data=b'{"text": "no request\\u001b[31m came"}') as answer:
            assert answer.status == 200
        await events.until(lambda: events.notices)
    assert events.notices == ["no request␛[31m came"]
    async with program.get(api(candela, "/notices")) as answer:
        assert answer.status == 405
    for body in (b"", b"[]", b'{"text": 1}', b'{"text": "' + b"x" * 5000 + b'"}'):
        async with program.post(api(candela, "/notices"), data=body) as answer:
            assert answer.status == 400


async def test_refusals_are_listed_and_forgotten(candela: RunningProxy, program: aiohttp.ClientSession) -> None:
    memory = candela.proxy.refusals.memory(ProviderId.BEDROCK, counts=False)
    for model in ("us.anthropic.claude-opus-4-8", "us.anthropic.claude-haiku-4-5"):
        memory.add(model, RefusedParts(fields=frozenset({"speed"})), "speed: Extra inputs are not permitted")
    opus, haiku = await (await program.get(api(candela, "/refusals"))).json()
    assert opus.pop("until").endswith("Z")
    assert opus == {
        "provider": "bedrock",
        "model": "us.anthropic.claude-opus-4-8",
        "counts": False,
        "part": "field",
        "name": "speed",
        "message": "speed: Extra inputs are not permitted",
        "certain": True,
    }
    for query, forgotten in (("?model=claude-opus-4-8", 1), ("", 1), ("", 0)):
        answer = await program.delete(api(candela, f"/refusals{query}"))
        assert await answer.json() == {"forgotten": forgotten}
    assert haiku["model"] == "us.anthropic.claude-haiku-4-5"
    assert (await program.delete(api(candela, "/refusals?modle=a"))).status == 400
    assert (await program.delete(api(candela, "/requests"))).status == 405
    async with aiohttp.ClientSession() as stranger:
        assert (await stranger.delete(api(candela, "/refusals"))).status == 401
