"""Create a store with a history: many small requests in many sessions, and one large conversation.

``python benchmarks/history.py FILE REQUESTS`` creates one with the candela of that Python.
"""

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, insert, literal, null, select

from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import RouteName
from candela_tui.store.database import connect_to_write
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges
from candela_tui.store.units import stored_time
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import utc_now

_SESSIONS = 400
_PROJECTS = 20
_SECOND = timedelta(seconds=1)
LARGE_TITLE = "the large conversation"
LARGE_WORDS = "row.key in wanted"
"""Words of the large conversation that only its own screen shows."""


def fill(path: Path, requests: int, *, sessions: int = _SESSIONS, apart: timedelta = _SECOND) -> None:
    """Put this many requests into a new store, the newest a few seconds old, and the large one last."""
    fill_small(path, requests, sessions=sessions, apart=apart)
    at = utc_now() - timedelta(seconds=5)
    store(path, request_of(at, 0), large_body(), [b"{}"])


def fill_small(path: Path, requests: int, *, sessions: int, apart: timedelta) -> None:
    """Put this many requests without bodies into a new store, ``apart`` from each other, the newest a minute old.

    The database makes the rows itself, which takes seconds for 100,000; the writer would take minutes.
    """
    connection = connect_to_write(path)
    bring_up_to_date(connection, path)
    with connection.begin():
        _add_small(connection, requests, sessions, apart)
    connection.close()


def store(path: Path, exchange: Exchange, body: bytes, chunks: list[bytes]) -> None:
    """Put one request with its bodies into a store, as the proxy does."""
    problems: list[str] = []
    writer = StoreWriter(path, on_problem=problems.append, on_stored=lambda _: None)
    writer.start()
    writer.begin(replace(exchange, request_bytes=len(body)), body)
    writer.end(replace(exchange, request_bytes=len(body)), chunks, [640.0 + number for number in range(len(chunks))])
    writer.close(600)
    if problems:
        raise SystemExit("\n".join(problems))


def _add_small(connection: Connection, requests: int, sessions: int, apart: timedelta) -> None:
    begun = utc_now() - requests * apart - timedelta(seconds=60)
    alike = row_of(_small(begun), None, response_dropped=False)
    numbers = select(literal(0).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < requests - 1))
    number = numbers.c.number
    at = stored_time(begun) + number * (apart // timedelta(microseconds=1))
    session = number * sessions // requests
    opens_session = (number == 0) | (session != (number - 1) * sessions // requests)
    task = func.printf("task %d of the project", session)
    various: dict[str, ColumnElement[Any]] = {
        "id": func.printf("%017.3f-%06d", at / 1e6, number),
        "started_at_us": at,
        "session_id": func.printf("00000000-0000-0000-0000-%012d", session),
        "agent_id": case((number % 5 == 4, func.printf("agent-%d", session)), else_=null()),
        "cache_read_tokens": 96_000 + number % 1000,
        "request_id": func.printf("req_011CQ%019d", number),
        "asked": func.printf("%032x", number),
        "prompt_id": func.printf("00000000-0000-4000-8000-%012d", number // 8),
        # As capture records it: the session's facts once, the context window each time.
        "clues": case(
            (opens_session, func.json_array(task, func.printf("/src/project-%d", session % _PROJECTS), "main", null())),
            else_=alike["clues"],
        ),
    }
    values = [various.get(name, literal(value, exchanges.c[name].type)) for name, value in alike.items()]
    connection.execute(insert(exchanges).from_select(list(alike), select(*values)))


def _small(at: datetime) -> Exchange:
    """Return what the small requests have in common."""
    return Exchange(
        id="",
        started_at=at,
        method="POST",
        path="/v1/messages?beta=true",
        route=RouteName.DIRECT,
        url="https://api.anthropic.com/v1/messages",
        kind=Kind.MESSAGES,
        model="claude-opus-4-8",
        model_used="claude-opus-4-8",
        streamed=True,
        status=200,
        outcome=Outcome.OK,
        stop_reason="end_turn",
        usage=Usage(12, 96_000, 1200, 0, 214),
        cost=Cost(Decimal("0.00006"), Decimal("0.048"), Decimal("0.0075"), Decimal("0.00535"), Decimal(0)),
        saved=Decimal("0.43"),
        marks=Marks(0.4, 640.0, 812.0, 4312.0),
        request_bytes=2,
        client="claude-cli/2.1.332",
        cache_ttls=("5m",),
        tools_called=("Read",),
        clues=SessionClues(model="claude-opus-4-8[1m]"),
    )


def request_of(at: datetime, number: int, *, session_id: str | None = "large") -> Exchange:
    """Return a request that ended well, of the large conversation or of another session."""
    return Exchange(
        id=f"{at.timestamp():017.3f}-{number:06}",
        started_at=at,
        method="POST",
        path="/v1/messages?beta=true",
        route=RouteName.DIRECT,
        kind=Kind.MESSAGES,
        session_id=session_id,
        model="claude-opus-4-8",
        streamed=True,
        status=200,
        outcome=Outcome.OK,
        marks=Marks(0.4, 640.0, 812.0, 4312.0),
        clues=SessionClues(LARGE_TITLE, "/src/large", "main"),
    )


def large_body(messages: int = 2000, kilobytes: int = 10_000) -> bytes:
    """Return a conversation of this many messages and about this many kB: prompts, tool calls and long results."""
    share = kilobytes * 1000 * 2 // messages
    line = f"    return [row for row in rows if {LARGE_WORDS}]  # é 中 \\u2026 a line as code has it\n"
    result = line * (share // len(line.encode()))
    turns = []
    for number in range(messages // 2):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Read", "input": {"file_path": f"/src/{number}"}}
        turns.append({"role": "assistant", "content": [{"type": "text", "text": f"Reading {number}."}, call]})
        answer = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": result}
        turns.append({"role": "user", "content": [answer]})
    document = {"model": "claude-opus-4-8", "stream": True, "messages": [{"role": "user", "content": "go"}, *turns]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
