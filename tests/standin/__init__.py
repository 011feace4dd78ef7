"""A stand-in for the Messages API over real sockets: it records every request exactly and plays scripted answers.

Typical use, with the ``provider`` fixture of ``tests/conftest.py``::

    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))  # for the next POST /v1/messages
    ...  # send a request to provider.url + "/v1/messages"
    request = await provider.request(0)  # what arrived; waits for it
    await gate.reached()  # "Hel" is out
    gate.open()
    await request.finished()
    assert received == request.sent  # the exact bytes of the body

Without a script it answers by itself: messages with a greeting (streamed or not, as asked), count_tokens, models,
``HEAD /``, and 404 for the rest. Steps of a script are body bytes (one chunk each), gates, and ways of breaking off.
"""

from tests.standin.answers import (
    DEFAULT_USAGE,
    Answer,
    error,
    error_event,
    event,
    json_answer,
    message,
    message_events,
    rechunk,
    text,
    thinking,
    tool_use,
    usage,
    whole_message,
)
from tests.standin.provider import Provider, ReceivedRequest
from tests.standin.steps import CLOSE, RESET, STALL, Gate, Raw, Step

__all__ = [
    "CLOSE",
    "DEFAULT_USAGE",
    "RESET",
    "STALL",
    "Answer",
    "Gate",
    "Provider",
    "Raw",
    "ReceivedRequest",
    "Step",
    "error",
    "error_event",
    "event",
    "json_answer",
    "message",
    "message_events",
    "rechunk",
    "text",
    "thinking",
    "tool_use",
    "usage",
    "whole_message",
]
