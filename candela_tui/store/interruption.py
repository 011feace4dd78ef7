"""Whether an exchange whose process ended while it was live had a usage that is now unknown."""

from candela_tui.protocol.kind import NO_MESSAGE

FIRST_REFUSAL = 300
"""Responses with this status or a higher one are not billed."""


def lost_usage(*, priced: bool, connected_ms: float | None, status: int | None, method: str, kind: str) -> bool:
    """Return whether it may have cost something that is not known. ``priced``: its cost is, or its model has none."""
    if priced or connected_ms is None or (status is not None and status >= FIRST_REFUSAL):
        return False
    return method == "POST" and kind not in NO_MESSAGE
