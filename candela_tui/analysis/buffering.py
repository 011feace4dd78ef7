"""Whether something on the way held an answer's stream back until it was complete."""

from candela_tui.exchange import Exchange, Outcome

_LEAST_WAIT_MS = 2000.0
_LEAST_BYTES = 4096
"""Some twenty events: a shorter answer may well arrive at once."""
_MOST_OF_THE_TIME = 0.05


def held_back_ms(exchange: Exchange, first_chunk_ms: float) -> float | None:
    """How long a streamed answer was on its way before all of it came at once; None: it came as it was written.

    A provider begins its stream (``message_start``) when the model starts, so the first bytes of a long answer come
    long before its last. ``first_chunk_ms`` is the time of the body's first chunk, since the request was received.
    """
    marks = exchange.marks
    if not exchange.streamed or exchange.outcome is not Outcome.OK or marks.end is None or marks.connected is None:
        return None
    waited, took = first_chunk_ms - marks.connected, marks.end - first_chunk_ms
    if waited < _LEAST_WAIT_MS or exchange.response_bytes < _LEAST_BYTES:
        return None
    return waited if took <= waited * _MOST_OF_THE_TIME else None
