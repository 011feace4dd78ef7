"""Requests that candela makes itself, with its own credentials: as the proxy would, without one that runs."""

from typing import Self

from candela_tui.config import Settings
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.network.origins import Origins
from candela_tui.network.provider_client import ProviderClient
from candela_tui.paths import Paths
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import Provider, route_to
from candela_tui.providers.registry import open_upstreams
from candela_tui.providers.upstream import ClientRequest, Reply

_FIELDS = (
    ("Authorization", f"Bearer {PLACEHOLDER}"),
    ("anthropic-version", "2023-06-01"),
    ("Content-Type", "application/json"),
    ("Accept-Encoding", "identity"),
)


class OwnRequests:
    """Asks providers in the form of the Messages API. Used as an async context manager."""

    def __init__(self, settings: Settings, paths: Paths) -> None:
        self._settings = settings
        self._paths = paths

    async def __aenter__(self) -> Self:
        settings = self._settings
        self._client = ProviderClient(settings.proxy)
        self._attempts = Attempts(self._client, Origins(settings.proxy.port))
        self._upstreams = open_upstreams(settings, self._attempts, self._paths, lambda _: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for upstream in self._upstreams.values():
                await upstream.close()
        finally:
            await self._client.close()

    async def ask(
        self, provider: Provider, method: str, path: str, body: bytes = b"", fields: HeaderList | None = None
    ) -> Reply:
        """Return the provider's answer. ``fields`` are header fields beside the usual ones."""
        upstream = self._upstreams[route_to(provider).name]
        request = ClientRequest(method, path, [*_FIELDS, *(fields or ())], body)
        return await self._attempts.fetch(await upstream.attempt(request))
