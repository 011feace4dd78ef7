"""Cache a provider's list of models, and fetch it only once for all clients that wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.models_answer import ListedModel, models_reply
from candela_tui.providers.replies import error_reply, no_credentials
from candela_tui.providers.upstream import Reply

OWN_FIELDS: HeaderList = [("Accept", "application/json"), ("Accept-Encoding", "identity")]
"""The header fields of a request for a list."""

_KEPT_S = 300.0
_PATIENCE_S = 30.0


class NoList(Exception):
    """The list of models is unavailable. ``reply`` is the error for the client."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class ModelList:
    """Caches a list of models for five minutes. A failure goes to all waiting clients and is not cached."""

    def __init__(self, provider: str, fetch: Callable[[], Awaitable[list[ListedModel]]]) -> None:
        """``provider`` is the provider's name for messages. ``fetch`` returns each id once, in the order for the
        client, or raises NoList, CredentialsError, or ValueError for invalid settings."""
        self._provider = provider
        self._fetch = fetch
        self._models: list[ListedModel] = []
        self._fresh_until = 0.0
        self._fetching: asyncio.Task[Reply | None] | None = None

    async def reply(self, path: str) -> Reply:
        """Return the reply to ``GET /v1/models`` or ``GET /v1/models/{id}``, fetching the list if needed."""
        if asyncio.get_running_loop().time() >= self._fresh_until:
            if self._fetching is None or self._fetching.done():
                self._fetching = asyncio.create_task(self._run(), name="list of models")
            # wait() does not cancel the task: a client that disconnects must not end it for the others.
            await asyncio.wait({self._fetching})
            failure = self._fetching.result()
            if failure is not None:
                return failure
        return models_reply(self._models, path)

    async def close(self) -> None:
        """Cancel the current fetch."""
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
        except TimeoutError:
            return error_reply(504, f"{self._provider} did not list its models within {_PATIENCE_S:g} s")
        except ValueError as error:
            return error_reply(400, str(error))
        self._fresh_until = asyncio.get_running_loop().time() + _KEPT_S
        return None
