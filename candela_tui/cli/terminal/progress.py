"""How far a command is, on one line of the terminal that goes away at its end."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TypeVar

import click

_T = TypeVar("_T")
_EVERY_S = 0.2
_ERASE = "\r\x1b[K"


class Progress:
    """Shows a text on standard error while the command works, if that is a terminal."""

    def __init__(self, so_far: Callable[[], str], *, shown: bool = True) -> None:
        self._so_far = so_far
        self._shows = shown and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._shown_at: float | None = None

    def each(self, items: Iterable[_T]) -> Iterator[_T]:
        """Yield the items, and show how far it is from time to time."""
        for item in items:
            yield item
            self.step()

    def step(self) -> None:
        """Show how far it is, unless it was shown just now."""
        now = time.monotonic()
        if self._shows and now - (self._shown_at or self._begun) >= _EVERY_S:
            self._shown_at = now
            click.echo(f"{_ERASE}{self._so_far()}", err=True, nl=False)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the line."""
        if self._shown_at is not None:
            click.echo(_ERASE, err=True, nl=False)
