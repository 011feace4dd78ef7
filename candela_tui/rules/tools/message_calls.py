"""The calls in an answer of the Messages API."""

from collections.abc import Callable
from typing import Any

import msgspec

from candela_tui.claude_code.permissions.patterns import ToolCall
from candela_tui.protocol.held_call import REFUSED
from candela_tui.protocol.raw_json import decode_like_javascript
from candela_tui.rules.tools.held_calls import HeldCall, Verdicts, stand_in
from candela_tui.rules.tools.judge import Judgement
from candela_tui.rules.tools.pieces import JUDGED

_CALLS = "tool_use"


class _Event(msgspec.Struct):
    type: str = ""
    index: int = -1


_EVENT = msgspec.json.Decoder(_Event)
_LOOKED_AT = frozenset(name.decode() for name in JUDGED)


class MessageCalls:
    """Judges the calls in one answer. ``framed`` returns an event of a name and its JSON in the stream's form."""

    mark = _CALLS.encode()
    judged = frozenset({b"", *JUDGED})

    def __init__(self, verdicts: Verdicts, framed: Callable[[str, bytes], bytes]) -> None:
        self._verdicts = verdicts
        self._framed = framed
        self._held: dict[int, HeldCall] = {}
        self._left_out = False
        self._passed = False
        """Whether the client got a call."""

    @property
    def holds(self) -> bool:
        """Whether a call is held back."""
        return bool(self._held)

    def event(self, piece: bytes, data: bytes) -> bytes:
        """Take the next event, and return what the client gets now."""
        head = _head_of(data)
        if head is None:
            return piece
        held = self._held.get(head.index)
        if held is None and head.type not in _LOOKED_AT:
            return piece
        document = decode_like_javascript(data)
        if not isinstance(document, dict):
            return piece
        if held is not None and head.type != "message_delta":
            return self._more(head, held, piece, document)
        if head.type == "content_block_start":
            return self._begun(head.index, piece, document.get("content_block"))
        return self._ended(piece, document)

    def _begun(self, index: int, piece: bytes, block: Any) -> bytes:
        if not isinstance(block, dict) or block.get("type") != _CALLS:
            return piece
        if not self._verdicts.concerns(block.get("name")):
            self._passed = True
            return piece
        self._held[index] = HeldCall(str(block.get("id")), block["name"], block.get("input"), [piece])
        return b""

    def _more(self, head: _Event, held: HeldCall, piece: bytes, document: dict[str, Any]) -> bytes:
        held.pieces.append(piece)
        if head.type == "content_block_delta":
            delta = document.get("delta")
            part = delta.get("partial_json") if isinstance(delta, dict) else None
            if isinstance(part, str):
                held.arguments.append(part)
        if head.type != "content_block_stop":
            return b""
        del self._held[head.index]
        judgement = self._verdicts.of(held.call, held.id)
        if judgement is None:
            self._passed = True
            return b"".join(held.pieces)
        return self._in_place(head.index, held, judgement)

    def _in_place(self, index: int, held: HeldCall, judgement: Judgement) -> bytes:
        if judgement.rule.action == "answer":
            self._passed = True
            block = {"type": _CALLS, "id": held.id, "name": REFUSED, "input": {}}
            text = msgspec.json.encode(stand_in(judgement)).decode()
            delta = {"type": "input_json_delta", "partial_json": text}
        else:
            self._left_out = True
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": judgement.words}
        events = (
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        )
        return b"".join(self._framed(str(event["type"]), msgspec.json.encode(event)) for event in events)

    def _ended(self, piece: bytes, document: dict[str, Any]) -> bytes:
        """Take the event that says why the answer ends. Without any call left, it does not end for one."""
        released = self.release()
        delta = document.get("delta")
        if not self._left_out or self._passed or not isinstance(delta, dict) or delta.get("stop_reason") != _CALLS:
            return released + piece
        changed = {**document, "delta": {**delta, "stop_reason": "end_turn"}}
        return released + self._framed("message_delta", msgspec.json.encode(changed))

    def release(self) -> bytes:
        """Return the calls that broke off, as they came: no client makes a call that is not whole."""
        held, self._held = self._held, {}
        return b"".join(piece for call in held.values() for piece in call.pieces)

    def document(self, body: bytes) -> bytes:
        """Return a message without the calls that are denied. One without such calls stays as it is, to the byte."""
        message = decode_like_javascript(body)
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(message, dict) or not isinstance(content, list):
            return body
        changed = [self._block(block) for block in content]
        if changed == content:
            return body
        if message.get("stop_reason") == _CALLS and not any(_is_call(block) for block in changed):
            message = {**message, "stop_reason": "end_turn"}
        return msgspec.json.encode({**message, "content": changed})

    def _block(self, block: Any) -> Any:
        if not _is_call(block) or not self._verdicts.concerns(block.get("name")):
            return block
        arguments = block.get("input")
        call = ToolCall(block["name"], arguments if isinstance(arguments, dict) else {})
        judgement = self._verdicts.of(call, str(block.get("id")))
        if judgement is None:
            return block
        if judgement.rule.action == "answer":
            return {**block, "name": REFUSED, "input": stand_in(judgement)}
        return {"type": "text", "text": judgement.words}


def _head_of(data: bytes) -> _Event | None:
    """Return what kind of event it is, or None if it is none."""
    try:
        return _EVENT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.convert(decode_like_javascript(data), _Event)
    except msgspec.ValidationError:
        return None


def _is_call(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == _CALLS
