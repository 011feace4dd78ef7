"""A dashboard's world: a feed, a store on disk, a clock that stands still, and requests to put into them."""

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from textual import events
from textual._compositor import InlineUpdate
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input

from candela_tui.config import PricingSettings, UiSettings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.exchange import Exchange, Marks, Outcome, Recording
from candela_tui.feed import Feed
from candela_tui.fulltext.finder import Finder
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import RouteName
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import SignIns
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.state.proxy_status import ProxyStatus

# As long as the other tests wait: a machine under load is slow.
PATIENCE_S = 30.0
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JSON_HEADERS = (("Content-Type", "application/json"), ("x-api-key", "[redacted]"))
STREAM_HEADERS = (("Content-Type", "text/event-stream; charset=utf-8"), ("request-id", "req_011CVq4"))


class Scene:
    """What happens happens through ``feed``; ``app`` shows it."""

    def __init__(
        self,
        directory: Path,
        *,
        note: str | None = None,
        follows_store: bool = False,
        shares_store: bool = False,
        tour: bool = False,
        theme: str = "candela-dark",
        settings: UiSettings | None = None,
        preferences: Preferences | None = None,
        feed: Feed | None = None,
        address: str = "127.0.0.1:8181",
        server: str | None = None,
        route: RouteName = RouteName.DIRECT,
        sign_in_setup: SignInSetup | None = None,
        sign_ins: SignIns = sign_in_to,
        searchable: bool = True,
        control: ProxyControl | None = None,
        history: StoreReader | None = None,
    ) -> None:
        self.now = NOW
        self.feed = feed or Feed()
        self.store = directory / "store.sqlite3"
        self.history = history or StoreReader(self.store)
        self._numbers = itertools.count(1)
        self._happened: list[Exchange] = []
        self._pricer = Pricer(PricingSettings())
        status = ProxyStatus(
            address=address,
            route=route,
            base_url="https://api.anthropic.com",
            note=note,
            follows_store=follows_store,
            shares_store=shares_store,
            tour=tour,
            server=server,
        )
        clock = Clock(lambda: self.now, UTC)
        self.config = directory / "config.toml"
        self.app = CandelaApp(
            feed=self.feed,
            history=self.history,
            status=status,
            clock=clock,
            settings=settings or UiSettings(theme=theme),
            config=self.config,
            preferences=preferences,
            finder=Finder(directory / "search.db", self.history) if searchable else None,
            sign_in_setup=sign_in_setup,
            sign_ins=sign_ins,
            control=control,
        )

    @asynccontextmanager
    async def opened(self, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Pilot[int]]:
        """The dashboard, while in the block; it hears of what happened before, too."""
        async with self.app.run_test(size=size, notifications=True) as pilot:
            self.tell()
            yield pilot

    def tell(self) -> None:
        """Report what happened before the dashboard opened."""
        self.feed.publish(tuple(self._happened))

    def request(
        self,
        *,
        ago: float = 60,
        body: bytes = b"{}",
        answer: bytes = b"",
        usage: tuple[int, int, int, int, int] | None = None,
        piece: int = 700,
        pace_ms: float = 20,
        other_side: Recording | None = None,
        **facts: Any,
    ) -> Exchange:
        """Publish a request, by default an ended one. ``ago``: seconds; ``usage``: input, read, 5m, 1h, output;
        ``other_side``: what crossed towards the provider, where that was something else.

        The answer came in chunks of ``piece`` bytes, one each ``pace_ms``.
        """
        made = self.make(ago=ago, usage=usage, request_bytes=len(body), response_bytes=len(answer), **facts)
        recording = Recording(body, provider=other_side)
        for number, start in enumerate(range(0, len(answer), piece)):
            recording.add(answer[start : start + piece], 812.0 + pace_ms * number)
        self.feed.keep(made.id, recording)
        self._happened.append(made)
        self.feed.publish((made,))
        return made

    def make(self, *, ago: float = 60, usage: tuple[int, int, int, int, int] | None = None, **facts: Any) -> Exchange:
        """A request that nobody heard of yet."""
        started = self.now - timedelta(seconds=ago)
        known: dict[str, Any] = {
            "id": f"{started.timestamp():017.3f}-{next(self._numbers):05}",
            "started_at": started,
            "method": "POST",
            "path": "/v1/messages?beta=true",
            "url": "https://api.anthropic.com/v1/messages",
            "route": "anthropic-direct",
            "kind": Kind.MESSAGES,
            "session_id": "7c1d4f0e-session",
            "model": "claude-opus-4-8",
            "model_used": facts.get("model", "claude-opus-4-8"),
            "streamed": True,
            "status": 200,
            "outcome": Outcome.OK,
            "stop_reason": "end_turn",
            "marks": Marks(0.4, 640.0, 812.0, 4312.0),
            "request_headers": JSON_HEADERS,
            "response_headers": STREAM_HEADERS,
            "request_id": "req_011CVq4",
            **facts,
        }
        if usage is not None:
            model_used, final = known["model_used"], known["outcome"] is Outcome.OK
            counted = self.counted(*usage, at=started, model=known["model"], model_used=model_used, final=final)
            known |= counted | facts
        return Exchange(**known)

    def counted(self, *counts: int, at: datetime = NOW, final: bool = True, **models: Any) -> dict[str, Any]:
        """Usage and cost as a record has them, from input, read, 5m, 1h and output tokens."""
        usage = Usage(*counts, service_tier="standard")
        asked = models.get("model", "claude-opus-4-8")
        used = models.get("model_used", asked)
        priced = self._pricer.price(usage, provider="anthropic", model_asked=asked, model_used=used, at=at, final=final)
        return {"usage": usage, "cost": priced.cost, "unpriced_model": priced.unpriced_model, "saved": priced.saved}

    def grow(self, exchange: Exchange, chunk: bytes = b"", **facts: Any) -> Exchange:
        """More of a live request."""
        recording = self.feed.recording(exchange.id)
        if recording is not None and chunk:
            recording.add(chunk, 1000.0)
        grown = replace(exchange, response_bytes=exchange.response_bytes + len(chunk), **facts)
        self.feed.publish((grown,))
        return grown


def clues(title: str, cwd: str = "/src/api", branch: str = "main") -> SessionClues:
    return SessionClues(title, cwd, branch, "claude-opus-4-8")


LIVE: dict[str, Any] = {
    "outcome": Outcome.LIVE,
    "stop_reason": None,
    "marks": Marks(0.4, 640.0, 812.0, None),
    "usage": None,
}


def busy_morning(scene: Scene) -> None:
    """Three sessions: one at work with a sub-agent, errors, the client's own requests; two of earlier."""
    scene.request(
        ago=9000, session_id="older", clues=clues("refactor the store", "/src/db"), usage=(40, 31000, 0, 12000, 902)
    )
    scene.request(ago=8900, session_id="older", usage=(12, 43000, 800, 0, 2214), model="claude-sonnet-4-5")
    scene.request(
        ago=90000, session_id="csv", clues=clues("import customers from CSV", "/src/shop"), usage=(9, 0, 0, 22100, 310)
    )
    main: dict[str, Any] = {"session_id": "7c1d4f0e-session"}
    scene.request(ago=400, method="HEAD", path="/", kind=Kind.PROBE, session_id=None, model=None, model_used=None)
    scene.request(ago=300, clues=clues("fix the flaky test"), usage=(12, 0, 0, 18400, 214), **main)
    scene.request(ago=299, kind=Kind.TITLE, model="claude-haiku-4-5", model_used="claude-haiku-4-5", **main)
    scene.request(
        ago=250,
        status=529,
        outcome=Outcome.ERROR,
        error=ApiError("overloaded_error", "Overloaded"),
        stop_reason=None,
        marks=Marks(0.4, 80, None, 81),
        **main,
    )
    scene.request(ago=246, retry=1, usage=(12, 18400, 1204, 0, 902), stop_reason="tool_use", **main)
    for number in range(3):
        scene.request(
            ago=200 - number,
            agent_id="a1b2c3",
            model="claude-haiku-4-5",
            model_used="claude-haiku-4-5",
            usage=(40, 31000 + number, 800, 0, 902),
            **main,
        )
    scene.request(ago=100, usage=(12, 96000, 1200, 0, 1214), **main)
    scene.request(ago=60, outcome=Outcome.CANCELLED, stop_reason=None, usage=(12, 97000, 0, 0, 61), **main)
    scene.request(ago=30, model="claude-fable-9", model_used="claude-fable-9", usage=(2, 5, 0, 0, 12), **main)
    scene.request(ago=12, output_characters=790, **LIVE, **main)


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def stream(*texts: str, thinking: str = "", tool: tuple[str, dict[str, Any]] | None = None, end: bool = True) -> bytes:
    """An answer as it crosses."""
    out = [event("message_start", message={"id": "msg_1", "model": "claude-opus-4-8", "usage": {"input_tokens": 12}})]
    index = 0
    if thinking:
        out.append(event("content_block_start", index=index, content_block={"type": "thinking", "thinking": ""}))
        out.append(event("content_block_delta", index=index, delta={"type": "thinking_delta", "thinking": thinking}))
        out.append(event("content_block_stop", index=index))
        index += 1
    if texts:
        out.append(event("content_block_start", index=index, content_block={"type": "text", "text": ""}))
        out += [event("content_block_delta", index=index, delta={"type": "text_delta", "text": t}) for t in texts]
        if end:
            out.append(event("content_block_stop", index=index))
        index += 1
    if tool is not None:
        name, arguments = tool
        start = {"type": "tool_use", "id": "toolu_01", "name": name, "input": {}}
        text = json.dumps(arguments)
        out.append(event("content_block_start", index=index, content_block=start))
        for piece in (text[:7], text[7:]):
            out.append(
                event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
            )
        out.append(event("content_block_stop", index=index))
    if end:
        out.append(event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 61}))
        out.append(event("message_stop"))
    return b"".join(out)


async def until(pilot: Pilot[Any], condition: Callable[[], Any]) -> None:
    """Let the app go on until something holds."""
    patience_ends = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < patience_ends, f"waited in vain; the screen says:\n{screen_text(pilot)}"
        await pilot.pause(0.01)


async def shows(pilot: Pilot[Any], *texts: str) -> str:
    """Let the app go on until all texts are on the screen; return what the screen says."""
    said = ""

    def all_there() -> bool:
        nonlocal said
        said = screen_text(pilot)
        return all(text in said for text in texts)

    await until(pilot, all_there)
    return said


async def typed(pilot: Pilot[Any], text: str) -> None:
    """Put text into the field that has the focus or is about to, at once as a paste does: a key takes a while."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Input))
    field = pilot.app.focused
    assert isinstance(field, Input)
    field.post_message(events.Paste(text))
    await until(pilot, lambda: text in field.value)


def screen_text(pilot: Pilot[Any]) -> str:
    """The terminal's cells, line by line."""
    return "\n".join(strip.text[: pilot.app.size.width] for strip in drawn(pilot.app.screen)[: pilot.app.size.height])


def drawn(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen as the terminal shows them.

    A translucent screen must know those below it whenever its lines are asked for: they are kept, and without that
    would be kept without what is below.
    """
    stack = screen.app.screen_stack
    update = screen._compositor.render_inline(screen.app.size, stack[: stack.index(screen)])
    assert isinstance(update, InlineUpdate)
    return update.strips
