"""Traffic as a proxy records it, made up: sessions that grow to a megabyte a turn, or the soak's mix.

Every number is drawn from a seed, so that two runs store the same.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise

from benchmarks.soak.load import big_body
from benchmarks.soak.load import body as soak_body
from benchmarks.stream import MESSAGE
from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import RouteName

BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_TURNS = 150
"""Requests of a growing session."""
_FULL_TURN = 1_000_000
"""Bytes of its last request."""
_PACE_MS = 30
_READ_AGAIN = 0.25
"""The share of a client's reads that are of a file that it has read before."""
_LARGE_DELTA = "lorem ipsum dolor sit. " * (64 * 1024 // 23)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One exchange that ended, with its bodies."""

    exchange: Exchange
    request: bytes
    chunks: list[bytes]
    times: list[float]

    @property
    def size(self) -> int:
        """The bytes that crossed: both bodies and the header fields."""
        fields = (*(self.exchange.request_headers or ()), *(self.exchange.response_headers or ()))
        head = sum(len(name) + len(value) + 4 for name, value in fields)
        return head + len(self.request) + sum(map(len, self.chunks))


def growing(requests: int) -> Iterator[Crossing]:
    """Yield sessions one after the other, each of whose requests has the whole conversation so far."""
    rand = random.Random(1)
    for number in range(requests):
        turn = number % _TURNS
        if turn == 0:
            session = _Session(rand, number)
            messages = [session.prompt()]
            size = 0
        while size < (turn + 1) * _FULL_TURN // _TURNS:
            added = session.tool_call()
            messages += added
            size += sum(map(len, added))
        body = b'{"model":"claude-opus-4-8","max_tokens":32000,"stream":true,"system":%b,"messages":[%b]}' % (
            session.system,
            b",".join(messages),
        )
        yield _crossing(rand, number, session, turn, body, _answer(rand, _text(rand, rand.randrange(60, 900))))


def mixed(requests: int) -> Iterator[Crossing]:
    """Yield requests as the soak sends them: streams, small ones, faults, and large bodies and answers."""
    rand = random.Random(2)
    sessions = [_Session(rand, number) for number in range(5)]
    begun: set[str] = set()
    large = big_body(10)
    for number in range(requests):
        drawn = rand.random()
        body = soak_body(2, f"request {number}")
        answer = _answer(rand, _soak_text(number, 20))
        if drawn < 0.31:
            body = soak_body(90, f"stream {number}")
            answer = _answer(rand, _soak_text(number, rand.randrange(170, 1000)))
        elif drawn < 0.44:
            answer = [b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}']
        elif drawn < 0.449:
            body = large
        elif drawn < 0.458:
            answer = _answer(rand, [_LARGE_DELTA + each for each in _soak_text(number, 160)])
        session = rand.choice(sessions)
        yield _crossing(rand, number, session, 0 if session.id not in begun else 1, body, answer)
        begun.add(session.id)


SHAPES = {"growing": growing, "mixed": mixed}


class _Session:
    def __init__(self, rand: random.Random, number: int) -> None:
        self._rand = rand
        self.id = _uuid(rand)
        self.project = f"/home/user/src/project-{number % 20}"
        self.title = " ".join(_text(rand, 5))
        self.prompt_id = _uuid(rand)
        self._files: dict[str, list[str]] = {}
        self.system = json.dumps([{"type": "text", "text": " ".join(_text(rand, 2500))}]).encode()

    def prompt(self) -> bytes:
        """Return the user's first message."""
        return json.dumps({"role": "user", "content": self.title + " " + " ".join(_text(self._rand, 60))}).encode()

    def tool_call(self) -> list[bytes]:
        """Return a tool's call and its result: the lines of a file, which was mostly not read before."""
        rand = self._rand
        tool_id = "toolu_01" + _letters(rand, 22)
        known = rand.random() < _READ_AGAIN and self._files
        path = rand.choice(list(self._files)) if known else f"{self.project}/{'_'.join(_text(rand, 2))}.py"
        if path not in self._files:
            self._files[path] = [" ".join(_text(rand, 8)) for _ in range(rand.randrange(20, 160))]
        call = {"type": "tool_use", "id": tool_id, "name": "Read", "input": {"file_path": path}}
        said = [{"type": "text", "text": " ".join(_text(rand, rand.randrange(5, 40)))}, call]
        lines = "\n".join(f"{number:5}\u2192    {line}" for number, line in enumerate(self._files[path], 1))
        result = [{"type": "tool_result", "tool_use_id": tool_id, "content": lines}]
        turns = ({"role": "assistant", "content": said}, {"role": "user", "content": result})
        return [json.dumps(turn, ensure_ascii=False, separators=(",", ":")).encode() for turn in turns]


def _crossing(
    rand: random.Random, number: int, session: _Session, turn: int, body: bytes, chunks: list[bytes]
) -> Crossing:
    at = BEGUN + timedelta(seconds=number * 20)
    failed = len(chunks) == 1
    first = rand.uniform(400, 2500)
    times, now = [], first
    for _ in chunks:
        times.append(now)
        now += rand.expovariate(1 / _PACE_MS)
    output = sum(map(len, chunks)) // 40
    usage = None if failed else Usage(rand.randrange(3, 200), len(body) // 4, rand.randrange(300, 3000), 0, output)
    exchange = Exchange(
        id=f"{at.timestamp():017.3f}-{number:06}",
        started_at=at,
        method="POST",
        path="/v1/messages?beta=true",
        route=RouteName.DIRECT,
        url="https://api.anthropic.com/v1/messages",
        kind=Kind.MESSAGES,
        session_id=session.id,
        model="claude-opus-4-8",
        model_used=None if failed else "claude-opus-4-8",
        streamed=True,
        status=529 if failed else 200,
        outcome=Outcome.ERROR if failed else Outcome.OK,
        stop_reason=None if failed else "tool_use",
        error=ApiError("overloaded_error", "Overloaded") if failed else None,
        usage=usage,
        cost=None if failed else Cost(_usd(rand), _usd(rand), _usd(rand), _usd(rand), Decimal(0)),
        saved=None if failed else _usd(rand),
        marks=Marks(round(rand.uniform(0.1, 30), 3), round(first, 3), round(first + 90, 3), round(now, 3)),
        request_bytes=len(body),
        response_bytes=sum(map(len, chunks)),
        client="claude-cli/2.1.332",
        prompt_id=session.prompt_id,
        request_id=f"req_011CQ{_letters(rand, 19)}",
        asked=f"{rand.getrandbits(128):032x}",
        cache_ttls=("5m",),
        tools_called=("Read",),
        betas=tuple(_BETAS.split(",")),
        clues=SessionClues(session.title, session.project, "main") if turn == 0 else None,
    )
    return Crossing(
        replace(
            exchange, request_headers=_request_headers(session, body), response_headers=_response_headers(rand, at)
        ),
        body,
        chunks,
        times,
    )


def _answer(rand: random.Random, text: list[str], words: int = 4) -> list[bytes]:
    """Return a stream's chunks: mostly an event each, as the provider flushes them. A delta has so many words."""
    message = {**MESSAGE, "id": "msg_01" + _letters(rand, 22)}
    opening = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    chunks = [_event({"type": "message_start", "message": message}) + _event(opening)]
    held = b""
    for begin, end in pairwise([*range(0, len(text), words), len(text)]):
        delta = {"type": "text_delta", "text": " ".join(text[begin:end]) + " "}
        held += _event({"type": "content_block_delta", "index": 0, "delta": delta})
        if rand.random() < 0.9:
            chunks.append(held)
            held = b""
    ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
    usage = {"usage": {"output_tokens": len(text)}}
    stop = _event({"type": "content_block_stop", "index": 0})
    return [*chunks, held + stop + _event({**ending, **usage}) + _event({"type": "message_stop"})]


def _event(document: dict[str, object]) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document, separators=(',', ':'))}\n\n".encode()


@cache
def _vocabulary() -> tuple[str, ...]:
    rand = random.Random(0)
    syllables = [
        first + vowel + last for first in "bcdfgklmnprstvw" for vowel in "aeiou" for last in ("", "n", "r", "s")
    ]
    return tuple("".join(rand.choices(syllables, k=rand.randrange(1, 4))) for _ in range(8000))


@cache
def _weights() -> tuple[float, ...]:
    weight, summed = 0.0, []
    for rank in range(len(_vocabulary())):
        weight += 1 / (rank + 3)
        summed.append(weight)
    return tuple(summed)


def _text(rand: random.Random, words: int) -> list[str]:
    """Return words as often as a language has them, by Zipf's law."""
    return rand.choices(_vocabulary(), cum_weights=_weights(), k=words)


def _soak_text(number: int, events: int) -> list[str]:
    """Return what the soak's provider sends: each delta has the nanosecond at which it was sent."""
    at = 10**15 + number * 270_000_000
    rand = random.Random(number)
    return [f"words @{at + event * 30_000_000 + rand.randrange(2_000_000):020d};" for event in range(events)]


def _letters(rand: random.Random, count: int) -> str:
    return "".join(rand.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789", k=count))


def _usd(rand: random.Random) -> Decimal:
    return Decimal(rand.randrange(1, 10**9)).scaleb(-9)


def _uuid(rand: random.Random) -> str:
    digits = f"{rand.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


_BETAS = (
    "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "fine-grained-tool-streaming-2025-05-14,effort-2025-11-24"
)


def _request_headers(session: _Session, body: bytes) -> Headers:
    return (
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("User-Agent", "claude-cli/2.1.332 (external, cli)"),
        ("X-Claude-Code-Session-Id", session.id),
        ("X-Stainless-Arch", "x64"),
        ("X-Stainless-Lang", "js"),
        ("X-Stainless-OS", "Linux"),
        ("X-Stainless-Package-Version", "0.94.0"),
        ("X-Stainless-Retry-Count", "0"),
        ("X-Stainless-Runtime", "node"),
        ("X-Stainless-Runtime-Version", "v24.3.0"),
        ("X-Stainless-Timeout", "600"),
        ("anthropic-beta", _BETAS),
        ("anthropic-dangerous-direct-browser-access", "true"),
        ("anthropic-version", "2023-06-01"),
        ("authorization", "Bearer [redacted]"),
        ("x-app", "cli"),
        ("Connection", "keep-alive"),
        ("Host", "127.0.0.1:8181"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Content-Length", str(len(body))),
    )


def _response_headers(rand: random.Random, at: datetime) -> Headers:
    reset = int(at.timestamp()) // 18_000 * 18_000 + 18_000
    return (
        ("Date", f"{at:%a, %d %b %Y %H:%M:%S GMT}"),
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"),
        ("Cache-Control", "no-cache"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-reset", str(reset)),
        ("anthropic-ratelimit-unified-5h-utilization", f"{rand.random():.2f}"),
        ("anthropic-ratelimit-unified-7d-status", "allowed"),
        ("anthropic-ratelimit-unified-7d-reset", str(reset + 300_000)),
        ("anthropic-ratelimit-unified-7d-utilization", f"{rand.random():.2f}"),
        ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
        ("anthropic-ratelimit-unified-fallback-percentage", "0.5"),
        ("anthropic-ratelimit-unified-reset", str(reset)),
        ("anthropic-ratelimit-unified-overage-disabled-reason", "org_level_disabled"),
        ("anthropic-ratelimit-unified-overage-status", "rejected"),
        ("request-id", f"req_011CQ{_letters(rand, 19)}"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("anthropic-organization-id", "5a1f3c1e-6c4e-4f0e-9b51-2f0f6d1a7c11"),
        ("server", "cloudflare"),
        ("x-envoy-upstream-service-time", str(rand.randrange(300, 9000))),
        ("cf-cache-status", "DYNAMIC"),
        ("X-Robots-Tag", "none"),
        ("CF-RAY", f"{rand.getrandbits(64):016x}-FRA"),
    )
