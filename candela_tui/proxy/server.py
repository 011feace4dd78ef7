"""The proxy: an aiohttp server with its routes, its session towards providers, and its capture."""

import asyncio
import logging
import os
import socket
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
from aiohttp import web

from candela_tui import __version__
from candela_tui.config import Settings
from candela_tui.exchange import Outcome
from candela_tui.feed import Feed
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.protocol.errors import ApiError, error_type
from candela_tui.proxy.acceptor import Acceptor
from candela_tui.proxy.capture import Capture, ExchangeSink
from candela_tui.proxy.client_answer import error_response
from candela_tui.proxy.client_session import FIELD_LIMIT, MOST_FIELDS, open_session
from candela_tui.proxy.destinations import destination
from candela_tui.proxy.fields import decoded_pairs, with_request_id
from candela_tui.proxy.guard import GuardedServer
from candela_tui.proxy.head_check import coded
from candela_tui.proxy.listen import HOST
from candela_tui.proxy.local_api.api import LocalApi
from candela_tui.proxy.origins import Origins
from candela_tui.proxy.outgoing import Pairs, Upstream
from candela_tui.proxy.relay import Relay, tap_of
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.proxy.request_target import origin_form
from candela_tui.proxy.routes import BELOW_V1, Routes, Target
from candela_tui.proxy.upstreams.table import open_upstreams
from candela_tui.wire import About

_READ_BUFFER = 256 * 1024
_KEEPALIVE_S = 600
_AT_ONCE_S = 0.001  # aiohttp takes 0 for no limit

logger = logging.getLogger(__name__)


class InFlight:
    """Counts the requests inside its ``with`` blocks."""

    def __init__(self) -> None:
        self.count = 0
        self._none = asyncio.Event()
        self._none.set()

    def __enter__(self) -> Self:
        self.count += 1
        self._none.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.count -= 1
        if not self.count:
            self._none.set()

    async def none(self) -> None:
        """Wait until there is none."""
        await self._none.wait()


class Proxy:
    """Serves on a listening socket from ``start`` to ``stop``, on the loop that called ``start``.

    ``paths`` are those of the data directory that ``sink`` writes to; without them there is no local API.
    """

    def __init__(
        self, settings: Settings, sock: socket.socket, feed: Feed, sink: ExchangeSink, paths: Paths | None = None
    ) -> None:
        self._settings = settings
        self._sock = sock
        self._port: int = sock.getsockname()[1]
        self._feed = feed
        self._paths = paths
        self._routes = Routes(settings)
        self._upstreams: dict[str, Upstream] = {}
        self._limit = settings.proxy.max_body_mb * 1024 * 1024
        self._started_at = datetime.now(UTC)
        self._pricer = Pricer(settings.pricing)
        self._capture = Capture(feed, sink, self._pricer)
        self._session: aiohttp.ClientSession | None = None
        self._relay: Relay | None = None
        self._web: GuardedServer | None = None
        self._acceptor: Acceptor | None = None
        self._capturing: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._relaying = InFlight()
        self._telling = InFlight()
        self._api = LocalApi(feed, paths.store, paths.token, self._about, paths.vault) if paths else None

    @property
    def live(self) -> int:
        """Requests in flight."""
        return self._relaying.count

    async def start(self) -> None:
        """Begin to serve. Raises OSError where the CA bundle can't be read."""
        self._session = open_session(self._settings.proxy)
        self._relay = Relay(self._session, self._capture, Origins(self._port), self._feed.notify)
        self._upstreams = open_upstreams(self._settings, self._session, self._paths, self._feed.tell_credentials)
        self._web = GuardedServer(
            self._handle,
            allow=self._settings.proxy.allow,
            handler_cancellation=True,
            keepalive_timeout=_KEEPALIVE_S,
            access_log=None,
            auto_decompress=False,
            max_line_size=FIELD_LIMIT,
            max_field_size=FIELD_LIMIT,
            max_headers=MOST_FIELDS,
            read_bufsize=_READ_BUFFER,
        )
        if self._api is not None:
            self._api.open()
        self._capturing = asyncio.create_task(self._capture.run(), name="capture")
        self._acceptor = Acceptor(self._sock, self._web)
        self._acceptor.start()
        # Loading the price data takes 0.3 s, which the first answer's stream must not wait for.
        self._warming = asyncio.create_task(asyncio.to_thread(self._pricer.warm), name="price data")

    async def stop(self, grace_s: float) -> None:
        """Stop accepting, let live requests end for ``grace_s`` seconds, cancel the rest, record everything."""
        assert self._acceptor is not None
        assert self._web is not None
        assert self._relay is not None
        assert self._session is not None
        assert self._capturing is not None
        assert self._warming is not None
        await self._acceptor.close()
        self._web.pre_shutdown()
        if self.live:
            try:
                await asyncio.wait_for(self._relaying.none(), grace_s)
            except TimeoutError:
                logger.warning("%d live requests did not end within %g s and are interrupted", self.live, grace_s)
        self._relay.stopping = True
        await self._web.shutdown(_AT_ONCE_S)
        await self._relaying.none()
        await self._telling.none()
        for upstream in set(self._upstreams.values()):
            await upstream.close()
        await self._session.close()
        self._capture.close()
        await self._capturing
        await self._warming

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self._web is not None
        headers = decoded_pairs(request.raw_headers)
        refusal = self._web.refusal(request, headers)
        if refusal is not None:
            logger.info("refused %s %s", request.method, request.path)
            self._feed.notify(f"Refused a request: {refusal.words}")
            response = error_response(refusal.status, refusal.words)
            if request.method == "CONNECT":
                request.content.feed_eof()  # aiohttp takes all that follows for its body.
                response.force_close()
            return response
        target = origin_form(request.raw_path)
        if target == "/healthz":
            return web.json_response(self._health())
        if target == "/readyz":
            ready = self._warming is not None and self._warming.done()
            return web.json_response({"status": "ready" if ready else "starting"}, status=200 if ready else 503)
        if self._api is not None and self._api.takes(target):
            with self._telling:
                return await self._api.answer(request, target)
        with self._relaying:
            return await self._answer(request, target, headers)

    async def _answer(self, request: web.BaseRequest, raw_path: str, headers: Pairs) -> web.StreamResponse:
        assert self._relay is not None
        target = self._routes.resolve(raw_path)
        if target is None:
            words = f"candela has no route for {request.path}; there is {', '.join(self._routes.names)}"
            if raw_path.startswith(BELOW_V1):
                words += ". A client that adds no /v1 needs a base URL that ends in /v1"
            return error_response(404, words)
        if coded(request.headers):
            words = "the request has a transfer coding other than chunked, which candela does not undo"
            return self._blocked(request, target, headers, 501, words)
        try:
            body = await read_body(request, self._limit)
        except BodyTooLarge:
            words = (
                f"the request body is larger than the {self._settings.proxy.max_body_mb} MiB that [proxy] max_body_mb"
                " allows"
            )
            return self._blocked(request, target, headers, 413, words)
        return await self._relay.relay(request, target, self._upstreams[target.route.name], headers, body)

    def _blocked(
        self, request: web.BaseRequest, target: Target, headers: Pairs, status: int, words: str
    ) -> web.Response:
        """Refuse a request whose body is not read."""
        tap = tap_of(request, target, headers, b"")
        tap.answered(status, [])
        tap.ended(Outcome.BLOCKED, ApiError(error_type(status), words))
        self._capture.begin(tap)
        response = error_response(status, words)
        response.headers.update(with_request_id([], tap))
        response.force_close()
        return response

    def _health(self) -> dict[str, Any]:
        storing = self._feed.storing()
        return {
            "name": "candela",
            "version": __version__,
            "pid": os.getpid(),
            "started_at": self._started_at.isoformat().replace("+00:00", "Z"),
            "data_dir": str(self._paths.data) if self._paths else None,
            "route": self._settings.proxy.default_route,
            "live": self.live,
            "storing": {"trouble": storing.trouble, "waiting": storing.waiting, "lost": storing.lost},
        }

    def _about(self) -> About:
        return About(
            name="candela",
            version=__version__,
            pid=os.getpid(),
            started_at=self._started_at,
            address=f"{HOST}:{self._port}",
            route=self._settings.proxy.default_route,
            base_url=destination(self._settings.proxy.default_route, self._settings),
            live=self.live,
        )
