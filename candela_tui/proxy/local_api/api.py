"""Checks the token and handles each path of the local API, which is documented in docs/local-api.md."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote

import msgspec
from aiohttp import web

from candela_tui import wire
from candela_tui.api_root import API_ROOT, TRACES_PATH
from candela_tui.audit.entry import AuditError
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.choice import unlock
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.credentials.vault.readable import standing_of_vault
from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Exchange
from candela_tui.feed import Feed
from candela_tui.keys.errors import KeysError
from candela_tui.protocol.errors import error_body
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.proxy.intercept.edit import NotEditable
from candela_tui.proxy.intercept.intercepts import Intercepts, NotHeld
from candela_tui.proxy.local_api.bodies import Bodies
from candela_tui.proxy.local_api.body_reads import BodyReads
from candela_tui.proxy.local_api.budgets import budgets_document, overridden
from candela_tui.proxy.local_api.events import RequestEvents, SnapshotEvents, event_stream, snapshot
from candela_tui.proxy.local_api.intercepting import BadIntercept, intercept_stream, state_of, wanted_filter
from candela_tui.proxy.local_api.listing import newest_first, session_records
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.local_api.session_contexts import SessionContexts
from candela_tui.proxy.local_api.token import bears, own_token
from candela_tui.proxy.local_api.traces import DEFAULT_LIMIT, RANGES, traces
from candela_tui.proxy.replay.replays import Replays
from candela_tui.proxy.replay.request import NotReplayable
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import detailed_record, request_record
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.rules_file import RulesFile
from candela_tui.store.errors import AmbiguousId, StoreError
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.wire import About, Chunk, PageLink, PostedNotice, ReplayOffer, Sent, Unlock

_JSON = "application/json"
_LINES = "application/x-ndjson"
_BYTES = "application/octet-stream"
_MOST_PASSPHRASE = 10_000
_MOST_NOTICE = 4_000


class BadQuery(ValueError):
    """A query has a mistake; ``str()`` says which."""


class LocalApi:
    """Handles requests below API_ROOT."""

    def __init__(
        self,
        feed: Feed,
        store: StoreLocation,
        token_file: Path,
        about: Callable[[], About],
        vault_file: Path,
        accounts: Accounts,
        refusals: Refusals,
        intercepts: Intercepts,
        replays: Callable[[], Replays | None],
        rules: Callable[[], RulesFile | None],
        most_body: int,
        budgets: Budgets,
        new_page_link: Callable[[], str | None],
        body_reads: BodyReads,
    ) -> None:
        """``most_body`` is the size in bytes that an edited request may have. ``new_page_link`` returns a path that
        opens the dashboard in a browser once, or None if this candela has no page."""
        self._budgets = budgets
        self._body_reads = body_reads
        self._new_page_link = new_page_link
        self._feed = feed
        self._refusals = refusals
        self._intercepts = intercepts
        self._replays = replays
        self._rules = rules
        self._most_body = most_body
        self._vault_file = vault_file
        self._accounts = accounts
        self._store = StoreReader(store, feed.notify)
        self._token_file = token_file
        self._token: str | None = None
        self._about = about

    def open(self) -> None:
        """Create the token. If that fails, every request is refused and a notice says why."""
        try:
            self._token = own_token(self._token_file)
        except OSError as error:
            self._feed.notify(f"No other program can attach: {self._token_file} can't be made ({error.strerror})")

    @property
    def token(self) -> str | None:
        """The token, once it is made."""
        return self._token

    @staticmethod
    def takes(raw_path: str) -> bool:
        """Return whether a request target belongs to the local API."""
        return raw_path.partition("?")[0].startswith("/_local/")

    async def answer(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """Respond to a request that passed the guard, by the path and query of its target."""
        if self._token is None:
            return _refusal(503, f"the local API is closed: {self._token_file} could not be made")
        if not bears(request.headers.get("Authorization", ""), self._token):
            words = f"the local API asks for the token in {self._token_file}, as `Authorization: Bearer TOKEN`"
            return _refusal(401, words, {"WWW-Authenticate": 'Bearer realm="candela"'})
        path, _, query = target.partition("?")
        if path == f"{API_ROOT}/unlock":
            return await self._unlock(request)
        if path == f"{API_ROOT}/notices":
            return await self._notice(request)
        if path == f"{API_ROOT}/rules":
            return await self._rules_file(request)
        if path.startswith(f"{API_ROOT}/budgets/") and path.endswith("/override"):
            named = unquote(path.removeprefix(f"{API_ROOT}/budgets/").removesuffix("/override"))
            return await overridden(request, self._budgets, named)
        if path == f"{API_ROOT}/page-links":
            return self._page_link(request)
        if path == f"{API_ROOT}/intercept" and request.method == "POST":
            return await self._intercept(request)
        if path.startswith(f"{API_ROOT}/held/") and request.method == "POST":
            return await self._release(request, unquote(path.removeprefix(f"{API_ROOT}/held/")))
        if path.startswith(f"{API_ROOT}/requests/") and path.endswith("/replay"):
            named = unquote(path.removeprefix(f"{API_ROOT}/requests/").removesuffix("/replay"))
            return await self._replay(request, named, query)
        forgets = path == f"{API_ROOT}/refusals" and request.method == "DELETE"
        if request.method != "GET" and not forgets:
            return _refusal(405, "the local API is read with GET", {"Allow": "GET"})
        if path == TRACES_PATH:
            return await self._traces(query)
        if path != API_ROOT and not path.startswith(f"{API_ROOT}/"):
            return _refusal(404, f"the local API of this version is at {API_ROOT}")
        names = [unquote(name, errors="surrogateescape") for name in path.removeprefix(API_ROOT).split("/")[1:]]
        try:
            if forgets:
                model = _fields(query, "model").get("model")
                return _document(wire.encode(wire.Forgotten(self._refusals.forget(model))))
            return await self._resource(request, names, query)
        except (BadQuery, AmbiguousId) as error:
            return _refusal(400, str(error))
        except (StoreError, AuditError, KeysError) as error:
            return _refusal(503, str(error))
        except ConnectionResetError:
            # The reader disconnected, or read nothing for too long.
            request.protocol.force_close()
            return web.Response()

    async def _resource(self, request: web.BaseRequest, names: list[str], query: str) -> web.StreamResponse:
        match names:
            case [] | [""]:
                return _document(wire.encode(self._about()))
            case ["credentials"]:
                return _document(wire.encode([wire.Credentials.of(state) for state in await self._credentials()]))
            case ["refusals"]:
                return _document(wire.encode([wire.Refusal.of(each) for each in self._refusals.remembered()]))
            case ["budgets"]:
                return _document(budgets_document(self._budgets))
            case ["intercept"]:
                return _document(wire.encode(state_of(self._intercepts)))
            case ["events"]:
                return await event_stream(request, self._feed, self._about(), RequestEvents(self._contexts()))
            case ["sessions"]:
                return await self._sessions(_query(query, "since").since)
            case ["requests"]:
                contexts = self._contexts()

                async def record(exchange: Exchange) -> bytes:
                    return json_line(request_record(exchange, await contexts.of(exchange)))

                return await self._list(request, query, record)
            case ["requests", exchange_id]:
                return await self._request(exchange_id)
            case [wire.SNAPSHOTS]:
                return await self._list(request, query, snapshot)
            case [wire.SNAPSHOTS, "events"]:
                return await event_stream(request, self._feed, self._about(), SnapshotEvents())
            case [wire.SNAPSHOTS, exchange_id]:
                return await self._snapshot(exchange_id)
            case ["requests", exchange_id, *side, part] if side in ([], ["provider"]):
                if part in ("request", "response", "chunks"):
                    await self._body_reads.note(await self._exchange(exchange_id))
                bodies = Bodies(self._feed, self._store, exchange_id, of_provider=bool(side))
                match part:
                    case "request":
                        return await _sent(request, await bodies.request())
                    case "response":
                        return await _sent(request, await bodies.response())
                    case "chunks":
                        after = _number(_fields(query, "after"), "after", 0) or 0
                        return await _listed(request, await bodies.chunks(after))
        return _refusal(404, "the local API has no such path; docs/local-api.md lists the paths")

    async def _unlock(self, request: web.BaseRequest) -> web.Response:
        """Take the passphrase of the encrypted file, and keep it until this process exits."""
        if request.method != "POST":
            return _refusal(405, "use POST to give a passphrase", {"Allow": "POST"})
        try:
            given = msgspec.json.decode(await read_body(request, _MOST_PASSPHRASE), type=Unlock).passphrase
            await asyncio.to_thread(unlock, self._vault_file, given)
            self._tell_unlocked()
        except (BodyTooLarge, msgspec.DecodeError, RecursionError):
            return _refusal(400, 'send a passphrase as {"passphrase": "…"}')
        except VaultError as error:
            return _refusal(403, str(error))
        return _document(b"{}")

    async def _rules_file(self, request: web.BaseRequest) -> web.Response:
        """Say where the rules come from (GET), after reading them again (POST)."""
        rules = self._rules()
        if rules is None:
            return _refusal(404, "this candela does not follow the rules of a config.toml")
        if request.method not in ("GET", "POST"):
            return _refusal(405, "use POST to read the rules again, GET for where they are", {"Allow": "GET, POST"})
        if request.method == "POST":
            await rules.read_again()
        return _document(wire.encode(wire.RulesState(str(rules.path), rules.trouble)))

    async def _intercept(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold what a filter matches for as long as the client reads the response."""
        try:
            return await intercept_stream(request, self._intercepts, await wanted_filter(request))
        except BadIntercept as error:
            return _refusal(400, str(error))
        except ConnectionResetError:
            request.protocol.force_close()
            return web.Response()

    async def _release(self, request: web.BaseRequest, exchange_id: str) -> web.Response:
        """Let a held request go: as it is, or with the body that is given."""
        try:
            body = await read_body(request, self._most_body)
            changed = await self._intercepts.release(exchange_id, body or None)
        except BodyTooLarge:
            return _refusal(413, "the body is larger than [proxy] max_body_mb allows")
        except NotEditable as error:
            return _refusal(400, str(error))
        except NotHeld:
            return _refusal(404, "no request of this id is held: it has gone on, or its client has left")
        return _document(wire.encode(wire.Released(changed)))

    async def _replay(self, request: web.BaseRequest, exchange_id: str, query: str) -> web.Response:
        """Send a recorded request again (POST), or say what that is expected to cost (GET)."""
        replays = self._replays()
        if request.method not in ("GET", "POST") or replays is None:
            return _refusal(405, "use POST to send a request again, GET for what it may cost", {"Allow": "GET, POST"})
        try:
            exchange = await self._exchange(exchange_id)
            if exchange is None:
                return _unknown()
            wanted = msgspec.convert(_fields(query, "model", "route"), wire.Replay)
            body = await Bodies(self._feed, self._store, exchange.id, of_provider=False).request()
            whole = b"".join(body) if body is not None else None
            if request.method == "POST":
                return _document(wire.encode(Sent(await replays.send(exchange, whole, wanted.model, wanted.route))))
            expected = await replays.offer(exchange, whole, wanted.model, wanted.route)
            return _document(wire.encode(ReplayOffer(expected.low, expected.high)))
        except (BadQuery, AmbiguousId, NotReplayable) as error:
            return _refusal(400, str(error))
        except msgspec.ValidationError:
            return _refusal(400, f"there is no such route; there is {', '.join(RouteName)}")
        except StoreError as error:
            return _refusal(503, str(error))

    def _tell_unlocked(self) -> None:
        for provider in self._in_file():
            state = next((one for one in self._feed.credentials if one.provider is provider), None)
            if state is None or state.standing is Standing.LOCKED:
                self._feed.tell_credentials(CredentialState(provider, Standing.NONE))

    async def _credentials(self) -> list[CredentialState]:
        """Return the states of credentials as the next request finds them: those in the file may be locked."""
        known = {state.provider: state for state in self._feed.credentials}
        in_file = self._in_file()
        wrong = await standing_of_vault("file", self._vault_file) if in_file else None
        if wrong is not None and wrong[0] is Standing.LOCKED:
            known |= {provider: CredentialState(provider, Standing.LOCKED, words=wrong[1]) for provider in in_file}
        return list(known.values())

    def _in_file(self) -> list[Provider]:
        """Return the providers whose secrets are in the encrypted file."""
        try:
            accounts = self._accounts.all()
        except CredentialsError:
            return []
        return [provider for provider, account in accounts.items() if account.store == "file"]

    async def _notice(self, request: web.BaseRequest) -> web.Response:
        """Show a notice in every dashboard of this candela, and log it."""
        if request.method != "POST":
            return _refusal(405, "use POST to give a notice", {"Allow": "POST"})
        try:
            text = msgspec.json.decode(await read_body(request, _MOST_NOTICE), type=PostedNotice).text
        except (BodyTooLarge, msgspec.DecodeError, RecursionError):
            return _refusal(400, 'send a notice as {"text": "…"}')
        self._feed.notify(terminal_safe(text))
        return _document(b"{}")

    async def _traces(self, query: str) -> web.Response:
        try:
            fields = _fields(query, "limit", "range")
            limit = _number(fields, "limit", 1) or DEFAULT_LIMIT
            return _document(await traces(self._feed, self._store, limit, _range(fields)))
        except BadQuery as error:
            return _refusal(400, str(error))
        except StoreError as error:
            return _refusal(503, str(error))

    def _page_link(self, request: web.BaseRequest) -> web.Response:
        """Make a link that opens the dashboard in a browser."""
        if request.method != "POST":
            return _refusal(405, "use POST to make a link", {"Allow": "POST"})
        path = self._new_page_link()
        if path is None:
            return _refusal(404, "this candela has no dashboard for browsers")
        return _document(wire.encode(PageLink(path)))

    async def _sessions(self, since: datetime | None) -> web.Response:
        return _document(json_line(await session_records(self._feed, self._store, since)))

    def _contexts(self) -> SessionContexts:
        return SessionContexts(self._feed, self._store)

    async def _list(
        self, request: web.BaseRequest, query: str, written: Callable[[Exchange], Awaitable[bytes]]
    ) -> web.StreamResponse:
        """Respond with the exchanges of a query, newest first, each on its own line."""
        wanted = _query(query, "session", "since", "before", "limit")
        async with contextlib.aclosing(newest_first(self._feed, self._store, wanted)) as found:
            # The status reports a store that can't be read, so the first exchange is read before the status is sent.
            first = await anext(found, None)
            line = await written(first) if first is not None else None
            async with _whole(await Outflow(request, _LINES).start()) as out:
                if line is not None:
                    await out.add(line + b"\n")
                async for exchange in found:
                    await out.add(await written(exchange) + b"\n")
        return out.response

    async def _exchange(self, exchange_id: str) -> Exchange | None:
        return self._feed.snapshot(exchange_id) or await asyncio.to_thread(self._store.exchange, exchange_id)

    async def _request(self, exchange_id: str) -> web.Response:
        exchange = await self._exchange(exchange_id)
        if exchange is None:
            return _unknown()
        return _document(json_line(detailed_record(exchange, await self._contexts().of(exchange))))

    async def _snapshot(self, exchange_id: str) -> web.Response:
        exchange = await self._exchange(exchange_id)
        return _document(wire.encode(exchange)) if exchange else _unknown()


async def _sent(request: web.BaseRequest, body: Sequence[bytes] | None) -> web.StreamResponse:
    if body is None:
        return _unknown()
    async with _whole(await Outflow(request, _BYTES).start()) as out:
        for piece in body:
            await out.add(piece)
    return out.response


async def _listed(request: web.BaseRequest, found: tuple[Sequence[bytes], Sequence[float]]) -> web.StreamResponse:
    async with _whole(await Outflow(request, _LINES).start()) as out:
        for chunk, at_ms in zip(*found, strict=True):
            await out.add(wire.encode(Chunk(at_ms, chunk)) + b"\n")
    return out.response


@contextlib.asynccontextmanager
async def _whole(out: Outflow) -> AsyncIterator[Outflow]:
    """End the response after the block. If the block fails, close the connection without an end."""
    try:
        yield out
        await out.finish()
    except StoreError:
        out.break_off()


def _document(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=_JSON, headers={"Cache-Control": "no-store"})


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=error_body(status, words), content_type=_JSON, headers=headers)


def _unknown() -> web.Response:
    return _refusal(404, "this is not recorded")


def _fields(query: str, *known: str) -> dict[str, str]:
    fields = parse_qs(query, keep_blank_values=True, errors="surrogateescape")
    for name, values in fields.items():
        if name not in known:
            raise BadQuery(f"{name[:50]!r} is no parameter of this path; there is {', '.join(known) or 'none'}")
        if len(values) > 1:
            raise BadQuery(f"{name} is given more than once")
    return {name: values[0] for name, values in fields.items()}


def _query(query: str, *known: str) -> ExchangeQuery:
    fields = _fields(query, *known)
    return ExchangeQuery(
        session_id=(fields["session"] or None) if "session" in fields else EVERY_SESSION,
        since=_moment(fields["since"]) if "since" in fields else None,
        before=fields.get("before"),
        limit=_number(fields, "limit", 1),
    )


def _number(fields: dict[str, str], name: str, least: int) -> int | None:
    text = fields.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= least):
        raise BadQuery(f"{name} is a whole number from {least}, not {text[:50]!r}")
    return int(text)


def _range(fields: dict[str, str]) -> timedelta:
    text = fields.get("range", "7d")
    if text not in RANGES:
        raise BadQuery(f"range is {', '.join(RANGES)}, not {text[:50]!r}")
    return RANGES[text]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"since is a time such as 2026-11-21T12:00:00Z, not {text[:50]!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
