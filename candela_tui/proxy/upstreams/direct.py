"""Anthropic itself: everything crosses as it came."""

from candela_tui.proxy.fields import request_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Outgoing


class Direct:
    """Passes requests on to a base URL."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def attempt(self, asked: Asked) -> Attempt:
        """The same request, below the base URL."""
        return Attempt(
            request=Outgoing(asked.method, self._base_url + asked.path, request_fields(asked.headers), asked.body)
        )

    async def close(self) -> None:
        """It owns nothing."""
