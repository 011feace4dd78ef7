"""Create a store with a history: many small requests in many sessions, and one large conversation."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from sqlalchemy import insert

from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import RouteName
from candela_tui.store.database import connect_to_write
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import utc_now

_SESSIONS = 400
_AT_ONCE = 5000
LARGE_TITLE = "the large conversation"


def fill(path: Path, requests: int) -> None:
    """Put this many requests into a new store, the newest a few seconds old, and the large one last.

    The small ones are rows without bodies, written directly: the writer would take minutes for 100,000.
    """
    connection = connect_to_write(path)
    bring_up_to_date(connection, path)
    rows = (row_of(exchange, None, response_dropped=False) for exchange in _small(requests))
    while some := list(islice(rows, _AT_ONCE)):
        with connection.begin():
            connection.execute(insert(exchanges), some)
    connection.close()
    problems: list[str] = []
    writer = StoreWriter(path, on_problem=problems.append, on_stored=lambda _: None)
    writer.start()
    _store_large(writer)
    writer.close(600)
    if problems:
        raise SystemExit("\n".join(problems))


def _small(requests: int) -> Iterator[Exchange]:
    begun = utc_now() - timedelta(seconds=requests + 60)
    for number in range(requests):
        at = begun + timedelta(seconds=number)
        session = number * _SESSIONS // requests
        yield Exchange(
            id=f"{at.timestamp():017.3f}-{number:06}",
            started_at=at,
            method="POST",
            path="/v1/messages?beta=true",
            route=RouteName.DIRECT,
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
            saved=Decimal("0.43"),
            marks=Marks(0.4, 640.0, 812.0, 4312.0),
            request_bytes=2,
            request_id=f"req_011CQ{number:019}",
            client="claude-cli/2.1.332",
            asked=f"{number:032x}",
            prompt_id=f"00000000-0000-4000-8000-{number // 8:012}",
            cache_ttls=("5m",),
            tools_called=("Read",),
            # As capture records it: the session's facts once, the context window each time.
            clues=SessionClues(f"task {session} of the project", f"/src/project-{session % 20}", "main")
            if session != (number - 1) * _SESSIONS // requests
            else SessionClues(model="claude-opus-4-8[1m]"),
        )


def _store_large(writer: StoreWriter) -> None:
    body = large_body()
    at = utc_now() - timedelta(seconds=5)
    exchange = Exchange(
        id=f"{at.timestamp():017.3f}-large",
        started_at=at,
        method="POST",
        path="/v1/messages?beta=true",
        route=RouteName.DIRECT,
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
    """Return a conversation of this many messages and about this many kB: prompts, tool calls and long results."""
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
