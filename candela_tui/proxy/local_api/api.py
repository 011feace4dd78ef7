"""Who may ask, and which path means what. Documented in docs/local-api.md."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote

import msgspec
from aiohttp import web

from candela_tui import wire
from candela_tui.credentials.vault.choice import unlock
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.feed import Feed
from candela_tui.protocol.errors import error_body
from candela_tui.proxy.local_api.bodies import Bodies
from candela_tui.proxy.local_api.events import event_stream
from candela_tui.proxy.local_api.listing import Wanted, newest_first, session_records
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.local_api.token import bears, own_token
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import EVERY_SESSION, StoreReader
from candela_tui.wire import API_ROOT, About, Chunk, Said, Unlock

_JSON = "application/json"
_LINES = "application/x-ndjson"
_BYTES = "application/octet-stream"
_MOST_PASSPHRASE = 10_000
_MOST_NOTICE = 4_000


class BadQuery(ValueError):
    """A query that means nothing; in words."""


class LocalApi:
    """Answers what is asked below API_ROOT."""

    def __init__(self, feed: Feed, store: Path, token_file: Path, about: Callable[[], About], vault_file: Path) -> None:
        self._feed = feed
        self._vault_file = vault_file
        self._store = StoreReader(store, feed.notify)
        self._token_file = token_file
        self._token: str | None = None
        self._about = about

    def open(self) -> None:
        """Make the token. Without one nobody may ask; a notice says why."""
        try:
            self._token = own_token(self._token_file)
        except OSError as error:
            self._feed.notify(f"No other program can attach: {self._token_file} can't be made ({error.strerror})")

    @staticmethod
    def takes(raw_path: str) -> bool:
        """Whether this request target is the local API's."""
        return raw_path.partition("?")[0].startswith("/_local/")

    async def answer(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """Answer a request that passed the guard, by path and query of its target."""
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
        if request.method != "GET":
            return _refusal(405, "the local API is read with GET", {"Allow": "GET"})
        if path != API_ROOT and not path.startswith(f"{API_ROOT}/"):
            return _refusal(404, f"the local API of this version is at {API_ROOT}")
        names = [unquote(name, errors="surrogateescape") for name in path.removeprefix(API_ROOT).split("/")[1:]]
        try:
            return await self._resource(request, names, query)
        except BadQuery as error:
            return _refusal(400, str(error))
        except StoreError as error:
            return _refusal(503, str(error))
        except ConnectionResetError:
            # The reader went, or took nothing for too long.
            request.protocol.force_close()
            return web.Response()

    async def _resource(self, request: web.BaseRequest, names: list[str], query: str) -> web.StreamResponse:
        match names:
            case [] | [""]:
                return _document(wire.encode(self._about()))
            case ["credentials"]:
                return _document(wire.encode(self._feed.credentials))
            case ["events"]:
                return await event_stream(request, self._feed, self._about())
            case ["sessions"]:
                return await self._sessions(_wanted(query, "since").since)
            case ["requests"]:
                return await self._requests(request, _wanted(query, "session", "since", "before", "limit"))
            case ["requests", exchange_id]:
                return await self._request(exchange_id)
            case ["requests", exchange_id, *side, part] if side in ([], ["provider"]):
                bodies = Bodies(self._feed, self._store, exchange_id, of_provider=bool(side))
                match part:
                    case "request":
                        return await _sent(request, await bodies.request())
                    case "response":
                        return await _sent(request, await bodies.response())
                    case "chunks":
                        after = _number(_fields(query, "after"), "after", 0) or 0
                        return await _listed(request, await bodies.chunks(after))
        return _refusal(404, "the local API has no such path; docs/local-api.md lists those that there are")

    async def _unlock(self, request: web.BaseRequest) -> web.Response:
        """Take the passphrase of the encrypted file, for as long as this process lives."""
        if request.method != "POST":
            return _refusal(405, "a passphrase is given with POST", {"Allow": "POST"})
        try:
            given = msgspec.json.decode(await read_body(request, _MOST_PASSPHRASE), type=Unlock).passphrase
            await asyncio.to_thread(unlock, self._vault_file, given)
        except (BodyTooLarge, msgspec.DecodeError, RecursionError):
            return _refusal(400, 'a passphrase is given as {"passphrase": "…"}')
        except VaultError as error:
            return _refusal(403, str(error))
        return _document(b"{}")

    async def _notice(self, request: web.BaseRequest) -> web.Response:
        """Show a notice wherever this candela is watched, and log it."""
        if request.method != "POST":
            return _refusal(405, "a notice is given with POST", {"Allow": "POST"})
        try:
            text = msgspec.json.decode(await read_body(request, _MOST_NOTICE), type=Said).text
        except (BodyTooLarge, msgspec.DecodeError, RecursionError):
            return _refusal(400, 'a notice is given as {"text": "…"}')
        self._feed.notify("".join(filter(str.isprintable, text)))
        return _document(b"{}")

    async def _sessions(self, since: datetime | None) -> web.Response:
        return _document(wire.encode(await session_records(self._feed, self._store, since)))

    async def _requests(self, request: web.BaseRequest, wanted: Wanted) -> web.StreamResponse:
        async with contextlib.aclosing(newest_first(self._feed, self._store, wanted)) as found:
            # A store that can't be read is told by the status, so the first one is read before that is sent.
            first = await anext(found, None)
            async with _whole(await Outflow(request, _LINES).start()) as out:
                if first is not None:
                    await out.add(wire.encode(first) + b"\n")
                async for exchange in found:
                    await out.add(wire.encode(exchange) + b"\n")
        return out.response

    async def _request(self, exchange_id: str) -> web.Response:
        exchange = self._feed.snapshot(exchange_id) or await asyncio.to_thread(self._store.exchange, exchange_id)
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
    """Ends the answer after the block; where that fails the connection breaks off, and no end follows what was sent."""
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


def _wanted(query: str, *known: str) -> Wanted:
    fields = _fields(query, *known)
    return Wanted(
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


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"since is a time such as 2026-11-21T12:00:00Z, not {text[:50]!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
