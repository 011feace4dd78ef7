"""Works out what fills the context window at recorded requests, by source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from candela_tui.analysis.context_items import ReadContext, read_context
from candela_tui.analysis.context_parts import ContextPart, Key, PartSum, add_pieces, measured_prompt, parts_of
from candela_tui.analysis.items import same_items
from candela_tui.analysis.steps import result_of
from candela_tui.exchange import Exchange
from candela_tui.results.prompts import RecordedPrompts

_MOST_BEGINNINGS: Final = 8
"""Sums over beginnings of a conversation that are remembered. The last messages of a request are often sent in another
form the next time, since marks for the cache move."""

_Sums = dict[Key, PartSum]
_Agent = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Summed:
    """A request's pieces, and the sums over the first messages."""

    exchange_id: str
    read: ReadContext
    beginnings: tuple[tuple[int, _Sums], ...]
    """Numbers of messages, each with the sums over them and all before them. What is added to such sums in the same
    order gives the same as if all was added, to the last bit."""


class ContextSummer:
    """Sums up what is in prompts, against what was read last of the same agent. Not for more than one thread.

    ``pause`` is called after each few milliseconds of work. It may wait, and it may raise an exception to end the work.
    """

    def __init__(self, prompts: RecordedPrompts, pause: Callable[[], None] = lambda: None) -> None:
        self._prompts = prompts
        self._pause = pause
        self._latest: dict[_Agent, _Summed] = {}

    def forget(self) -> None:
        """Free what is remembered."""
        self._latest.clear()

    def parts(self, exchange: Exchange) -> list[ContextPart] | None:
        """Return what fills the context window at a request; None if its whole body is not kept or can't be read."""
        prompt = self._prompts.read(exchange)
        if prompt is None:
            return None
        # What is no longer remembered of prompts would otherwise be kept here.
        self._latest = {
            agent: latest for agent, latest in self._latest.items() if self._prompts.remembers(latest.exchange_id)
        }
        agent = exchange.session_id, exchange.agent_id
        known = self._latest.pop(agent, None) or next(reversed(self._latest.values()), None)
        model, near = exchange.model_used or exchange.model, known.read if known is not None else None
        read = result_of(read_context(prompt.items, model, near), self._pause)
        if read.is_empty:
            return None
        summed, sums = _summed(exchange.id, read, known)
        self._latest[agent] = summed
        return parts_of(sums, measured_prompt(exchange))


def _summed(exchange_id: str, read: ReadContext, known: _Summed | None) -> tuple[_Summed, _Sums]:
    beginnings: list[tuple[int, _Sums]] = []
    if known is not None and (read.tools, read.system) == (known.read.tools, known.read.system):
        shared = same_items(read.messages, known.read.messages)
        beginnings = [each for each in known.beginnings if each[0] <= shared]
    if beginnings:
        begin, sums = beginnings[-1][0], dict(beginnings[-1][1])
    else:
        begin, sums = 0, {}
        add_pieces(sums, read.tools)
        add_pieces(sums, read.system)
    for number, message in enumerate(read.messages[begin:], begin + 1):
        add_pieces(sums, message.pieces)
        if number > len(read.messages) - _MOST_BEGINNINGS:
            beginnings.append((number, dict(sums)))
    return _Summed(exchange_id, read, tuple(beginnings[-_MOST_BEGINNINGS:])), sums
