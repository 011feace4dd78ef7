"""The demo's simulated provider: answers Messages requests locally at a realistic pace."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from candela_tui.demo.story import Fault, Step
from candela_tui.demo.subscription import Subscription
from candela_tui.protocol.errors import error_body
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.parsed_request import kind_of
from candela_tui.protocol.request import MessagesRequest, decode_request

_CHARACTERS_A_TOKEN = 3.7
_WORDS_A_DELTA = 4
_UNSCRIPTED = Step(
    text="This is candela's demo: a simulated provider on this machine answers here, not a model. Your request did "
    "arrive, and you can look at it in the dashboard like at any other."
)


_REFUSALS: dict[Fault | None, tuple[int, str]] = {
    "overloaded": (529, "Overloaded"),
    "limited": (429, "This request would exceed the number of your requests that may run at the same time."),
}
_RETRIED = {status for status, _ in _REFUSALS.values()}
_RETIRED = "claude-3-5-"
"""The prefix of models that are retired."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a model: seconds to its first token, and tokens per second."""

    first_token_s: float
    tokens_per_second: float


_PACES = {"claude-opus": Pace(1.3, 62), "claude-sonnet": Pace(0.9, 84), "claude-haiku": Pace(0.4, 160)}
_PACE = Pace(1.0, 70)


@dataclass(slots=True)
class Script:
    """The provider's answers in one conversation, and how much of its prompt is in the cache."""

    steps: list[Step]
    """The steps, indexed by the number of answers in the conversation so far."""
    title: str = ""
    lifetime: str = "5m"
    """The lifetime of its cache entries: 5m or 1h."""
    cached_tokens: int = 0
    faults: Counter[int] = field(default_factory=Counter)
    """The number of failed tries of each step."""

    def fault(self, number: int) -> Fault | None:
        """Return the fault of the current try of a step, or None if it succeeds."""
        faults = self.steps[number].faults if number < len(self.steps) else []
        if self.faults[number] >= len(faults):
            return None
        self.faults[number] += 1
        return faults[self.faults[number] - 1]


Scripts = dict[str, dict[str | None, Script]]
"""Scripts by session id and agent id; None is the main agent."""


class DemoProvider:
    """An aiohttp application that plays scripts by session and agent.

    ``speed`` divides every wait. The same seed gives the same waits.
    """

    def __init__(self, scripts: Scripts, seed: int, speed: float) -> None:
        self._scripts = scripts
        self._seed = seed
        self._speed = speed
        self._shared: set[tuple[str, int]] = set()
        self._subscription = Subscription()
        self.application = web.Application(client_max_size=2**26)
        self.application.router.add_route("*", "/{path:.*}", self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = decode_request(body) if body else None
        match kind_of(request.method, request.path, asked):
            case Kind.PROBE:
                return web.Response()
            case Kind.MODELS:
                return web.json_response(_models())
            case Kind.COUNT_TOKENS:
                return web.json_response({"input_tokens": _tokens(len(body))})
            case Kind.OTHER:
                return _refusal(404, f"the demo's provider has no {request.path}")
            case _ if asked is None:
                return _refusal(400, "the demo's provider can't read this request: it is not JSON of the Messages API")
            case kind:
                return await self._answer(request, kind, asked, len(body))

    async def _answer(self, request: web.Request, kind: Kind, asked: MessagesRequest, size: int) -> web.StreamResponse:
        model = asked.model or "claude-opus-4-8"
        if model.startswith(_RETIRED):
            return _refusal(404, f"model: {model}")
        session = request.headers.get("X-Claude-Code-Session-Id", "")
        agent = request.headers.get("x-claude-code-agent-id")
        script = self._scripts.get(session, {}).get(agent) or Script([])
        number = sum(b'"assistant"' in bytes(message)[:40] for message in asked.messages)
        chances = random.Random(f"{self._seed}/{session}/{agent}/{kind}/{number}")  # noqa: S311
        fault = script.fault(number) if kind is Kind.MESSAGES else None
        take = _Take(chances, self._speed, self._subscription, breaks=fault == "breaks")
        if kind is not Kind.MESSAGES:
            # Outside the conversation: it is not a step of a story, and is never cached.
            step, usage = _beside(kind, script.title), _usage(_tokens(size), Script([]), 0)
        else:
            step = script.steps[number] if number < len(script.steps) else _UNSCRIPTED
            if fault in _REFUSALS:
                await take.wait(0.3)
                return _refusal(*_REFUSALS[fault], headers=self._subscription.headers())
            prefix = len(bytes(asked.system)) + sum(len(bytes(tool)) for tool in asked.tools)
            shared = _tokens(prefix) if (model, prefix) in self._shared else 0
            self._shared.add((model, prefix))
            usage = _usage(_tokens(size), script, max(script.cached_tokens, shared))
        return await (take.stream if asked.stream else take.whole)(request, model, step, usage)


class _Take:
    """One answer, with its random numbers and its pace."""

    def __init__(self, chances: random.Random, speed: float, subscription: Subscription, *, breaks: bool) -> None:
        self._chances = chances
        self._speed = speed
        self._subscription = subscription
        self._breaks = breaks

    async def whole(self, request: web.Request, model: str, step: Step, usage: dict[str, Any]) -> web.StreamResponse:
        """Answer with one JSON document."""
        message, blocks, output = self._prepare(model, step, usage)
        pace = _pace_of(model)
        await self.wait(pace.first_token_s + output / pace.tokens_per_second)
        ending = {"content": blocks, "stop_reason": _stop_reason(step), "usage": usage | {"output_tokens": output}}
        return web.json_response(message | ending, headers=self._headers())

    async def stream(self, request: web.Request, model: str, step: Step, usage: dict[str, Any]) -> web.StreamResponse:
        """Answer with a stream, a few words at a time."""
        message, blocks, output = self._prepare(model, step, usage)
        pace = _pace_of(model)
        response = web.StreamResponse(headers=self._headers() | {"Content-Type": "text/event-stream; charset=utf-8"})
        await self.wait(pace.first_token_s * self._chances.uniform(0.4, 0.8))
        with contextlib.suppress(ConnectionResetError):
            await response.prepare(request)
            await self._write(response, pace, step, message, blocks, output)
        if self._breaks and request.transport is not None:
            request.transport.close()
        return response

    async def _write(
        self,
        response: web.StreamResponse,
        pace: Pace,
        step: Step,
        message: dict[str, Any],
        blocks: list[dict[str, Any]],
        output: int,
    ) -> None:
        await response.write(_event({"type": "message_start", "message": message}) + _event({"type": "ping"}))
        await self.wait(pace.first_token_s * self._chances.uniform(0.2, 0.5))
        pieces = sum(1 for block in blocks for _ in _pieces(block))
        pause = output / pieces / pace.tokens_per_second
        for index, block in enumerate(blocks):
            if self._breaks and index == len(blocks) - 1:
                return
            start = {name: _EMPTY.get(name, value) for name, value in block.items()}
            await response.write(_event({"type": "content_block_start", "index": index, "content_block": start}))
            for delta in _pieces(block):
                await self.wait(pause * self._chances.uniform(0.5, 1.5))
                await response.write(_event({"type": "content_block_delta", "index": index, "delta": delta}))
            await response.write(_event({"type": "content_block_stop", "index": index}))
        ending = {"stop_reason": _stop_reason(step), "stop_sequence": None}
        final = {"type": "message_delta", "delta": ending, "usage": {"output_tokens": output}}
        await response.write(_event(final) + _event({"type": "message_stop"}))
        await response.write_eof()

    async def wait(self, seconds: float) -> None:
        """Wait for some seconds of the demo's time."""
        await asyncio.sleep(seconds / self._speed)

    def _prepare(
        self, model: str, step: Step, usage: dict[str, Any]
    ) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
        message: dict[str, Any] = {
            "id": f"msg_demo{self._number()}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        blocks = list(self._blocks(step))
        output = _tokens(sum(len(msgspec.json.encode(block)) for block in blocks))
        self._subscription.spend(usage, output)
        return message, blocks, output

    def _blocks(self, step: Step) -> Iterator[dict[str, Any]]:
        if step.thinking:
            yield {"type": "thinking", "thinking": step.thinking, "signature": "ZGVtbw=="}
        if step.text:
            yield {"type": "text", "text": step.text}
        for call in step.calls:
            yield {"type": "tool_use", "id": f"toolu_demo{self._number()}", "name": call.tool, "input": call.arguments}

    def _headers(self) -> dict[str, str]:
        return {"request-id": f"req_demo{self._number()}", **self._subscription.headers()}

    def _number(self) -> str:
        return f"{self._chances.getrandbits(64):016x}"


_EMPTY: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}


def _beside(kind: Kind, title: str) -> Step:
    """Return the answer to a request that the client makes outside the conversation."""
    match kind:
        case Kind.TITLE:
            return Step(text=msgspec.json.encode({"title": title or "A session in the demo"}).decode())
        case Kind.COMPACTION:
            return Step(text="<summary>A session with candela's demo, whose provider is simulated.</summary>")
        case _:
            return _UNSCRIPTED


def _stop_reason(step: Step) -> str:
    return "tool_use" if step.calls else "end_turn"


def _pace_of(model: str) -> Pace:
    return next((pace for name, pace in _PACES.items() if model.startswith(name)), _PACE)


def _pieces(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            for piece in _few_words(block["text"]):
                yield {"type": "text_delta", "text": piece}
        case "thinking":
            for piece in _few_words(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            for piece in _few_words(msgspec.json.encode(block["input"]).decode()):
                yield {"type": "input_json_delta", "partial_json": piece}


def _few_words(text: str) -> Iterator[str]:
    words = text.split(" ")
    for at in range(0, len(words), _WORDS_A_DELTA):
        last = at + _WORDS_A_DELTA >= len(words)
        yield " ".join(words[at : at + _WORDS_A_DELTA]) + ("" if last else " ")


def _event(document: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (document["type"].encode(), msgspec.json.encode(document))


def _tokens(characters: int) -> int:
    return max(1, round(characters / _CHARACTERS_A_TOKEN))


def _usage(prompt: int, script: Script, cached: int) -> dict[str, Any]:
    """Return the usage for ``prompt`` tokens of which ``cached`` are in the cache; the rest is written to it."""
    read = min(cached, prompt)
    written = max(0, prompt - read - 6) if script.steps else 0
    script.cached_tokens = read + written
    hour = script.lifetime == "1h"
    return {
        "input_tokens": prompt - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if hour else written,
            "ephemeral_1h_input_tokens": written if hour else 0,
        },
        "output_tokens": 1,
        "service_tier": "standard",
    }


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    headers = {**(headers or {}), "x-should-retry": "true" if status in _RETRIED else "false"}
    if status == 429:
        headers["retry-after"] = "1"
    return web.Response(status=status, body=error_body(status, words), content_type="application/json", headers=headers)


def _models() -> dict[str, Any]:
    names = {"claude-opus-4-8": "Opus 4.8", "claude-sonnet-5": "Sonnet 5", "claude-haiku-4-5-20251001": "Haiku 4.5"}
    data = [
        {"type": "model", "id": name, "display_name": words, "created_at": "2026-01-01T00:00:00Z"}
        for name, words in names.items()
    ]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
