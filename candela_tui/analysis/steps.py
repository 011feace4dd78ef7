"""Long work that is done in steps, so that something else can be done in between."""

from collections.abc import Callable, Generator
from typing import TypeVar

_T = TypeVar("_T")


def result_of(steps: Generator[None, None, _T], pause: Callable[[], None] = lambda: None) -> _T:
    """Run all steps with a pause after each, and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: _T = end.value
            return found
        pause()
