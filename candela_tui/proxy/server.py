"""The proxy: an aiohttp server with its routes, its client for providers, and its capture."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from candela_tui.api_root import SIGN_IN_CALLBACK, SIGN_IN_PAGE, of_page
from candela_tui.audit.actor import own_user
from candela_tui.audit.entry import Via
from candela_tui.client_telemetry.intake import ClientTelemetry
from candela_tui.config import Settings
from candela_tui.credentials.accounts import Accounts
from candela_tui.exchange import Kept
from candela_tui.feed import Feed
from candela_tui.keys.errors import KeysError
from candela_tui.keys.ring import KeyRing
from candela_tui.ledger.running import RunningLedger
from candela_tui.network.header_bytes import head, keep_header_bytes
from candela_tui.network.header_fields import decoded_pairs
from candela_tui.network.origins import Origins
from candela_tui.network.provider_client import ProviderClient
from candela_tui.network.provider_response import FIELD_LIMIT, MOST_FIELDS
from candela_tui.network.server_certificate import ServerCertificate
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.providers.registry import open_upstreams
from candela_tui.proxy import otlp
from candela_tui.proxy.access.acceptor import Acceptor
from candela_tui.proxy.access.client_connection import ClientConnection, NamedHost
from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.access.key_gate import KeyGate
from candela_tui.proxy.access.parallel import parallel_requests
from candela_tui.proxy.access.refusal_notices import RefusalNotices
from candela_tui.proxy.access.request_target import origin_form
from candela_tui.proxy.access.tls_acceptor import TlsAcceptor
from candela_tui.proxy.browser.on_demand import PageOnDemand
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.conversations import MOST_KNOWN
from candela_tui.proxy.client_answer import refused
from candela_tui.proxy.followed_rules import FollowedRules
from candela_tui.proxy.forwarding import Forwarding, is_forwarded
from candela_tui.proxy.health import Health
from candela_tui.proxy.in_flight import InFlight
from candela_tui.proxy.intercept.intercepts import Intercepts
from candela_tui.proxy.listen import bind_beyond, is_loopback
from candela_tui.proxy.local_api.api import LocalApi
from candela_tui.proxy.local_api.body_reads import BodyReads
from candela_tui.proxy.local_api.services import Services
from candela_tui.proxy.metrics.counts import Counts
from candela_tui.proxy.metrics.page import METRICS_PATH, MetricsPage
from candela_tui.proxy.model_requests import ModelRequests
from candela_tui.proxy.relay import Relay
from candela_tui.proxy.replay.replays import Replays
from candela_tui.proxy.routes import Routes
from candela_tui.proxy.spent_before import SpentBefore
from candela_tui.proxy.spent_elsewhere import SpentElsewhere
from candela_tui.proxy.team.people import People
from candela_tui.proxy.team.viewers import Viewers
from candela_tui.proxy.tls_interception.contexts import Contexts
from candela_tui.proxy.tls_interception.interception import Interception
from candela_tui.proxy.tls_interception.redirected import RedirectedConnections
from candela_tui.rules.budgets.opening import open_budgets
from candela_tui.rules.budgets.targets import NOBODY
from candela_tui.rules.budgets.webhook import Webhooks
from candela_tui.rules.rule import RuleContext
from candela_tui.sinks.latest_messages import LatestMessagesSink
from candela_tui.sinks.ledger import LedgerSink
from candela_tui.sinks.sink import Sink
from candela_tui.sinks.telemetry.sink import NAME, Telemetry
from candela_tui.store.errors import StoreError
from candela_tui.store.once_current import once_current
from candela_tui.store.open_audit import open_audit_log
from candela_tui.store.open_keys import open_key_store
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock

_READ_BUFFER = 256 * 1024
_KEEPALIVE_S = 600
_WEBSOCKET = "websocket"
_AT_ONCE_S = 0.001  # aiohttp takes 0 for no limit

logger = logging.getLogger(__name__)


class Proxy:
    """Serves on a listening socket from ``start`` to ``stop``, on the loop that called ``start``.

    ``sinks`` receive every exchange, and belong to the caller. ``paths`` are those of the data directory; without them
    there is no local API, and no connection is opened. ``rules_file`` is the config.toml whose rules are followed while
    it runs. ``dashboard`` is the command for a dashboard that is attached to this candela; without it, none can be
    opened in a browser. ``counts`` is what counts for ``/metrics``. ``redirected`` are the sockets that the system
    redirects connections to, if it does. ``client_telemetry`` takes the telemetry of clients; it belongs to the caller.
    """

    def __init__(
        self,
        settings: Settings,
        sock: socket.socket,
        feed: Feed,
        sinks: Sequence[Sink],
        paths: Paths | None = None,
        rules_file: Path | None = None,
        dashboard: Sequence[str] = (),
        counts: Counts | None = None,
        redirected: Sequence[socket.socket] = (),
        client_telemetry: ClientTelemetry | None = None,
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._sock = sock
        self._port: int = sock.getsockname()[1]
        self._most_body = settings.proxy.max_body_mb * 1024 * 1024
        self._redirected_sockets = redirected
        self._client_telemetry = client_telemetry
        self._traces = any(isinstance(sink, Telemetry) and sink.name == NAME for sink in sinks)
        self._feed = feed
        self._store = StoreReader(paths.store) if paths else None
        self._routes = Routes(settings)
        self._pricer = Pricer(settings.pricing)
        self._ledger = RunningLedger(Clock())
        counts = counts or Counts()
        audit = open_audit_log(settings, paths, own_user(), Via.LOCAL_API) if paths is not None else None
        self._audit = audit
        self._budgets = open_budgets(settings, paths, self._pricer, self._ledger, feed.notify, audit)
        self._messages = LatestMessages()
        own: list[Sink] = [LedgerSink(self._ledger), self._budgets, counts]
        if settings.cache.ask_provider:
            own.append(LatestMessagesSink(self._messages))
        self._capture = Capture(
            (*sinks, *own),
            self._pricer,
            feed.notify,
            Kept(settings.history.bodies),
            spill_directory=paths.data if paths is not None else None,
        )
        self._relaying = InFlight()
        self._telling = InFlight()
        self._health = Health(settings, paths, self._port, feed, counts, self._budgets, lambda: self.live)
        self._spent_before = SpentBefore(self._store, self._ledger, self._budgets, feed, self._health.started_at)
        self._spent_elsewhere = SpentElsewhere(self._store, self._budgets, feed.notify)
        self._people = People(settings, paths, feed.notify, lambda: self._rules.person_signed_in())
        self._rules = FollowedRules(
            settings, paths, rules_file, self._budgets, self._spent_before, self._people.owners, feed.notify
        )
        self._ring = KeyRing(
            open_key_store(settings, paths) if paths is not None else None,
            settings.proxy.keys_file,
            on_loaded=self._rules.keys_loaded,
        )
        self._parallel = parallel_requests(settings, feed.notify)
        self._keys = KeyGate(self._ring, self._token, required=settings.keys.required, sessions=self._people.sessions)
        self._refused_notices = RefusalNotices(feed.notify)
        self.refusals = Refusals()
        """What models refused."""
        self._intercepts = Intercepts(feed, StoreReader(paths.store, feed.notify) if paths else None)
        self._page = PageOnDemand(self._token, self._port, dashboard if paths is not None else ())
        api_store = StoreReader(paths.store, feed.notify) if paths is not None else None
        self._api = (
            LocalApi(
                paths.token,
                Services(
                    feed=feed,
                    store=api_store,
                    whole_feed=feed,
                    whole_store=api_store,
                    about=self._health.about,
                    vault_file=paths.vault,
                    accounts=Accounts(paths.accounts),
                    refusals=self.refusals,
                    intercepts=self._intercepts,
                    replays=lambda: self._replays,
                    rules=lambda: self._rules.file,
                    most_body=self._most_body,
                    budgets=self._budgets,
                    new_page_link=self._page.new_link,
                    body_reads=BodyReads(audit, self._user_of),
                    audit=audit,
                    owners=lambda: self._rules.owners,
                ),
                Viewers(self._keys, self._people, lambda: self._rules.roles),
            )
            if paths is not None and audit is not None and api_store is not None
            else None
        )
        self._metrics = MetricsPage(settings.metrics.allow, self._token, self._health.moment)
        self._client: ProviderClient | None = None
        self._relay: Relay | None = None
        self._model_requests: ModelRequests | None = None
        self._replays: Replays | None = None
        self._web: GuardedServer | None = None
        self._interception: Interception | None = None
        self._redirected: RedirectedConnections | None = None
        self._webhooks: Webhooks | None = None
        self._acceptors: list[Acceptor] = []
        self._capturing: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._linking: asyncio.Task[None] | None = None
        self._following_keys: asyncio.Task[None] | None = None

    @property
    def live(self) -> int:
        """The number of requests in flight."""
        return self._relaying.count

    async def start(self) -> None:
        """Start serving. Raises OSError if the CA bundle can't be read, CertificateError for [proxy] tls_cert, and
        ManagedSettingsError for [team] managed_settings."""
        keep_header_bytes()
        self._client = ProviderClient(self._settings.proxy)
        origins = Origins(self._port)
        attempts = Attempts(self._client, origins, notify=self._feed.notify, log=_warn)
        self._relay = Relay(attempts, self._capture, self._intercepts, traces=self._traces)
        opened = open_upstreams(
            self._settings, attempts, self._paths, self._feed.tell_credentials, self.refusals, self._messages
        )
        self._webhooks = Webhooks(attempts)
        self._budgets.on_reached = self._webhooks.reached
        upstreams = self._rules.open(opened, RuleContext(self._feed.notify, self._ledger, self._budgets, self._store))
        try:
            # First, because budgets may be for the users and teams of keys.
            await self._ring.refresh()
        except KeysError as error:
            self._feed.notify(f"The keys can't be read, so nobody is let in with one: {error}")
        # Before the rules: budgets of teams count what people asked before.
        await self._people.open(self._routes.names, self._keys, attempts)
        self._rules.apply()
        self._spent_elsewhere.open()
        self._following_keys = asyncio.create_task(self._ring.follow(), name="keys")
        self._parallel.open()
        self._model_requests = ModelRequests(
            self._settings,
            self._routes,
            self._keys,
            upstreams,
            self._relay,
            self._capture,
            self._refused_notices,
            self._parallel,
        )
        self._replays = Replays(
            attempts,
            upstreams,
            self._capture,
            self._pricer,
            lambda: self._relaying,
            self._budgets.give_back,
            self._keys,
            self._user_of,
            self._audit,
        )
        self._web = GuardedServer(
            self._handle,
            allow=self._settings.proxy.allow,
            open_paths={METRICS_PATH} if self._settings.metrics.allow == "any-local" else (),
            browser_paths={SIGN_IN_PAGE, SIGN_IN_CALLBACK} if self._people.sessions is not None else (),
            handler_cancellation=True,
            keepalive_timeout=_KEEPALIVE_S,
            access_log=None,
            auto_decompress=False,
            max_line_size=FIELD_LIMIT,
            max_field_size=FIELD_LIMIT,
            max_headers=MOST_FIELDS,
            read_bufsize=_READ_BUFFER,
        )
        certificate = await asyncio.to_thread(ServerCertificate.of, self._settings.proxy, self._feed.notify)
        beyond = bind_beyond(self._port, self._settings.proxy.listen)
        if self._api is not None:
            self._api.open()
        self._capturing = asyncio.create_task(self._capture.run(), name="capture")
        self._acceptors = [self._acceptor(sock, certificate) for sock in (self._sock, beyond) if sock is not None]
        contexts = Contexts(self._paths.authority) if self._paths is not None else None
        self._interception = Interception(self._settings, contexts, origins, self._web, self._feed.notify)
        self._forwarding = Forwarding(attempts, self._most_body)
        if self._redirected_sockets:
            self._redirected = RedirectedConnections(self._interception, self._web, self._refused_notices.tell)
            self._acceptors += [Acceptor(sock, self._redirected) for sock in self._redirected_sockets]
        for acceptor in self._acceptors:
            acceptor.start()
        # Loading the price data takes 0.3 s, which the first answer's stream must not wait for.
        self._warming = asyncio.create_task(asyncio.to_thread(self._pricer.warm), name="price data")
        self._linking = asyncio.create_task(self._fill_conversations(), name="conversations")
        self._rules.follow()

    def _acceptor(self, sock: socket.socket, certificate: ServerCertificate | None) -> Acceptor:
        """Return what accepts on a socket: with TLS, if there is a certificate and other machines reach it."""
        assert self._web is not None
        if certificate is None or is_loopback(sock.getsockname()[0]):
            return Acceptor(sock, self._web)
        return TlsAcceptor(sock, self._web, certificate, self._refused_notices.tell)

    async def _user_of(self, name: str) -> str | None:
        """Return whose a key is, or who signed in by that name; None if nobody is known. Raises KeysError."""
        key = await self._ring.named(name)
        return key.user if key is not None else dict(self._people.owners()).get(name, NOBODY).user

    async def _fill_conversations(self) -> None:
        """Tell the capture the latest conversations from before this process."""
        reader = self._store
        if reader is None:
            return
        try:
            self._capture.fill(await once_current(lambda: reader.conversations(MOST_KNOWN)))
        except StoreError as error:
            self._feed.notify(f"Sessions that continue earlier ones are not linked to them: {error}")

    async def stop(self, grace_s: float) -> None:
        """Stop accepting, let live requests end for ``grace_s`` seconds, cancel the rest, record everything."""
        assert self._web is not None
        assert self._relay is not None
        assert self._client is not None
        assert self._capturing is not None
        assert self._warming is not None
        for acceptor in self._acceptors:
            await acceptor.close()
        self._web.pre_shutdown()
        self._intercepts.close()
        await self._page.close()
        if self.live:
            try:
                await asyncio.wait_for(self._relaying.none(), grace_s)
            except TimeoutError:
                logger.warning("%d live requests did not end within %g s and are interrupted", self.live, grace_s)
        self._relay.stopping = True
        if self._replays is not None:
            await self._replays.close()
        await self._web.shutdown(_AT_ONCE_S)
        if self._redirected is not None:
            await self._redirected.close()
        await self._relaying.none()
        await self._telling.none()
        await self._rules.close_upstreams()
        if self._webhooks is not None:
            await self._webhooks.close()
        await self._client.close()
        self._capture.close()
        await self._capturing
        await self._warming
        await self._people.close()
        await self._parallel.close()
        for task in (self._linking, self._following_keys):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._rules.close()
        await self._spent_before.close()
        await self._spent_elsewhere.close()
        await self._budgets.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self._web is not None
        assert self._interception is not None
        headers = decoded_pairs(request.raw_headers)
        refusal = self._web.refusal(request, headers)
        if refusal is not None:
            logger.info("refused %s %s", request.method, request.path)
            self._refused_notices.tell(refusal.words)
            return refused(request, refusal.status, refusal.words, close=request.method == "CONNECT")
        if request.method == "CONNECT":
            return await self._interception.connect(request)
        target = origin_form(request.raw_path)
        from_beyond = self._web.is_from_beyond(request)
        connection = request.protocol
        if isinstance(connection, ClientConnection) and connection.named is not None:
            return await self._answer_named(request, target, headers, connection.named)
        if not from_beyond and is_forwarded(request.raw_path):
            with self._relaying:
                return await self._forwarding.answer(request, headers)
        if target == "/healthz":
            return self._health.health(from_beyond=from_beyond)
        if target == "/readyz":
            return self._health.readiness(ready=self._warming is not None and self._warming.done())
        if not from_beyond and target.partition("?")[0] == METRICS_PATH:
            with self._telling:
                return await self._metrics.answer(request)
        if not from_beyond and self._client_telemetry is not None and otlp.takes(target):
            with self._telling:
                return await otlp.receive(request, target, self._client_telemetry)
        if not from_beyond and of_page(target) and (page := self._page.opened()) is not None:
            with self._telling:
                return await page.answer(request, target)
        if self._api is not None and self._api.takes(target):
            with self._telling:
                return await self._api.answer(request, target, headers, from_beyond=from_beyond)
        if self._people.takes(target):
            with self._telling:
                return await self._people.answer(request, target, headers)
        assert self._model_requests is not None
        with self._relaying:
            return await self._model_requests.answer(request, target, headers, from_beyond=from_beyond)

    async def _answer_named(
        self, request: web.BaseRequest, target: str, headers: HeaderList, named: NamedHost
    ) -> web.StreamResponse:
        """Answer a request to a host that candela stands in for."""
        if request.headers.get("Upgrade", "").strip().lower() == _WEBSOCKET:
            assert self._interception is not None
            first = head(f"{request.method} {target} HTTP/1.1", headers)
            return await self._interception.upgrade(request, named.host, first)
        assert self._model_requests is not None
        with self._relaying:
            return await self._model_requests.answer_named(request, target, headers, named)

    def _token(self) -> str | None:
        return self._api.token if self._api is not None else None


def _warn(words: str) -> None:
    logger.warning("%s", words)
