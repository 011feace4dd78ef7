"""Run long work on the dashboard's loop in slices short enough that neither this loop nor the proxy's notices."""

import asyncio
import time
from collections.abc import Callable, Iterator

_SLICE_S = 0.002
"""The longest stretch for which the interpreter is held, so that the relay of a chunk never waits longer."""
_SHOW_EVERY_S = 0.1


async def in_slices(
    steps: Iterator[None], grown: Callable[[], None] = lambda: None, enough: Callable[[], bool] = lambda: False
) -> bool:
    """Run all steps, or as many as are ``enough``. Return whether all have run.

    Call ``grown`` after the first slice, then about ten times a second, and at the end."""
    shown_at: float | None = None
    for _ in _slices(steps):
        now = time.perf_counter()
        if shown_at is None or now - shown_at >= _SHOW_EVERY_S:
            grown()
            shown_at = now
        if enough():
            grown()
            return False
        await asyncio.sleep(0)
    grown()
    return True


def _slices(steps: Iterator[None]) -> Iterator[None]:
    end = time.perf_counter() + _SLICE_S
    for _ in steps:
        if time.perf_counter() >= end:
            yield
            end = time.perf_counter() + _SLICE_S
