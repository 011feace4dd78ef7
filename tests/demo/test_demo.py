"""What somebody who tries the demo gets: sessions that look real, from a provider on this machine."""

import asyncio
import itertools
import json
import re
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from candela_tui.analysis.limits import limits_of
from candela_tui.demo.picture import flame_graph
from candela_tui.demo.play import Demo, named_as_run
from candela_tui.demo.story import Call, Prompt, Step, load_stories
from candela_tui.exchange import Exchange
from candela_tui.ledger.sessions import by_session
from candela_tui.protocol.answer_decoder import AnswerDecoder, ContentBlock, MessageFold
from candela_tui.protocol.claude_code.hints import hints_of, stated_kind
from candela_tui.protocol.claude_code.session_clues import session_clues
from candela_tui.protocol.headers import rate_limits
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.parsed_request import kind_of
from candela_tui.protocol.request import decode_request
from candela_tui.text.times import utc_now
from tests.protocol.claude_code_bodies import CLASSIFIER, SIDE_QUESTION, SUMMARY_PROMPT, user

PATIENCE_S = 60


@dataclass
class Seen:
    """One request of the demo's client and the whole answer."""

    headers: dict[str, str]
    kind: Kind
    body: bytes
    status: int
    fold: MessageFold
    asked_again: bool
    """The same request failed before."""

    @property
    def key(self) -> tuple[str, str | None]:
        return self.headers["x-claude-code-session-id"], self.headers.get("x-claude-code-agent-id")


@dataclass
class Watcher:
    """Stands where candela stands: passes everything on to the provider, and keeps it."""

    provider: str
    seen: list[Seen] = field(default_factory=list)
    limits: list[dict[str, str]] = field(default_factory=list)
    """The headers of every answer."""
    broken: int = 0
    """Streams that ended in the middle."""
    told: list[str] = field(default_factory=list)
    """The messages for the demo's user."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.post(self.provider + request.path_qs, data=body, headers=request.headers) as answer,
            ):
                self.limits.append(dict(answer.headers))
                received = await answer.read()
        except aiohttp.ClientPayloadError:
            self.broken += 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        decoder = AnswerDecoder(answer.status, answer.headers["Content-Type"])
        decoder.feed(received)
        decoder.finish()
        kind = kind_of(request.method, request.path, decode_request(body))
        async with self.changed:
            again = any(one.body == body and one.status != 200 for one in self.seen)
            self.seen.append(Seen(headers, kind, body, answer.status, decoder.fold, again))
            self.changed.notify_all()
        return web.Response(
            status=answer.status, body=received, headers={"Content-Type": answer.headers["Content-Type"]}
        )

    async def until(self, enough: Callable[[list[Seen]], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: enough(self.seen))


@asynccontextmanager
async def watched(speed: float, seed: int = 1) -> AsyncIterator[Watcher]:
    demo = Demo(seed, speed)
    watcher = Watcher(await asyncio.to_thread(demo.start_provider))
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", watcher.handle)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        await asyncio.to_thread(demo.start_client, f"http://{host}:{port}", watcher.told.append)
        yield watcher
    finally:
        await asyncio.to_thread(demo.stop)
        await runner.cleanup()


async def test_the_demo_shows_several_sessions_with_sub_agents_titles_and_a_retry() -> None:
    def rich(seen: list[Seen]) -> bool:
        retried = {one.key for one in seen if one.asked_again and one.status == 200}
        agents = {one.key[1] for one in seen if one.key[1]}
        titles = {one.key[0] for one in seen if one.kind is Kind.TITLE}
        overloaded = any(one.status == 529 for one in seen)
        sessions = {one.key[0] for one in seen}
        return bool(retried) and overloaded and len(agents) > 1 and len(titles) > 1 and len(sessions) > 3

    async with watched(speed=200) as watcher:
        await watcher.until(rich)
    overloaded = [one for one in watcher.seen if one.status == 529]
    assert overloaded
    assert {one.fold.error.type for one in overloaded if one.fold.error} == {"overloaded_error"}
    assert any("thinking" in {block.type for block in one.fold.blocks.values()} for one in watcher.seen)
    assert len({one.fold.model for one in watcher.seen if one.fold.model}) == 3


async def test_requests_state_what_the_newest_client_does() -> None:
    def hinted(seen: list[Seen]) -> set[str | None]:
        every = [hints_of(one.headers.items()) for one in seen]
        return {*(each.request_class for each in every), *(tool for each in every for tool, _ in each.tool_durations)}

    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: {"main", "auxiliary", "subagent", "Agent", "Bash"} <= hinted(seen))
    assert {one.headers["user-agent"] for one in watcher.seen} == {"claude-cli/2.1.332 (external, cli)"}
    turns: dict[tuple[str, str | None], str | None] = {}
    for one in watcher.seen:
        hints = hints_of(one.headers.items())
        assert stated_kind(one.kind, hints) is one.kind
        assert (hints.agent_type is None) is (one.key[1] is None)
        assert hints.prompt_id
        # A sub-agent works for one prompt of the user.
        assert one.key[1] is None or turns.setdefault(one.key, hints.prompt_id) == hints.prompt_id


def test_every_file_of_candela_that_a_story_names_exists() -> None:
    package = resources.files("candela_tui")
    written = {str(call.arguments["file_path"]) for call in _all_calls() if call.tool == "Write"}
    read = [call for call in _all_calls() if call.file]
    assert read
    for call in read:
        assert str(call.arguments["file_path"]).endswith(f"/candela_tui/{call.file}")
        assert call.output
    for story in load_stories():
        if story.cwd.endswith("/candela"):
            words = json.dumps(asdict(story))
            # As a path in the project, or as a module of the package in backticks.
            named = {match[1] for match in re.finditer(r"(?:\bcandela_tui/|`)([\w/]+\.py)\b", words)}
            assert len(named) > len(read)
            new = {name for name in named if any(path.endswith(f"/candela_tui/{name}") for path in written)}
            assert [name for name in sorted(named - new) if not (package / name).is_file()] == []


def _all_calls() -> list[Call]:
    prompts = [prompt for story in load_stories() for prompt in (*story.before, *story.prompts)]
    calls = [call for prompt in prompts for step in prompt.steps for call in step.calls]
    return calls + [call for each in calls for step in each.agent for call in step.calls]


async def test_a_session_that_fails_is_reported_and_the_others_continue(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole, failing = load_stories()[1], "A story of a missing file"
    missing = Call("Read", {}, file="no_such_module.py")
    bad = replace(whole, title=failing, before=[Prompt("read it", [Step(calls=[missing]), Step("Read.")])])
    gone = replace(whole, title="A retired model", model="claude-3-5-haiku-20241022")
    monkeypatch.setattr("candela_tui.demo.play.load_stories", lambda: (bad, gone, whole))
    named = (failing, "A retired model")
    expected = {f'The simulated session "{name}" failed (the log says why); the others continue' for name in named}
    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: expected <= set(watcher.told) and any(one.fold.stopped for one in seen))
    assert re.search(r"'A story of a missing file' failed: .*no_such_module\.py", caplog.text)
    assert "'A retired model' failed: model: claude-3-5-haiku-20241022" in caplog.text


def test_another_run_of_a_story_is_named_so() -> None:
    for story in load_stories():
        again = named_as_run(story, 2)
        assert again.title == f"Run 2: {story.title}"
        assert [prompt.text for prompt in again.before[:1]] == [f"Run 2: {first.text}" for first in story.before[:1]]
        assert (again.before[1:], again.prompts) == (story.before[1:], story.prompts)


async def test_each_turn_reads_from_the_cache_what_the_turn_before_wrote() -> None:
    def turns(seen: list[Seen]) -> dict[tuple[str, str | None], list[Seen]]:
        found: dict[tuple[str, str | None], list[Seen]] = {}
        for one in seen:
            if one.kind is Kind.MESSAGES and one.status == 200:
                found.setdefault(one.key, []).append(one)
        return found

    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: any(len(group) >= 5 for group in turns(seen).values()))
    for group in turns(watcher.seen).values():
        usages = [one.fold.usage for one in group]
        for before, after in itertools.pairwise(usages):
            assert before is not None
            assert after is not None
            written = (before.cache_write_5m_tokens or 0) + (before.cache_write_1h_tokens or 0)
            assert after.cache_read_tokens == (before.cache_read_tokens or 0) + written
            assert (after.prompt_tokens or 0) > (before.prompt_tokens or 0)


async def test_requests_go_wrong_the_way_they_do_with_a_provider() -> None:
    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: watcher.broken and {404, 429, 529} <= {one.status for one in seen})
    kinds = {one.status: one.fold.error.type for one in watcher.seen if one.fold.error}
    assert kinds == {404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
    assert any(b"The sub-agent failed: model: claude-3-5-haiku" in one.body for one in watcher.seen)


async def test_two_sub_agents_are_set_to_work_at_once() -> None:
    def together(seen: list[Seen]) -> set[frozenset[str]]:
        answers = ([json.loads(b.text) for b in one.fold.blocks.values() if _delegates(b)] for one in seen)
        return {frozenset(call["subagent_type"] for call in calls) for calls in answers if len(calls) > 1}

    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: len(together(seen)) > 1)
    assert {"Explore", "Plan"} in together(watcher.seen)


def _delegates(block: ContentBlock) -> bool:
    return block.type == "tool_use" and block.start["name"] == "Agent"


async def test_answers_tell_how_a_subscriptions_limits_fill() -> None:
    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: len(watcher.limits) > 20)
    assert all("bearer sk-ant-oat" in one.headers["authorization"].lower() for one in watcher.seen)
    told = [
        limits
        for headers in watcher.limits
        if (limits := limits_of(_exchange(rate_limits=rate_limits(headers.items())))) is not None
    ]
    assert len(told) > 15
    for name in ("5h", "7d"):
        windows = [window for limits in told for window in limits.windows if window.name == name]
        assert windows[0].utilization < max(window.utilization for window in windows) < 0.6
        assert all(window.resets_at > utc_now() for window in windows)


async def test_conversations_hold_pictures_reminders_long_results_and_interruptions() -> None:
    wanted = (b'"media_type":"image/png"', b"<system-reminder>", b"[Request interrupted by user]", b"test_1489 PASSED")
    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: all(any(text in one.body for one in seen) for text in wanted))


async def test_some_sessions_cache_for_an_hour_and_some_for_five_minutes() -> None:
    def lifetimes(seen: list[Seen]) -> set[str]:
        usages = [one.fold.usage for one in seen if one.fold.usage and one.key[1] is None]
        hour = {"1h" for usage in usages if usage.cache_write_1h_tokens}
        return hour | {"5m" for usage in usages if usage.cache_write_5m_tokens}

    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: lifetimes(seen) == {"5m", "1h"})
    for one in watcher.seen:
        if one.fold.usage and one.fold.usage.cache_write_1h_tokens:
            assert b'"ttl":"1h"' in one.body


def test_the_picture_is_a_png_of_its_own_size() -> None:
    picture = flame_graph(1)
    assert picture == flame_graph(1) != flame_graph(2)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    at = picture.index(b"IDAT")
    [length] = struct.unpack(">I", picture[at - 4 : at])
    assert len(zlib.decompress(picture[at + 4 : at + 4 + length])) == height * (1 + 3 * width)


def _exchange(**facts: Any) -> Exchange:
    known = {"id": "1", "started_at": utc_now(), "method": "POST", "path": "/v1/messages", "route": "anthropic-direct"}
    return Exchange(**known, **facts)  # type: ignore[arg-type]


async def test_a_session_tells_its_directory_branch_and_first_words() -> None:
    async with watched(speed=200) as watcher:
        await watcher.until(lambda seen: len({one.key[0] for one in seen if one.kind is Kind.MESSAGES}) >= 4)
    exchanges = []
    for number, one in enumerate(watcher.seen):
        asked = decode_request(one.body)
        assert asked is not None
        if one.kind is Kind.MESSAGES and one.key[1] is None:
            exchanges.append(
                Exchange(
                    id=str(number),
                    started_at=utc_now(),
                    method="POST",
                    path="/v1/messages",
                    route="anthropic-direct",
                    kind=one.kind,
                    session_id=one.key[0],
                    model=asked.model,
                    clues=session_clues(asked),
                )
            )
    told = {(session.cwd, session.git_branch, session.model) for session in by_session(exchanges)}
    assert told <= {(story.cwd, story.branch, story.model) for story in load_stories()}
    assert len(told) >= 4
    assert all(session.title for session in by_session(exchanges))


async def test_the_same_seed_plays_the_same_sessions() -> None:
    async def first_words(seed: int) -> set[tuple[str, bytes]]:
        async with watched(speed=200, seed=seed) as watcher:
            await watcher.until(lambda seen: len({one.key[0] for one in seen}) >= 4)
        firsts: dict[str, bytes] = {}
        for one in watcher.seen:
            if one.kind is Kind.MESSAGES and one.key[1] is None:
                firsts.setdefault(one.key[0], one.body)
        return set(firsts.items())

    assert (await first_words(7)) & (await first_words(7))
    assert not (await first_words(7)) & (await first_words(8))


_OWN_REQUESTS: tuple[dict[str, Any], ...] = (
    {"system": CLASSIFIER},
    {"messages": [user(SUMMARY_PROMPT)]},
    {"messages": [user(f"{SIDE_QUESTION}Why?")]},
)


async def test_a_client_that_is_not_the_demos_own_is_answered_too() -> None:
    demo = Demo(speed=500)
    url = await asyncio.to_thread(demo.start_provider)
    try:
        async with aiohttp.ClientSession() as http:
            asked = {"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "hello"}]}
            whole = await (await http.post(f"{url}/v1/messages", json=asked)).json()
            streamed = await (await http.post(f"{url}/v1/messages", json={**asked, "stream": True})).text()
            assert "simulated" in whole["content"][0]["text"]
            assert "simulated" in streamed
            assert (await http.head(f"{url}/")).status == 200
            assert len((await (await http.get(f"{url}/v1/models")).json())["data"]) == 3
            assert (await (await http.post(f"{url}/v1/messages/count_tokens", json=asked)).json())["input_tokens"] > 0
            for own in _OWN_REQUESTS:
                answer = await http.post(f"{url}/v1/messages", json=asked | own)
                assert (answer.status, (await answer.json())["stop_reason"]) == (200, "end_turn")
            missing = await http.get(f"{url}/v1/files")
            assert (missing.status, (await missing.json())["error"]["type"]) == (404, "not_found_error")
    finally:
        await asyncio.to_thread(demo.stop)
