"""Transcripts as Claude Code writes them, line by line, without a client."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from candela_tui.analysis.repricing import Repricing
from candela_tui.config import Settings
from candela_tui.imports.importing import ImportResult, find_sources
from candela_tui.imports.store_import import import_into_store
from candela_tui.pricing import Pricer
from candela_tui.store.reader import StoreReader

SESSION, FORK = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PRICER = Pricer(Settings().pricing)
USAGE: dict[str, Any] = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 3072,
    "cache_read_input_tokens": 4096,
    "output_tokens": 15,
    "cache_creation": {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": 2048},
}
"""Costs 0.029363 USD on claude-opus-4-8, as the real client computes it."""


def canonical(document: Any) -> str:
    """JSON as the client hashes it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(document: Any) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()


class Transcript:
    """The lines of one file; each is a second after the one before it."""

    def __init__(self, session_id: str = SESSION, *, began: datetime = BEGAN, agent_id: str | None = None) -> None:
        self.session_id = session_id
        self.agent_id = agent_id
        self.lines: list[dict[str, Any]] = []
        self._now = began
        self._parent: str | None = None

    def add(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Add a line of any type."""
        self._now += timedelta(seconds=1)
        line = {"type": kind, "sessionId": self.session_id, "timestamp": self._now.isoformat().replace("+00:00", "Z")}
        if self.agent_id is not None:
            line["agentId"] = self.agent_id
        self.lines.append({**line, **fields})
        return self.lines[-1]

    def said(self, kind: str, message: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Add a line of the conversation."""
        own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.session_id} {self.agent_id} {len(self.lines)}"))
        about = {"cwd": "/home/u/reef", "gitBranch": "trunk", "version": "2.1.332", "isSidechain": bool(self.agent_id)}
        line = self.add(kind, message=message, uuid=own, parentUuid=self._parent, **about, **fields)
        self._parent = own
        return line

    def user(self, content: Any, **fields: Any) -> dict[str, Any]:
        return self.said("user", {"role": "user", "content": content}, **fields)

    def assistant(
        self,
        message_id: str,
        *blocks: dict[str, Any],
        usage: dict[str, Any] | None = None,
        stop_reason: str | None = "end_turn",
        model: str = "claude-opus-4-8",
        **fields: Any,
    ) -> None:
        """Add the lines of an answer, one a block."""
        for block in blocks or ({"type": "text", "text": "Hi."},):
            message = {
                "id": message_id,
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [block],
                "stop_reason": stop_reason,
                "usage": USAGE if usage is None else usage,
            }
            self.said("assistant", message, **{"requestId": f"req_{message_id}", **fields})

    def request(
        self,
        request_id: str,
        messages: Sequence[dict[str, Any]],
        *,
        shape: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        breakpoints: Sequence[tuple[list[Any], dict[str, Any]]] = (),
        base: str | None = None,
        keep: int = 0,
        blobs: bool = True,
    ) -> None:
        """Add the lines with which the client keeps a whole request."""
        shape = {"system": [{"type": "text", "text": "Be kind."}], "tools": []} if shape is None else shape
        params = {"model": "claude-opus-4-8", "max_tokens": 64, "betas": ["a-beta"]} if params is None else params
        self.add("api-request-shape", shapeHash=sha256(shape), shape=shape)
        for message in messages[keep:] if blobs else ():
            self.add("api-request-blob", hash=sha256(message), message=message)
        body = json.loads(json.dumps({**params, **shape, "messages": list(messages)}))
        for path, value in breakpoints:
            marked = body
            for step in path:
                marked = marked[step]
            marked["cache_control"] = value
        self.add(
            "api-request",
            id=request_id,
            shapeHash=sha256(shape),
            params=params,
            keep=keep,
            tail=[sha256(message) for message in messages[keep:]],
            cacheControl=[{"path": path, "value": value} for path, value in breakpoints],
            requestDigest=sha256(body),
            **({"base": base} if base else {}),
        )

    def write(self, projects: Path) -> Path:
        """Write the file to where the client has it."""
        folder = projects / "-home-u-reef"
        file = folder / f"{self.session_id}.jsonl"
        if self.agent_id is not None:
            file = folder / self.session_id / "subagents" / f"agent-{self.agent_id}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in self.lines), encoding="utf-8")
        return file


def imported(store: Path, *paths: Path, now: datetime | None = None, **options: Any) -> ImportResult:
    """Import files, and fail if the store has a problem."""
    problems: list[str] = []
    moment = now or BEGAN + timedelta(days=1)
    result = import_into_store(store, find_sources(paths), PRICER, now=moment, on_problem=problems.append, **options)
    assert not problems
    # What is recorded must suffice to calculate the cost again.
    recorded = [each for each in StoreReader(store).exchanges() if each.imported]
    assert [each for each in recorded if Repricing().check(each, PRICER) is not None] == []
    return result
