"""The models of a provider, asked for once for however many clients wait, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from candela_tui.credentials.errors import CredentialsError
from candela_tui.network_errors import described
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Reply
from candela_tui.proxy.upstreams.models_answer import ListedModel, models_reply
from candela_tui.proxy.upstreams.no_credentials import no_credentials

_KEPT_S = 300.0
_PATIENCE_S = 30.0


class NoList(Exception):
    """The list can't be had; ``reply`` tells the client why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class ModelList:
    """Keeps a list for five minutes; a failure is told to all who wait, and not kept."""

    def __init__(self, provider: str, fetch: Callable[[], Awaitable[list[ListedModel]]]) -> None:
        """``fetch`` asks the provider (its name is for words). It gives each id once, in the order for the client, or
        raises NoList, CredentialsError, ValueError for settings, or what aiohttp raises where there is no answer."""
        self._provider = provider
        self._fetch = fetch
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
            async with asyncio.timeout(_PATIENCE_S):
                self._models = await self._fetch()
        except NoList as none:
            return none.reply
        except CredentialsError as error:
            return no_credentials(error)
        except (aiohttp.ClientError, OSError) as error:
            return error_reply(502, f"candela could not ask {self._provider} for its models: {described(error)}")
        except ValueError as error:
            return error_reply(400, str(error))
        self._fresh_until = asyncio.get_running_loop().time() + _KEPT_S
        return None
