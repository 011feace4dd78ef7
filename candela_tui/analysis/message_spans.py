"""Where the messages of a request are in its body. The next body of the conversation is mostly the same up to its last
messages and behind them, so that only what is in between has to be parsed."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from candela_tui.protocol.json_spans import NamedTwice, item_spans, member_spans, value_start

MESSAGES: Final = "messages"


class Differing(NamedTuple):
    """What of a body has to be parsed."""

    number: int
    """How many messages are the same as those of the other body."""
    begin: int
    """Where the first message behind them begins."""
    messages: bytes
    """The array of the messages from there on."""


@dataclass(frozen=True, slots=True)
class MessageSpans:
    """The messages of one body."""

    body: bytes
    begins: Sequence[int]
    """Where each begins."""
    end: int
    """Behind the array."""

    def differing(self, body: bytes) -> Differing | None:
        """Return what another body has instead of the last messages; None if more of it may differ."""
        behind = memoryview(self.body)[self.end :]
        number = self._common(body) - 1
        end = len(body) - len(behind)
        # Up to there, a parser reads the same; what it then is in, it is also in at the same place of the other body.
        if number < 1 or end <= self.begins[number] or not body.endswith(behind):
            return None
        begin = self.begins[number]
        return Differing(number, begin, b"[" + body[begin:end])

    def _common(self, body: bytes) -> int:
        """Return how many messages begin where another body is still the same."""
        view, same = memoryview(self.body), 0
        low, high = 0, len(self.begins)
        while low < high:
            middle = (low + high) // 2
            if body.startswith(view[same : self.begins[middle]], same):
                same, low = self.begins[middle], middle + 1
            else:
                high = middle
        return low


_Begins = Generator[None, None, tuple[int, ...]]


def message_spans(
    body: bytes, members: Mapping[str, msgspec.Raw], messages: Sequence[msgspec.Raw], together: int
) -> Generator[None, None, MessageSpans | None]:
    """Return the spans of the messages that were decoded from a body, in steps of so many; None if they are not known,
    since the body names a member twice."""
    if not messages:
        return None
    try:
        spans = member_spans(body, members, value_start(body), len(body.rstrip()))
    except NamedTwice:
        return None
    array = next(span for span in spans if span.name == MESSAGES)
    begins = yield from message_begins(body, messages, array.value, together)
    return MessageSpans(body, begins, array.end)


def message_begins(text: bytes, messages: Sequence[msgspec.Raw], start: int, together: int) -> _Begins:
    """Return where the messages begin that were decoded from the array at this offset, in steps of so many."""
    begins: list[int] = []
    for span in item_spans(text, messages, start):
        begins.append(span.value)
        if len(begins) % together == 0:
            yield
    return tuple(begins)
