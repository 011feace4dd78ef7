"""The calls in an answer of the chat completions API, as candela itself writes it (``protocol/openai/``)."""

from typing import Any

import msgspec

from candela_tui.protocol.held_call import REFUSED
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import ServerSentEvent, encoded
from candela_tui.rules.tools.held_calls import HeldCall, Verdicts, stand_in
from candela_tui.rules.tools.judge import Judgement

_CALLS = "tool_calls"


class ChatCalls:
    """Judges the calls in one answer. Calls arrive one after the other."""

    mark = _CALLS.encode()
    judged = frozenset({b""})

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._held: HeldCall | None = None
        self._number = -1
        """The number of the held call."""
        self._left_out = False
        self._passed = False

    @property
    def holds(self) -> bool:
        """Whether a call is held back."""
        return self._held is not None

    def event(self, piece: bytes, data: bytes) -> bytes:
        """Take the next event, and return what the client gets now."""
        document = decode_json(data)
        choice = _choice(document)
        if choice is None:
            return self._settled(document) + piece
        delta = choice.get("delta")
        calls = delta.get(_CALLS) if isinstance(delta, dict) else None
        call = calls[0] if isinstance(calls, list) and len(calls) == 1 else None
        if not isinstance(call, dict):
            return self._settled(document) + self._ended(piece, document, choice)
        if self._held is not None and call.get("index") == self._number:
            self._held.pieces.append(piece)
            self._held.arguments.append(_arguments(call))
            return b""
        return self._settled(document) + self._begun(piece, call)

    def _begun(self, piece: bytes, call: dict[str, Any]) -> bytes:
        function = call.get("function")
        tool = function.get("name") if isinstance(function, dict) else None
        if not isinstance(tool, str) or not self._verdicts.concerns(tool):
            self._passed = True
            return piece
        self._number = call.get("index", -1)
        self._held = HeldCall(str(call.get("id")), tool, None, [piece], [_arguments(call)])
        return b""

    def _settled(self, like: Any) -> bytes:
        """Return what the client gets of the held call, now that it is whole."""
        held, self._held = self._held, None
        if held is None:
            return b""
        judgement = self._verdicts.of(held.call, held.id)
        if judgement is None:
            self._passed = True
            return b"".join(held.pieces)
        if judgement.rule.action == "answer":
            self._passed = True
            delta: dict[str, Any] = {_CALLS: [{"index": self._number, **_stand_in(held.id, judgement)}]}
        else:
            self._left_out = True
            delta = {"content": judgement.words}
        named = {name: like[name] for name in ("id", "object", "created", "model") if name in like}
        chunk = {**named, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        return encoded(ServerSentEvent("", msgspec.json.encode(chunk)))

    def _ended(self, piece: bytes, document: dict[str, Any], choice: dict[str, Any]) -> bytes:
        if not self._left_out or self._passed or choice.get("finish_reason") != _CALLS:
            return piece
        changed = {**document, "choices": [{**choice, "finish_reason": "stop"}]}
        return encoded(ServerSentEvent("", msgspec.json.encode(changed)))

    def release(self) -> bytes:
        """Return a call that broke off, as it came."""
        held, self._held = self._held, None
        return b"".join(held.pieces) if held is not None else b""

    def document(self, body: bytes) -> bytes:
        """Return a completion without the calls that are denied. One without such calls stays as it is."""
        document = decode_json(body)
        choice = _choice(document)
        message = choice.get("message") if choice is not None else None
        calls = message.get(_CALLS) if isinstance(message, dict) else None
        if choice is None or not isinstance(message, dict) or not isinstance(calls, list):
            return body
        words: list[str] = []
        kept = [left for call in calls if (left := self._call(call, words)) is not None]
        if kept == calls:
            return body
        said = [message["content"]] if isinstance(message.get("content"), str) else []
        changed = {**message, "content": "\n".join([*said, *words]) or None, _CALLS: kept}
        reason = choice.get("finish_reason")
        if not kept:
            del changed[_CALLS]
            reason = "stop" if reason == _CALLS else reason
        return msgspec.json.encode({**document, "choices": [{**choice, "message": changed, "finish_reason": reason}]})

    def _call(self, call: Any, words: list[str]) -> Any:
        """Return what is left of a call: itself, one in its place, or None, with what is said about it in ``words``."""
        function = call.get("function") if isinstance(call, dict) else None
        tool = function.get("name") if isinstance(function, dict) else None
        if not isinstance(tool, str) or not self._verdicts.concerns(tool):
            return call
        held = HeldCall(str(call.get("id")), tool, None, [], [_arguments(call)])
        judgement = self._verdicts.of(held.call, held.id)
        if judgement is None:
            return call
        if judgement.rule.action == "answer":
            return _stand_in(call.get("id"), judgement)
        words.append(judgement.words)
        return None


def _choice(document: Any) -> dict[str, Any] | None:
    choices = document.get("choices") if isinstance(document, dict) else None
    choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    return choice if isinstance(choice, dict) else None


def _arguments(call: dict[str, Any]) -> str:
    function = call.get("function")
    found = function.get("arguments") if isinstance(function, dict) else None
    return found if isinstance(found, str) else ""


def _stand_in(call_id: object, judgement: Judgement) -> dict[str, Any]:
    arguments = msgspec.json.encode(stand_in(judgement)).decode()
    return {"id": call_id, "type": "function", "function": {"name": REFUSED, "arguments": arguments}}
