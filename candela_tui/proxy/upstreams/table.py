"""Which way each route leads."""

from collections.abc import Callable

import aiohttp

from candela_tui.config import Settings
from candela_tui.proxy.outgoing import Upstream
from candela_tui.proxy.upstreams.direct import Direct


def open_upstreams(
    settings: Settings, session: aiohttp.ClientSession, notify: Callable[[str], None]
) -> dict[str, Upstream]:
    """An upstream for each route, by its name. Whoever opens them closes each once."""
    return {"anthropic-direct": Direct(settings.anthropic.base_url)}
