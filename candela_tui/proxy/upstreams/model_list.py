"""The models of a provider, asked for once for however many clients wait, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from candela_tui.proxy.outgoing import Reply
from candela_tui.proxy.upstreams.models_answer import ListedModel, models_reply, newest_first

_KEPT_S = 300.0


class NoList(Exception):
    """The list can't be had; ``reply`` tells the client why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class ModelList:
    """Keeps a list for five minutes; a failure is told to all who wait, and not kept."""

    def __init__(self, fetch: Callable[[], Awaitable[Iterable[ListedModel]]], *, in_order: bool = False) -> None:
        """``fetch`` asks the provider, ends by itself, and raises nothing but NoList. ``in_order``: its order stays,
        each id once; else the newest comes first."""
        self._fetch = fetch
        self._in_order = in_order
        self._models: list[ListedModel] = []
        self._fresh_until = 0.0
        self._fetching: asyncio.Task[Reply | None] | None = None

    async def reply(self, path: str) -> Reply:
        """The answer to ``GET /v1/models`` or ``GET /v1/models/{id}``."""
        if asyncio.get_running_loop().time() >= self._fresh_until:
            if self._fetching is None or self._fetching.done():
                self._fetching = asyncio.create_task(self._run(), name="list of models")
            # Not awaited itself: a client that goes away must not end it for the others.
            await asyncio.wait({self._fetching})
            failure = self._fetching.result()
            if failure is not None:
                return failure
        return models_reply(self._models, path)

    async def close(self) -> None:
        """End what is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _run(self) -> Reply | None:
        try:
            models = await self._fetch()
            self._models = list(models) if self._in_order else newest_first(models)
        except NoList as none:
            return none.reply
        self._fresh_until = asyncio.get_running_loop().time() + _KEPT_S
        return None
