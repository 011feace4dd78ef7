"""[rules.cache]: answers exact repeats of some calls from candela's own store."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from threading import Lock

import msgspec

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.arrival import is_any_of
from candela_tui.protocol.claude_code.request_kinds import without_attribution
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.upstream import Attempt, ClientRequest, Repeat, Reply, Upstream
from candela_tui.rules.key_limits import refused_by_key
from candela_tui.rules.matching import RequestFilter
from candela_tui.rules.reading import arrival, beside_the_loop, decoded_body, hints, parsed
from candela_tui.rules.rule import RuleContext
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.text.amounts import money
from candela_tui.text.times import utc_now

FIELD = "X-Candela-Cache"
"""The header field of an answer that comes from the store."""
_NAME = "rules.cache"
_MOST = 2000
"""Answers that are remembered."""
_AT_ONCE = 500
"""Recorded requests that are looked at for one request."""


def rule(settings: RulesSettings, context: RuleContext) -> "CacheRule | None":
    """Make the rule, or return None if it is off or nothing is stored."""
    cache = settings.cache
    if context.store is None or not (cache.kinds or cache.match):
        return None
    wanted = RequestFilter(cache.match, context.spending) if cache.match else None
    answers = StoredAnswers(context.store, timedelta(hours=cache.max_age_h))
    return CacheRule(frozenset(map(Kind, cache.kinds)), wanted, answers, dry_run=settings.dry_run or cache.dry_run)


class CacheRule:
    """Answers a request with what the same request was answered before."""

    name = _NAME

    def __init__(
        self, kinds: frozenset[Kind], wanted: RequestFilter | None, answers: "StoredAnswers", *, dry_run: bool
    ) -> None:
        self._kinds = kinds
        self._wanted = wanted
        self._answers = answers
        self._dry_run = dry_run

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Answer the request from the store, or pass it on."""
        if request.method != "POST" or not await self._names(request):
            return await upstream.attempt(request)
        found = await asyncio.to_thread(self._answers.find, request)
        if found is None or await refused_by_key(request, request.route.provider) is not None:
            return await upstream.attempt(request)
        request.noted.append(_given_again(found.of, found.saved, dry_run=self._dry_run))
        if self._dry_run:
            return await upstream.attempt(request)
        fields = [("Content-Type", found.content_type), (FIELD, "hit")]
        return Reply(200, fields, found.body, repeats=Repeat(found.of, found.saved))

    async def _names(self, request: ClientRequest) -> bool:
        call = await beside_the_loop(request, parsed)
        return is_any_of(call, hints(request), self._kinds) or (
            self._wanted is not None and await self._wanted.matches(request)
        )


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A complete answer."""

    of: str
    """The id of the exchange that it is from."""
    content_type: str
    body: bytes
    saved: Decimal | None
    """What it cost in USD. None: not known."""


class StoredAnswers:
    """Finds the answers to earlier requests with the same bodies. Every method may block."""

    def __init__(self, store: StoreReader, most_age: timedelta) -> None:
        self._store = store
        self._most_age = most_age
        self._ids: OrderedDict[bytes, str] = OrderedDict()
        """The newest exchange of each request, by the request's digest."""
        self._read_to: str | None = None
        self._lock = Lock()

    def find(self, request: ClientRequest) -> StoredAnswer | None:
        """Return the newest answer to the same request that is not too old, or None. Raises StoreError."""
        wanted = digest(arrival(request), decoded_body(request), request.key.name if request.key else None)
        if wanted is None:
            return None
        with self._lock:
            self._read_on()
            found = self._ids.get(wanted)
        return self._answer(found) if found is not None else None

    def _read_on(self) -> None:
        """Take what was stored since the last call."""
        since = utc_now() - self._most_age
        live: str | None = None
        recorded = self._store.exchanges_since(since, self._read_to, _AT_ONCE)
        for exchange in recorded:
            if exchange.live:
                live = live or exchange.id
            elif may_repeat(exchange):
                self._take(exchange)
            if live is None:
                self._read_to = exchange.id

    def _take(self, exchange: Exchange) -> None:
        key = _recorded_digest(self._store, exchange)
        if key is not None:
            self._ids[key] = exchange.id
            self._ids.move_to_end(key)
            if len(self._ids) > _MOST:
                self._ids.popitem(last=False)

    def _answer(self, exchange_id: str) -> StoredAnswer | None:
        exchange, body = self._store.exchange(exchange_id), self._store.response_body(exchange_id)
        if exchange is None or not body or exchange.started_at < utc_now() - self._most_age:
            return None
        fields = exchange.response_headers or ()
        try:
            body = decode_whole(header(fields, "content-encoding") or "", body)
        except BadEncoding:
            return None
        cost = exchange.cost.total if exchange.cost is not None else None
        return StoredAnswer(exchange.id, header(fields, "content-type") or "application/json", body, cost)


class RecordedRepeats:
    """Finds the recorded requests that would have got the answer to an earlier one."""

    def __init__(self, settings: RulesSettings, store: StoreReader) -> None:
        self._kinds = frozenset(map(Kind, settings.cache.kinds))
        self._wanted = parse_for_arrivals(settings.cache.match) if settings.cache.match else None
        self._most_age = timedelta(hours=settings.cache.max_age_h)
        self._store = store
        self._newest: dict[bytes, Exchange] = {}

    def action(self, exchange: Exchange, around: Surroundings) -> RuleAction | None:
        """Return what would have been done about a request, and take its answer for those that follow."""
        wanted = exchange.kind in self._kinds or (self._wanted is not None and self._wanted.matches(exchange, around))
        if exchange.method != "POST" or exchange.live or exchange.imported is not None or not wanted:
            return None
        key = _recorded_digest(self._store, exchange)
        if key is None:
            return None
        earlier = self._newest.get(key)
        if earlier is not None and earlier.started_at >= exchange.started_at - self._most_age:
            # The earlier answer stays the one to give: this one would not have been asked for.
            return _given_again(earlier.id, earlier.cost.total if earlier.cost is not None else None, dry_run=False)
        if may_repeat(exchange):
            self._newest[key] = exchange
        return None


def _given_again(of: str, saved: Decimal | None, *, dry_run: bool) -> RuleAction:
    cost = f"which cost {money(saved)}" if saved is not None else "whose cost is not known"
    return RuleAction(_NAME, "cache", dry_run, f"the answer to {of}, {cost}")


def _recorded_digest(store: StoreReader, exchange: Exchange) -> bytes | None:
    """Return the digest of a recorded request; None if its body is not there."""
    try:
        body, whole = store.request_body(exchange.id), store.exchange(exchange.id)
        if body is None or whole is None:
            return None
        encoding = header(whole.request_headers or (), "content-encoding") or ""
        return digest(whole, decode_whole(encoding, body), whole.key)
    except (StoreError, BadEncoding):
        # It is damaged, as `candela db check` says.
        return None


def may_repeat(exchange: Exchange) -> bool:
    """Return whether an exchange's answer may be given again: it is complete, and the client's own request was sent."""
    return (
        exchange.outcome is Outcome.OK
        and exchange.status == 200
        and exchange.method == "POST"
        and exchange.unread is None
        and exchange.imported is None
        and not exchange.rules
        and not any(each.what == "edit" for each in exchange.adaptations)
    )


def digest(exchange: Exchange, body: bytes, key: str | None) -> bytes | None:
    """Return what two requests have in common that ask for the same: the route, path, betas, the key's name and the
    body without the attribution block and the metadata. None if the body is not a JSON object."""
    document = decode_json(body)
    if not isinstance(document, dict):
        return None
    document.pop("metadata", None)
    if "system" in document:
        document["system"] = without_attribution(document["system"])
    head = (exchange.route.value, exchange.path, sorted(exchange.betas or ()), key)
    return hashlib.sha256(msgspec.json.encode((head, document), order="deterministic")).digest()
