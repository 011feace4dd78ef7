"""What a running candela says of itself: to supervisors, to programs that attach, and to Prometheus."""

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from candela_tui import __version__
from candela_tui.config import Settings
from candela_tui.feed import Feed
from candela_tui.paths import Paths
from candela_tui.providers.registry import destination
from candela_tui.proxy.listen import HOST
from candela_tui.proxy.metrics.counts import Counts
from candela_tui.proxy.metrics.moment import Moment
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.wire import About


class Health:
    """Describes this process. ``started_at`` is when it began."""

    def __init__(
        self,
        settings: Settings,
        paths: Paths | None,
        port: int,
        feed: Feed,
        counts: Counts,
        budgets: Budgets,
        live: Callable[[], int],
    ) -> None:
        """``live`` returns the number of requests in flight."""
        self._settings = settings
        self._paths = paths
        self._port = port
        self._feed = feed
        self._counts = counts
        self._budgets = budgets
        self._live = live
        self.started_at = datetime.now(UTC)

    def health(self, *, from_beyond: bool) -> web.Response:
        """Answer ``/healthz``: other machines learn no more than the name."""
        if from_beyond:
            return web.json_response({"name": "candela"})
        paths = self._paths
        document: dict[str, Any] = {
            "name": "candela",
            "version": __version__,
            "pid": os.getpid(),
            "started_at": self.started_at.isoformat().replace("+00:00", "Z"),
            "data_dir": str(paths.data) if paths else None,
            "database": str(paths.database) if paths and paths.database else None,
            "route": self._settings.proxy.default_route,
            "live": self._live(),
            "storing": asdict(self._feed.storing()),
            "telemetry": [asdict(state) for state in self._feed.telemetry()],
        }
        return web.json_response(document)

    def readiness(self, *, ready: bool) -> web.Response:
        """Answer ``/readyz``. Without its store, a candela still relays: it is ready."""
        store = "answers" if self._feed.storing().trouble is None else "unavailable"
        words = {"status": "ready" if ready else "starting", "store": store}
        return web.json_response(words, status=200 if ready else 503)

    def about(self) -> About:
        """Return what the local API says of this process."""
        route = self._settings.proxy.default_route
        return About(
            name="candela",
            version=__version__,
            pid=os.getpid(),
            started_at=self.started_at,
            address=f"{HOST}:{self._port}",
            route=route,
            base_url=destination(route, self._settings),
            live=self._live(),
            shares_store=self._settings.store.url is not None,
        )

    def moment(self) -> Moment:
        """Return the numbers of this moment."""
        return Moment(
            self._counts.now(),
            self._live(),
            self.started_at.timestamp(),
            self._feed.storing(),
            self._feed.telemetry(),
            self._budgets.states(),
        )
