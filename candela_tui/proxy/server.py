"""The proxy: an aiohttp server with its routes, its client for providers, and its capture."""

import asyncio
import contextlib
import importlib.util
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from multidict import CIMultiDict

from candela_tui import __version__
from candela_tui.api_root import PAGE_ROOT, SIGN_IN_CALLBACK, SIGN_IN_PAGE, of_page
from candela_tui.audit.actor import own_user, owner_of
from candela_tui.audit.entry import AuditError, Via
from candela_tui.audit.rules import PREFIX, rules_in
from candela_tui.client_telemetry.intake import ClientTelemetry
from candela_tui.config import RulesSettings, Settings
from candela_tui.credentials.accounts import Accounts
from candela_tui.exchange import Kept, Outcome
from candela_tui.feed import Feed
from candela_tui.installation import install_command
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key
from candela_tui.keys.ring import KeyRing
from candela_tui.ledger.running import RunningLedger
from candela_tui.network.head_check import coded
from candela_tui.network.header_bytes import head, keep_header_bytes
from candela_tui.network.header_fields import decoded_pairs
from candela_tui.network.origins import Origins
from candela_tui.network.provider_client import ProviderClient
from candela_tui.network.provider_response import FIELD_LIMIT, MOST_FIELDS
from candela_tui.network.server_certificate import ServerCertificate
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.protocol.errors import ApiError, error_type
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.exchange_ids import id_at
from candela_tui.providers.identity import RouteName
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.providers.registry import destination, open_upstreams
from candela_tui.providers.replies import error_for
from candela_tui.providers.upstream import Attempt, ClientRequest, Named, Upstream
from candela_tui.proxy import otlp
from candela_tui.proxy.access.acceptor import Acceptor
from candela_tui.proxy.access.client_connection import ClientConnection, NamedHost
from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.access.key_gate import KeyGate, KeyRefusal
from candela_tui.proxy.access.parallel import ParallelRequests, parallel_words
from candela_tui.proxy.access.refusal_notices import RefusalNotices
from candela_tui.proxy.access.request_target import origin_form
from candela_tui.proxy.access.tls_acceptor import TlsAcceptor
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.conversations import MOST_KNOWN
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.client_answer import error_response, refused, reply_response, with_own_fields
from candela_tui.proxy.forwarding import Forwarding, is_forwarded
from candela_tui.proxy.intercept.intercepts import Intercepts
from candela_tui.proxy.listen import HOST, bind_beyond, is_loopback
from candela_tui.proxy.local_api.api import LocalApi
from candela_tui.proxy.local_api.body_reads import BodyReads
from candela_tui.proxy.metrics.counts import Counts
from candela_tui.proxy.metrics.moment import Moment
from candela_tui.proxy.metrics.page import METRICS_PATH, MetricsPage
from candela_tui.proxy.named_session import named_session
from candela_tui.proxy.relay import Relay
from candela_tui.proxy.replay.replays import Replays
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.proxy.routes import BELOW_V1, Routes
from candela_tui.proxy.tls_interception.contexts import Contexts
from candela_tui.proxy.tls_interception.interception import Interception
from candela_tui.proxy.tls_interception.redirected import RedirectedConnections
from candela_tui.rules.budgets.books import Unreachable
from candela_tui.rules.budgets.opening import open_budgets
from candela_tui.rules.budgets.targets import NOBODY, Owner
from candela_tui.rules.budgets.webhook import Webhooks
from candela_tui.rules.in_force import RuledUpstreams
from candela_tui.rules.of_keys import RulesOfKeys
from candela_tui.rules.rule import RuleContext
from candela_tui.rules.rules_file import RulesFile
from candela_tui.sinks.latest_messages import LatestMessagesSink
from candela_tui.sinks.ledger import LedgerSink
from candela_tui.sinks.sink import Sink
from candela_tui.sinks.telemetry.sink import NAME, Telemetry
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.once_current import once_current
from candela_tui.store.open_audit import open_audit_log
from candela_tui.store.open_keys import open_key_store
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock
from candela_tui.wire import About

if TYPE_CHECKING:
    from candela_tui.keys.sessions import Sessions
    from candela_tui.proxy.browser.page import DashboardPage
    from candela_tui.proxy.team.sign_in import SignIn

_READ_BUFFER = 256 * 1024
_KEEPALIVE_S = 600
_WEBSOCKET = "websocket"
_AT_ONCE_S = 0.001  # aiohttp takes 0 for no limit

logger = logging.getLogger(__name__)

_FILL_AGAIN_S = 2.0
"""Seconds between two attempts to read what was spent from a database that is away."""
_FILLED_AT_ONCE = 20
"""Sums added to the ledger before the loop continues with other work: about 0.1 ms."""


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
        """Wait until no request is inside."""
        await self._none.wait()


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
        self._counts = counts or Counts()
        self._redirected_sockets = redirected
        self._settings = settings
        self._client_telemetry = client_telemetry
        self._traces = any(isinstance(sink, Telemetry) and sink.name == NAME for sink in sinks)
        self._rules_file = rules_file
        self._sock = sock
        self._port: int = sock.getsockname()[1]
        self._feed = feed
        self._paths = paths
        self._store = StoreReader(paths.store) if paths else None
        self._routes = Routes(settings)
        self._upstreams: dict[RouteName, Upstream] = {}
        self._ruled: RuledUpstreams | None = None
        self._webhooks: Webhooks | None = None
        self._rules: RulesFile | None = None
        self._limit = settings.proxy.max_body_mb * 1024 * 1024
        self._started_at = datetime.now(UTC)
        self._pricer = Pricer(settings.pricing)
        self._ledger = RunningLedger(Clock())
        audit = open_audit_log(settings, paths, own_user(), Via.LOCAL_API) if paths is not None else None
        self._budgets = open_budgets(settings, paths, self._pricer, self._ledger, feed.notify, audit)
        self._messages = LatestMessages()
        own: list[Sink] = [LedgerSink(self._ledger), self._budgets, self._counts]
        if settings.cache.ask_provider:
            own.append(LatestMessagesSink(self._messages))
        self._capture = Capture((*sinks, *own), self._pricer, feed.notify, Kept(settings.history.bodies))
        self._client: ProviderClient | None = None
        self._relay: Relay | None = None
        self._replays: Replays | None = None
        self._web: GuardedServer | None = None
        self._interception: Interception | None = None
        self._redirected: RedirectedConnections | None = None
        self._acceptors: list[Acceptor] = []
        self._capturing: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._linking: asyncio.Task[None] | None = None
        self._following_rules: asyncio.Task[None] | None = None
        self._following_keys: asyncio.Task[None] | None = None
        self._relaying = InFlight()
        self._telling = InFlight()
        self._refused_notices = RefusalNotices(feed.notify)
        self.refusals = Refusals()
        """What models refused."""
        self._rules_of_keys = RulesOfKeys()
        self._rules_settings = settings.rules
        self._ring = KeyRing(
            open_key_store(settings, paths) if paths is not None else None,
            settings.proxy.keys_file,
            on_loaded=self._keys_loaded,
        )
        self._sessions = _sessions(settings, paths)
        self._keys = KeyGate(self._ring, self._token, required=settings.keys.required, sessions=self._sessions)
        self._sign_in: SignIn | None = None
        self._known_people: tuple[tuple[str, Owner], ...] = ()
        """Those whom the budgets know, of the people who signed in."""
        self._parallel = ParallelRequests()
        self._intercepts = Intercepts(feed, StoreReader(paths.store, feed.notify) if paths else None)
        self._api = (
            LocalApi(
                feed,
                paths.store,
                paths.token,
                self._about,
                paths.vault,
                Accounts(paths.accounts),
                self.refusals,
                self._intercepts,
                lambda: self._replays,
                lambda: self._rules,
                self._limit,
                self._budgets,
                self._new_page_link,
                BodyReads(audit, self._user_of),
            )
            if paths is not None and audit is not None
            else None
        )
        self._metrics = MetricsPage(settings.metrics.allow, self._token, self._moment)
        self._dashboard = dashboard
        self._page: DashboardPage | None = None

    @property
    def live(self) -> int:
        """The number of requests in flight."""
        return self._relaying.count

    async def start(self) -> None:
        """Start serving. Raises OSError if the CA bundle can't be read, and CertificateError for [proxy] tls_cert."""
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
        context = RuleContext(self._feed.notify, self._ledger, self._budgets, self._store)
        self._ruled = RuledUpstreams(opened, self._settings, context)
        self._upstreams = self._ruled.by_route
        try:
            # First, because budgets may be for the users and teams of keys.
            await self._ring.refresh()
        except KeysError as error:
            self._feed.notify(f"The keys can't be read, so nobody is let in with one: {error}")
        # Before the rules: budgets of teams count what people asked before.
        await self._open_sign_in(attempts)
        self._apply_rules(self._settings.rules)
        self._following_keys = asyncio.create_task(self._ring.follow(), name="keys")
        self._replays = Replays(
            attempts,
            self._upstreams,
            self._capture,
            self._pricer,
            lambda: self._relaying,
            self._budgets.give_back,
            self._keys,
        )
        self._web = GuardedServer(
            self._handle,
            allow=self._settings.proxy.allow,
            open_paths={METRICS_PATH} if self._settings.metrics.allow == "any-local" else (),
            browser_paths={SIGN_IN_PAGE, SIGN_IN_CALLBACK} if self._sessions is not None else (),
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
        self._forwarding = Forwarding(attempts, self._limit)
        if self._redirected_sockets:
            self._redirected = RedirectedConnections(self._interception, self._web, self._refused_notices.tell)
            self._acceptors += [Acceptor(sock, self._redirected) for sock in self._redirected_sockets]
        for acceptor in self._acceptors:
            acceptor.start()
        # Loading the price data takes 0.3 s, which the first answer's stream must not wait for.
        self._warming = asyncio.create_task(asyncio.to_thread(self._pricer.warm), name="price data")
        self._linking = asyncio.create_task(self._fill_conversations(), name="conversations")
        if self._rules_file is not None:
            self._rules = RulesFile(
                self._rules_file, self._settings.rules, self._apply_rules, self._feed.notify, self._record_rules
            )
            self._following_rules = asyncio.create_task(self._rules.follow(), name="rules")

    def _acceptor(self, sock: socket.socket, certificate: ServerCertificate | None) -> Acceptor:
        """Return what accepts on a socket: with TLS, if there is a certificate and other machines reach it."""
        assert self._web is not None
        if certificate is None or is_loopback(sock.getsockname()[0]):
            return Acceptor(sock, self._web)
        return TlsAcceptor(sock, self._web, certificate, self._refused_notices.tell)

    def _people(self) -> Iterator[tuple[str, Owner]]:
        """Yield whose the keys of people are that signed in."""
        for person in self._sessions.people if self._sessions is not None else ():
            yield person.email, Owner(person.email, person.team)

    async def _user_of(self, name: str) -> str | None:
        """Return whose a key is, or who signed in by that name; None if nobody is known. Raises KeysError."""
        key = await self._ring.named(name)
        return key.user if key is not None else dict(self._people()).get(name, NOBODY).user

    async def _open_sign_in(self, attempts: Attempts) -> None:
        """Let people sign in, if the settings want that."""
        team, paths = self._settings.team, self._paths
        if self._sessions is None or paths is None:
            if team.oidc.issuer is not None:
                self._feed.notify("Nobody can sign in: [team.oidc] issuer also needs client_id, and url in [team].")
            return
        from candela_tui.proxy.team.sign_in import SignIn

        if importlib.util.find_spec("joserfc") is None:
            command = install_command("joserfc", "team")
            self._feed.notify(f"Nobody can sign in: [team.oidc] needs the Python package joserfc: {command}")
            return
        try:
            await asyncio.to_thread(self._sessions.open)
        except KeysError as error:
            self._feed.notify(f"Nobody can sign in: {error}")
            return
        self._sign_in = SignIn(
            team,
            self._routes.names,
            self._sessions,
            self._keys,
            lambda person: open_audit_log(self._settings, paths, person, Via.SIGN_IN),
            lambda asked: attempts.fetch(Attempt(request=asked)),
            self._signed_in,
        )

    def _signed_in(self) -> None:
        """Let budgets know who signed in, unless they do."""
        if tuple(self._people()) != self._known_people:
            self._apply_rules(self._rules_settings)

    def _keys_loaded(self, keys: list[Key]) -> None:
        """Take the rules of the keys, which are read again when they change."""
        rules = RulesOfKeys.of(keys)
        if rules != self._rules_of_keys:
            self._rules_of_keys = rules
            self._apply_rules(self._rules_settings)

    def _apply_rules(self, settings: RulesSettings) -> None:
        assert self._ruled is not None
        self._rules_settings = settings
        settings = self._rules_of_keys.added_to(settings)
        self._known_people = tuple(self._people())
        self._budgets.configure(settings, (*self._rules_of_keys.owners, *self._known_people))
        self._ruled.apply(settings, key_aliases=self._rules_of_keys.aliased)
        if self._ruled.ruled:
            self._filling = asyncio.create_task(self._fill(self._filling), name="ledger")

    def _record_rules(self) -> None:
        """Write into the audit log what was changed in config.toml by others than candela's commands. Blocks."""
        assert self._rules_file is not None
        rules = rules_in(self._rules_file)
        if rules is None or self._paths is None:
            return
        try:
            open_audit_log(self._settings, self._paths, owner_of(self._rules_file), Via.FILE).record_states(
                PREFIX, rules
            )
        except AuditError as error:
            self._feed.notify(f"A change of the rules is not recorded: {error}")

    async def _fill_conversations(self) -> None:
        """Tell the capture the latest conversations from before this process."""
        reader = self._store
        if reader is None:
            return
        try:
            self._capture.fill(await once_current(lambda: reader.conversations(MOST_KNOWN)))
        except StoreError as error:
            self._feed.notify(f"Sessions that continue earlier ones are not linked to them: {error}")

    async def _fill(self, before: asyncio.Task[None] | None) -> None:
        """Give the rules what was recorded before: the ledger once, the budgets after each change of them. ``before``
        is the task that did so for the rules before these."""
        if before is not None:
            await before
        reader = self._store
        if reader is None:
            self._budgets.begin()
            return
        failed = False
        while not self._stopping.is_set() and self._filling is asyncio.current_task():
            try:
                await self._fill_from(reader)
            except (StoreError, Unreachable) as error:
                if not failed:
                    self._budgets.begin(incomplete=True)
                    self._feed.notify(f"Rules do not know what was spent before: {error}")
                failed = True
                if not self._budgets.shared:
                    return
                # The database may come back.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _FILL_AGAIN_S)
            else:
                return

    async def _fill_from(self, reader: StoreReader) -> None:
        if not self._ledger.complete:
            # Ids sort by time (see ``id_at``). What another process relays from now on is not counted.
            query = ExchangeQuery(before=id_at(self._started_at))
            recorded = await once_current(lambda: reader.totals(query))
            for number, _ in enumerate(self._ledger.fill(recorded)):
                if number % _FILLED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        await self._budgets.fill(reader, self._feed.newer_than_store())

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
        if self._page is not None:
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
        assert self._ruled is not None
        await self._ruled.close()
        if self._webhooks is not None:
            await self._webhooks.close()
        await self._client.close()
        self._capture.close()
        await self._capturing
        await self._warming
        for task in (self._linking, self._following_rules, self._following_keys):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._stopping.set()
        if self._filling is not None:
            await self._filling
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
            return web.json_response({"name": "candela"} if from_beyond else self._health())
        if target == "/readyz":
            ready = self._warming is not None and self._warming.done()
            # Without its store, a candela still relays: it is ready.
            store = "answers" if self._feed.storing().trouble is None else "unavailable"
            words = {"status": "ready" if ready else "starting", "store": store}
            return web.json_response(words, status=200 if ready else 503)
        if not from_beyond and target.partition("?")[0] == METRICS_PATH:
            with self._telling:
                return await self._metrics.answer(request)
        if not from_beyond and self._client_telemetry is not None and otlp.takes(target):
            with self._telling:
                return await otlp.receive(request, target, self._client_telemetry)
        if not from_beyond and of_page(target) and (page := self._opened_page()) is not None:
            with self._telling:
                return await page.answer(request, target)
        if not from_beyond and self._api is not None and self._api.takes(target):
            with self._telling:
                return await self._api.answer(request, target)
        if self._sign_in is not None and self._sign_in.takes(target):
            with self._telling:
                return await self._sign_in.answer(request, target, headers)
        with self._relaying:
            return await self._answer(request, target, headers, from_beyond=from_beyond)

    async def _answer_named(
        self, request: web.BaseRequest, target: str, headers: HeaderList, named: NamedHost
    ) -> web.StreamResponse:
        """Answer a request to a host that candela stands in for."""
        if request.headers.get("Upgrade", "").strip().lower() == _WEBSOCKET:
            assert self._interception is not None
            first = head(f"{request.method} {target} HTTP/1.1", headers)
            return await self._interception.upgrade(request, named.host, first)
        host = named.host
        asked = ClientRequest(
            request.method,
            host.path(target),
            headers,
            b"",
            host.route,
            arrival=named.arrival,
            named=Named(host.name, target),
        )
        with self._relaying:
            return await self._relayed(request, asked, from_beyond=False)

    async def _answer(
        self, request: web.BaseRequest, raw_path: str, headers: HeaderList, *, from_beyond: bool
    ) -> web.StreamResponse:
        found = self._routes.resolve(raw_path)
        if found is None:
            words = f"candela has no route for {request.path}; there is {', '.join(self._routes.names)}"
            if raw_path.startswith(BELOW_V1):
                words += ". A client that adds no /v1 needs a base URL that ends in /v1"
            return error_response(404, words)
        route, path = found
        asked = ClientRequest(request.method, path, headers, b"", route)
        return await self._relayed(request, asked, from_beyond=from_beyond)

    async def _relayed(
        self, request: web.BaseRequest, asked: ClientRequest, *, from_beyond: bool
    ) -> web.StreamResponse:
        """Check the key of a request, read its body, and relay it."""
        key = await self._keys.admit(asked, from_beyond=from_beyond)
        if isinstance(key, KeyRefusal):
            return self._refused(replace(asked, key=key.key), key)
        if key is None:
            return await self._relayed_with_key(request, asked)
        asked = replace(asked, key=key)
        with self._parallel.one(key) as free:
            if not free:
                return self._blocked(asked, 429, parallel_words(key), "parallel_limit_exceeded", [("retry-after", "1")])
            return await self._relayed_with_key(request, asked)

    async def _relayed_with_key(self, request: web.BaseRequest, asked: ClientRequest) -> web.StreamResponse:
        assert self._relay is not None
        if coded(asked.headers):
            words = "the request has a transfer coding other than chunked, which candela does not undo"
            return self._blocked(asked, 501, words)
        try:
            body = await read_body(request, self._limit)
        except BodyTooLarge:
            words = (
                f"the request body is larger than the {self._settings.proxy.max_body_mb} MiB that [proxy] max_body_mb"
                " allows"
            )
            return self._blocked(asked, 413, words)
        session = named_session(asked.headers, self._settings.sessions.header)
        asked = replace(asked, body=body, session=session)
        return await self._relay.relay(request, asked, self._upstreams[asked.route.name])

    def _refused(self, client_request: ClientRequest, refusal: KeyRefusal) -> web.Response:
        """Refuse a request by its key. It is recorded if the key is known: others could fill the store."""
        if refusal.key is not None:
            return self._blocked(client_request, refusal.status, refusal.words, refusal.code)
        self._refused_notices.tell(refusal.words)
        response = reply_response(error_for(client_request, refusal.status, refusal.words, code=refusal.code))
        response.force_close()
        return response

    def _blocked(
        self,
        client_request: ClientRequest,
        status: int,
        words: str,
        code: str | None = None,
        fields: HeaderList | None = None,
    ) -> web.Response:
        """Refuse a request without reading its body, or what is left of it. ``fields`` are header fields beside the
        usual ones."""
        raw = RawExchange(client_request)
        raw.answered(status, [])
        raw.ended(Outcome.BLOCKED, ApiError(error_type(status), words))
        self._capture.begin(raw)
        reply = error_for(client_request, status, words, code=code)
        headers = CIMultiDict(with_own_fields([*reply.headers, *(fields or ())], raw))
        response = web.Response(status=reply.status, headers=headers, body=reply.body)
        response.force_close()
        return response

    def _opened_page(self) -> "DashboardPage | None":
        """Return what shows dashboards in browsers, or None if there is no command for one."""
        if self._page is None and self._api is not None and self._dashboard:
            # Not at the top: most never open it.
            from candela_tui.proxy.browser.access import Access
            from candela_tui.proxy.browser.page import DashboardPage

            self._page = DashboardPage(Access(self._token, self._port), self._dashboard)
        return self._page

    def _token(self) -> str | None:
        return self._api.token if self._api is not None else None

    def _moment(self) -> Moment:
        return Moment(
            self._counts.now(),
            self.live,
            self._started_at.timestamp(),
            self._feed.storing(),
            self._feed.telemetry(),
            self._budgets.states(),
        )

    def _new_page_link(self) -> str | None:
        page = self._opened_page()
        return f"{PAGE_ROOT}?token={page.access.new_link()}" if page is not None else None

    def _health(self) -> dict[str, Any]:
        storing = self._feed.storing()
        return {
            "name": "candela",
            "version": __version__,
            "pid": os.getpid(),
            "started_at": self._started_at.isoformat().replace("+00:00", "Z"),
            "data_dir": str(self._paths.data) if self._paths else None,
            "database": str(self._paths.database) if self._paths and self._paths.database else None,
            "route": self._settings.proxy.default_route,
            "live": self.live,
            "storing": asdict(storing),
            "telemetry": [asdict(state) for state in self._feed.telemetry()],
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


def _sessions(settings: Settings, paths: Paths | None) -> "Sessions | None":
    """Return the sessions of people who signed in, or None if nobody can."""
    if paths is None or not settings.team.lets_sign_in:
        return None
    from candela_tui.keys.sessions import Sessions  # Not at the top: most candelas are for one person.

    return Sessions(paths.sessions, settings.keys.pepper_file or paths.keys_pepper)


def _warn(words: str) -> None:
    logger.warning("%s", words)
