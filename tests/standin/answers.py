"""Scripted answers: Messages streams, whole documents, errors, garbage."""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.standin.steps import Break, Gate, Hold, Raw, Step

DEFAULT_MODEL = "claude-opus-4-8"
DEFAULT_USAGE: dict[str, Any] = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 3072,
    "cache_read_input_tokens": 4096,
    "output_tokens": 1,
    "cache_creation": {"ephemeral_5m_input_tokens": 1024, "ephemeral_1h_input_tokens": 2048},
}
"""With 15 output tokens on claude-opus-4-8 this costs 0.029363 USD, as the real client computes it."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider does with one request.

    ``status`` None sends no head at all and no framing: use ``Raw`` steps for bytes that are not HTTP.
    ``encoding`` (gzip, deflate, br, zstd) compresses each bytes step and flushes it, and sets Content-Encoding.
    ``framing`` "close" ends the body by closing the connection; "length" joins the length of the bytes steps into
    Content-Length, unless ``declared_length`` promises another one.
    """

    steps: Sequence[Step] = ()
    status: int | None = 200
    headers: tuple[tuple[str, str], ...] = ()
    framing: Literal["chunked", "length", "close"] = "chunked"
    declared_length: int | None = None
    encoding: str = ""
    before_head: Sequence[Hold] = ()
    """Gates or breaks before the status line goes out."""

    def but(self, **changes: Any) -> "Answer":
        """The same answer with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Block:
    """A content block: how it starts, its deltas, with gates and breaks between them."""

    start: dict[str, Any]
    deltas: list[dict[str, Any] | Hold] = field(default_factory=list)
    whole: dict[str, Any] = field(default_factory=dict)


def text(*pieces: str | Hold) -> Block:
    """A text block; each piece is one delta."""
    deltas: list[dict[str, Any] | Hold] = [
        {"type": "text_delta", "text": piece} if isinstance(piece, str) else piece for piece in pieces
    ]
    return Block({"type": "text", "text": ""}, deltas, {"type": "text", "text": _joined(pieces)})


def thinking(*pieces: str | Hold, signature: str = "c2lnbmF0dXJl") -> Block:
    """A thinking block, signed at its end."""
    deltas: list[dict[str, Any] | Hold] = [
        {"type": "thinking_delta", "thinking": piece} if isinstance(piece, str) else piece for piece in pieces
    ]
    deltas.append({"type": "signature_delta", "signature": signature})
    whole = {"type": "thinking", "thinking": _joined(pieces), "signature": signature}
    return Block({"type": "thinking", "thinking": "", "signature": ""}, deltas, whole)


def tool_use(name: str, arguments: dict[str, Any], *, id: str | None = None, piece: int = 20) -> Block:
    """A tool call, its input as JSON in deltas of ``piece`` characters."""
    call = {"type": "tool_use", "id": id or f"toolu_{next(_numbers):06d}", "name": name}
    wire = json.dumps(arguments)
    deltas: list[dict[str, Any] | Hold] = [
        {"type": "input_json_delta", "partial_json": wire[at : at + piece]} for at in range(0, len(wire), piece)
    ]
    return Block({**call, "input": {}}, deltas, {**call, "input": arguments})


def _joined(pieces: Iterable[str | Hold]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def usage(
    input: int = 0, output: int = 1, read: int = 0, write_5m: int = 0, write_1h: int = 0, **more: Any
) -> dict[str, Any]:
    """A usage object as ``message_start`` has it; ``more`` are further fields (service_tier, speed, …)."""
    return {
        "input_tokens": input,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
        **more,
    }


def event(name: str, document: dict[str, Any], newline: str = "\n") -> bytes:
    """One server-sent event."""
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}{newline}data: {data}{newline}{newline}".encode()


def message_events(
    *blocks: Block,
    model: str = DEFAULT_MODEL,
    usage: dict[str, Any] | None = None,
    output_tokens: int = 15,
    final_usage: dict[str, Any] | None = None,
    stop_reason: str | None = None,
    newline: str = "\n",
    ping: bool = True,
) -> list[Step]:
    """The steps of a streamed answer: one event each, with the gates and breaks of the blocks in their places.

    ``usage`` is that of ``message_start``; ``final_usage`` (default: just ``output_tokens``) that of
    ``message_delta``.
    """
    started = {
        "id": f"msg_{next(_numbers):06d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": DEFAULT_USAGE if usage is None else usage,
    }
    steps: list[Step] = [event("message_start", {"type": "message_start", "message": started}, newline)]
    if ping:
        steps.append(event("ping", {"type": "ping"}, newline))
    for index, block in enumerate(blocks):
        opening = {"type": "content_block_start", "index": index, "content_block": block.start}
        steps.append(event("content_block_start", opening, newline))
        for delta in block.deltas:
            if isinstance(delta, dict):
                document = {"type": "content_block_delta", "index": index, "delta": delta}
                steps.append(event("content_block_delta", document, newline))
            else:
                steps.append(delta)
        steps.append(event("content_block_stop", {"type": "content_block_stop", "index": index}, newline))
    ending = {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason or _stop_reason(blocks), "stop_sequence": None},
        "usage": {"output_tokens": output_tokens} if final_usage is None else final_usage,
    }
    steps.append(event("message_delta", ending, newline))
    steps.append(event("message_stop", {"type": "message_stop"}, newline))
    return steps


def _stop_reason(blocks: Sequence[Block]) -> str:
    return "tool_use" if any(block.start["type"] == "tool_use" for block in blocks) else "end_turn"


def message(*blocks: Block, headers: Sequence[tuple[str, str]] = (), encoding: str = "", **more: Any) -> Answer:
    """A streamed Messages answer; ``more`` goes to ``message_events``."""
    return Answer(
        message_events(*blocks, **more),
        headers=(
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-cache"),
            *_with_request_id(headers),
        ),
        encoding=encoding,
    )


def whole_message(
    *blocks: Block,
    model: str = DEFAULT_MODEL,
    usage: dict[str, Any] | None = None,
    output_tokens: int = 15,
    stop_reason: str | None = None,
    encoding: str = "",
) -> Answer:
    """A Messages answer that is not streamed."""
    document = {
        "id": f"msg_{next(_numbers):06d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [block.whole for block in blocks],
        "stop_reason": stop_reason or _stop_reason(blocks),
        "stop_sequence": None,
        "usage": {**(DEFAULT_USAGE if usage is None else usage), "output_tokens": output_tokens},
    }
    return json_answer(document, encoding=encoding)


def json_answer(
    document: Any, status: int = 200, headers: Sequence[tuple[str, str]] = (), encoding: str = ""
) -> Answer:
    """A JSON document with its Content-Length."""
    return Answer(
        [json.dumps(document).encode()],
        status=status,
        headers=(("Content-Type", "application/json"), *_with_request_id(headers)),
        framing="length",
        encoding=encoding,
    )


def _with_request_id(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    if any(name.lower() == "request-id" for name, _ in headers):
        return list(headers)
    return [("request-id", f"req_{next(_numbers):06d}"), *headers]


_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def error(status: int, words: str, *, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """An error in the Messages form, such as ``error(429, "slow down", headers=[("retry-after", "1")])``."""
    kind = _ERROR_TYPES.get(status, "api_error")
    return json_answer({"type": "error", "error": {"type": kind, "message": words}}, status, headers)


def error_event(kind: str, words: str) -> bytes:
    """A step: an ``error`` event inside a stream whose status was 200."""
    return event("error", {"type": "error", "error": {"type": kind, "message": words}})


def rechunk(steps: Iterable[Step], size: int) -> list[Step]:
    """The same script with its bytes cut into chunks of ``size``, across events and UTF-8 characters.

    Gates and breaks stay where they are: what is before them is not joined with what is after.
    """
    result: list[Step] = []
    run = b""
    for step in [*steps, Raw(b"")]:
        if isinstance(step, bytes):
            run += step
            continue
        result += [run[at : at + size] for at in range(0, len(run), size)]
        run = b""
        if isinstance(step, Gate | Break) or step.data:
            result.append(step)
    return result
