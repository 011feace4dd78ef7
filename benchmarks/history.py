"""A store with a history: many small requests in many sessions, and one large conversation."""

import json
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from candela_tui.exchange import Cost, Exchange, Marks, Outcome, utc_now
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.session_clues import SessionClues
from candela_tui.protocol.usage import Usage
from candela_tui.store.writer import StoreWriter

_SESSIONS = 400
_AT_ONCE = 2000
LARGE_TITLE = "the large conversation"


def fill(path: Path, requests: int) -> None:
    """Put so many requests into a new store, the newest a few seconds old, and the large one last."""
    told: list[str] = []
    writer = StoreWriter(path, on_problem=told.append, on_stored=lambda _: None)
    writer.start()
    begun = utc_now() - timedelta(seconds=requests + 60)
    for number in range(requests):
        at = begun + timedelta(seconds=number)
        session = number * _SESSIONS // requests
        exchange = Exchange(
            id=f"{at.timestamp():017.3f}-{number:06}",
            started_at=at,
            method="POST",
            path="/v1/messages?beta=true",
            route="anthropic-direct",
            url="https://api.anthropic.com/v1/messages",
            kind=Kind.MESSAGES,
            session_id=f"00000000-0000-0000-0000-{session:012}",
            agent_id=f"agent-{session}" if number % 5 == 4 else None,
            model="claude-opus-4-8",
            model_used="claude-opus-4-8",
            streamed=True,
            status=200,
            outcome=Outcome.OK,
            stop_reason="end_turn",
            usage=Usage(12, 96_000 + number % 1000, 1200, 0, 214),
            cost=Cost(Decimal("0.00006"), Decimal("0.048"), Decimal("0.0075"), Decimal("0.00535"), Decimal(0)),
            marks=Marks(0.4, 640.0, 812.0, 4312.0),
            request_bytes=2,
            clues=SessionClues(f"task {session} of the project", f"/src/project-{session % 20}", "main"),
        )
        writer.begin(exchange, b"{}")
        writer.end(exchange, [b"{}"], [640.0])
        if number % _AT_ONCE == 0:
            _wait(writer, number - _AT_ONCE)
    _store_large(writer)
    writer.close(600)
    if told:
        raise SystemExit("\n".join(told))


def _wait(writer: StoreWriter, stored: int) -> None:
    while writer.stored < stored:
        time.sleep(0.02)


def _store_large(writer: StoreWriter) -> None:
    body = large_body()
    at = utc_now() - timedelta(seconds=5)
    exchange = Exchange(
        id=f"{at.timestamp():017.3f}-large",
        started_at=at,
        method="POST",
        path="/v1/messages?beta=true",
        route="anthropic-direct",
        kind=Kind.MESSAGES,
        session_id="large",
        model="claude-opus-4-8",
        streamed=True,
        status=200,
        outcome=Outcome.OK,
        marks=Marks(0.4, 640.0, 812.0, 4312.0),
        request_bytes=len(body),
        clues=SessionClues(LARGE_TITLE, "/src/large", "main"),
    )
    writer.begin(exchange, body)
    writer.end(exchange, [b"{}"], [640.0])


def large_body(messages: int = 2000, kilobytes: int = 10_000) -> bytes:
    """A conversation of so many messages and about so many kB: prompts, tool calls and long results."""
    share = kilobytes * 1000 * 2 // messages
    line = "    return [row for row in rows if row.key in wanted]  # é 中 \\u2026 a line as code has it\n"
    result = line * (share // len(line.encode()))
    turns = []
    for number in range(messages // 2):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Read", "input": {"file_path": f"/src/{number}"}}
        turns.append({"role": "assistant", "content": [{"type": "text", "text": f"Reading {number}."}, call]})
        answer = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": result}
        turns.append({"role": "user", "content": [answer]})
    document = {"model": "claude-opus-4-8", "stream": True, "messages": [{"role": "user", "content": "go"}, *turns]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
