"""The places that candela sends requests to, each with the dialect that its client speaks."""

import json
from dataclasses import dataclass
from typing import Any

from tests.standin import Answer, message, text, whole_message
from tests.standin.bedrock import in_frames
from tests.standin.event_frames import EVENT_STREAM

SSE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes, and what is sent on both sides of candela."""

    name: str
    path: str
    """At candela."""
    stand_in: str
    """The attribute of ``Setting`` that has it."""
    maps: bool
    """Whether candela translates the answer."""
    last: bytes
    """What only a whole stream has, in the client's form."""
    content_type: str = SSE
    """Of a stream, as the provider sends it."""

    def request(self, *, stream: bool = True, filler: int = 0) -> bytes:
        """The client's request, made longer by so many bytes."""
        messages = [{"role": "user", "content": "hi" + "x" * filler}]
        return json.dumps(
            {"model": "claude-opus-4-8", "max_tokens": 64, "stream": stream, "messages": messages}
        ).encode()

    def events(self, *words: str) -> list[bytes]:
        """A whole stream as this provider sends it."""
        answer = message(text(*words or ("one ", "two ", "three")))
        return _bytes(in_frames(answer) if self.content_type == EVENT_STREAM else answer)

    def beginning(self) -> list[bytes]:
        """The events of a stream up to its first words."""
        return self.events()[: self._first_words]

    def rest(self) -> list[bytes]:
        """The events that come after them."""
        return self.events()[self._first_words :]

    @property
    def _first_words(self) -> int:
        # Bedrock sends no ping.
        return 4 if self.content_type == SSE else 3

    def document(self) -> bytes:
        """A whole answer that is not streamed."""
        return b"".join(_bytes(whole_message(text("one two"))))

    def error_words(self, document: Any) -> str:
        """The message of an error document, which has to be in the client's form."""
        error = document["error"]
        if self is CHAT:
            # https://platform.openai.com/docs/guides/error-codes, and openai-python's APIError
            assert set(document) == {"error"}
            assert {"message", "type", "param", "code"} == set(error)
        else:
            assert (set(document) - {"request_id"}, document["type"]) == ({"type", "error"}, "error")
            assert {"message", "type"} == set(error)
        return str(error["message"])


def _bytes(answer: Answer) -> list[bytes]:
    return [step for step in answer.steps if isinstance(step, bytes)]


DIRECT = Place("direct", "/proxy/anthropic-direct/v1/messages", "anthropic", False, b"message_stop")
VERTEX = Place("vertex", "/proxy/anthropic-vertex/v1/messages", "vertex", False, b"message_stop")
BEDROCK = Place("bedrock", "/proxy/anthropic-bedrock/v1/messages", "bedrock", True, b"message_stop", EVENT_STREAM)
CHAT = Place("chat", "/proxy/anthropic/v1/chat/completions", "vertex", True, b"[DONE]")
PLACES = (DIRECT, VERTEX, BEDROCK, CHAT)
