"""Reads the prompts of recorded requests. What follows another request of its agent is read against that one, so that
only what is new is parsed."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from candela_tui.analysis.cache_changes import Asked
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import ReadPrompt, read_prompt
from candela_tui.analysis.steps import result_of
from candela_tui.analysis.traffic_side import request_side
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError

_MOST_BYTES: Final = 16 * 2**20
"""Bytes of bodies whose prompts are remembered, at least the last two. Those of one agent share most of theirs."""
_REBUILT: Final = "request"


class RequestBodies(Protocol):
    """What the prompts are read from."""

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the client's body, or None if it is not there. Raises StoreError."""

    def provider_request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the provider's body, or None if it is not there or the client's own. Raises StoreError."""


class _Remembered(NamedTuple):
    read: ReadPrompt
    size: int


class RecordedPrompts:
    """Reads prompts, and remembers the last ones. Not for more than one thread.

    ``pause`` is called after each message or less. It may wait, and it may raise an exception to end the work.
    """

    def __init__(self, bodies: RequestBodies, pause: Callable[[], None] = lambda: None) -> None:
        self._bodies = bodies
        self._pause = pause
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._latest: dict[tuple[str | None, str | None], str] = {}
        """The request of each agent that was read last."""
        self._bytes = 0

    def forget(self) -> None:
        """Free what is remembered."""
        self._remembered.clear()
        self._latest.clear()
        self._bytes = 0

    def asked(self, exchange: Exchange) -> Asked:
        """Return a request with its prompt, as ``read`` finds it."""
        found = self.read(exchange)
        return Asked(exchange, found.prompt if found is not None else None)

    def remembers(self, exchange_id: str) -> bool:
        """Return whether the prompt of a request is remembered."""
        return exchange_id in self._remembered

    def read(self, exchange: Exchange) -> ReadPrompt | None:
        """Return the prompt of a request: None if its body is not kept, can't be read, or was put together from parts
        and so has not all that was sent."""
        known = self._remembered.get(exchange.id)
        if known is not None:
            self._remembered.move_to_end(exchange.id)
            return known.read
        body = self._body(exchange)
        if body is None:
            return None
        agent = exchange.session_id, exchange.agent_id
        near = self._near(agent)
        items = Items()
        for _ in read_items(body, items, near.items if near is not None else Items()):
            self._pause()
        read = ReadPrompt(items, result_of(read_prompt(items, near), self._pause))
        self._remember(exchange.id, _Remembered(read, len(body)))
        self._latest[agent] = exchange.id
        return read

    def _near(self, agent: tuple[str | None, str | None]) -> ReadPrompt | None:
        """Return what was read last of an agent, or else of any other one: they often share the tools."""
        of_agent = self._remembered.get(self._latest.get(agent, ""))
        found = of_agent or next(reversed(self._remembered.values()), None)
        return found.read if found is not None else None

    def _body(self, exchange: Exchange) -> bytes | None:
        if _REBUILT in exchange.rebuilt:
            return None
        own_form = request_side(exchange) == "client"
        read = self._bodies.request_body if own_form else self._bodies.provider_request_body
        try:
            return read(exchange.id)
        except StoreError:
            # Whoever looks at that request is told.
            return None

    def _remember(self, exchange_id: str, read: _Remembered) -> None:
        self._remembered[exchange_id] = read
        self._bytes += read.size
        while self._bytes > _MOST_BYTES and len(self._remembered) > 2:
            self._bytes -= self._remembered.popitem(last=False)[1].size
        if len(self._latest) > 2 * len(self._remembered) + 100:
            self._latest = {agent: latest for agent, latest in self._latest.items() if latest in self._remembered}
