"""Detects whether something on the network path held a stream back until it was complete."""

from candela_tui.exchange import Exchange, Outcome

_LEAST_WAIT_MS = 2000.0
_LEAST_BYTES = 4096
"""About twenty events; a shorter response may arrive at once without any buffering."""
_MOST_OF_THE_TIME = 0.05


def held_back_ms(exchange: Exchange, first_chunk_ms: float) -> float | None:
    """Return how long a streamed response was held back before all of it came at once, or None if it was not.

    A provider begins its stream (``message_start``) when the model starts, so the first bytes of a long response arrive
    long before the last. ``first_chunk_ms`` is the time of the body's first chunk, since the request was received.
    """
    marks = exchange.marks
    if not exchange.streamed or exchange.outcome is not Outcome.OK or marks.end is None or marks.connected is None:
        return None
    waited, took = first_chunk_ms - marks.connected, marks.end - first_chunk_ms
    if waited < _LEAST_WAIT_MS or exchange.response_bytes < _LEAST_BYTES:
        return None
    return waited if took <= waited * _MOST_OF_THE_TIME else None
