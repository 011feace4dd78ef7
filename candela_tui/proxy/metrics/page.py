"""``/metrics``: the numbers, for a scraper that has the token, or for all where the user lets them."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from aiohttp import web

from candela_tui.proxy.local_api.token import bears
from candela_tui.proxy.metrics.moment import Moment

METRICS_PATH: Final = "/metrics"


class MetricsPage:
    """Handles requests for the numbers, which passed the guard."""

    def __init__(
        self, allow: Literal["token", "any-local"], token: Callable[[], str | None], moment: Callable[[], Moment]
    ) -> None:
        """``token`` returns the token of the local API, if there is one. ``moment`` returns the numbers of now."""
        self._allow = allow
        self._token = token
        self._moment = moment

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Respond with the numbers, or say what is missing."""
        if request.method != "GET":
            return web.Response(status=405, text="/metrics is read with GET\n", headers={"Allow": "GET"})
        token = self._token()
        if self._allow == "token" and (token is None or not bears(request.headers.get("Authorization", ""), token)):
            words = (
                "/metrics asks for the token of the local API, as `Authorization: Bearer TOKEN`; "
                'or set [metrics] allow = "any-local" in config.toml\n'
            )
            return web.Response(status=401, text=words, headers={"WWW-Authenticate": 'Bearer realm="candela"'})
        moment = self._moment()
        body, media_type = await asyncio.to_thread(_written, moment, request.headers.get("Accept", ""))
        headers = {"Content-Type": media_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, headers=headers)


def _written(moment: Moment, accept: str) -> tuple[bytes, str]:
    # Not at the top: most never ask for the numbers.
    from candela_tui.proxy.metrics.exposition import exposition

    return exposition(moment, accept)
