"""This replica's thread on the shared counters."""

import asyncio
import contextlib
import itertools
import logging
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.books import Unreachable
from candela_tui.rules.budgets.shared import statements
from candela_tui.rules.budgets.shared.counter import Charge, Claim, CounterKey, Figures
from candela_tui.rules.budgets.state import Override
from candela_tui.store.errors import of_server
from candela_tui.text.times import utc_now

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LEASE_S: Final = 15.0
"""Seconds after which the reservations of a replica end that says nothing."""
_BEATS: Final = 6
"""How often a replica says something in that time."""
_POLL_S: Final = 0.5
_AGAIN_S: Final = 1.0
"""Seconds between two attempts to connect."""
_PATIENCE_S: Final = 60.0
"""Seconds that a request waits at most. Connections give up much earlier: this is for requests behind many others,
which must not pass unchecked because this replica is busy."""
_MARGIN_S: Final = 3.0
"""How much earlier than its commit a change may say that it was made."""
_ROLL_S: Final = 10.0
_FORGET_S: Final = 3600.0
_KEPT: Final = timedelta(days=2)
"""How long the counters of a window are kept after its end."""
_CLOSE_S: Final = 5.0
_MOST_UNSETTLED: Final = 100_000
_SETTLED_AT_ONCE: Final = 500
"""So few that PostgreSQL counts them long before the connection gives up."""
_RESERVED_AT_ONCE: Final = 50
"""So few that nobody waits long for those before them, and that their statements do not fill the network's buffers
before the answers are read."""
_REFUSED: Final = ("22", "23")
"""Classes of SQLSTATE of a statement that would be refused again: wrong data, and violated constraints."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new of the counters."""

    figures: Mapping[CounterKey, Figures] = field(default_factory=dict)
    minutes: Mapping[CounterKey, dict[datetime, Amount]] = field(default_factory=dict)
    """What was spent in each minute of the last hour, for counters that are seen for the first time."""
    overrides: Sequence[Override] | None = None
    """None: not read."""
    orphans: Sequence[str] = ()
    """Requests whose lease is over, as their replica says nothing."""
    reachable: bool | None = None
    """None: as before."""
    why: str = ""
    """Why the counters can't be reached."""


@dataclass(slots=True)
class _Reserve:
    request_id: str
    claims: Sequence[Claim]
    future: "Future[statements.Reserved]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Hold:
    request_id: str
    claims: Sequence[Claim]


@dataclass(slots=True)
class _Call:
    """Any other work whose result is awaited."""

    work: Callable[[Connection], Any]
    future: "Future[Any]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Ended:
    request_id: str
    charges: Sequence[Charge]
    known: bool = True
    """Whether this replica knows if anything is reserved."""


@dataclass(frozen=True, slots=True)
class _Grown:
    request_id: str
    amount: Amount


_Item = _Reserve | _Hold | _Call | _Ended | _Grown


class Replica:
    """Reads and changes the shared counters in a thread of its own, one after the other.

    While PostgreSQL is away, what requests cost is kept, and counted once it is back. Methods are called on the loop
    that called ``start``, where news are told, too.
    """

    def __init__(self, engine: Callable[[], Engine], lease_s: float = _LEASE_S) -> None:
        """``engine`` makes connections that fail rather than hang."""
        self._engine = engine
        self._lease_s = lease_s
        self._id = uuid.uuid4().hex
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closing = Event()
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: Callable[[News], None] = lambda _: None
        self._definitions: Mapping[str, timedelta | None] = {}
        # What follows belongs to the thread.
        self._connection: Connection | None = None
        self._ids = statements.CounterIds()
        self._unsettled: dict[str, Sequence[Charge]] = {}
        self._grown: dict[str, Amount] = {}
        self._held: dict[str, Sequence[Claim]] = {}
        self._followed: dict[CounterKey, int] = {}
        self._watched: Mapping[str, timedelta | None] = {}
        self._since = 0.0
        self._beating_since = 0.0
        self._failed_at = float("-inf")
        self._away: str | None = None
        """Why the counters can't be reached. Requests read it, too."""
        self._due: dict[str, float] = {}

    def start(self, told: Callable[[News], None]) -> None:
        """Begin. ``told`` gets what is new, on the loop that is running."""
        self._loop = asyncio.get_running_loop()
        self._told = told
        self._thread = Thread(target=self._run, name="budgets", daemon=True)
        self._thread.start()

    @property
    def started(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def watch(self, definitions: Mapping[str, timedelta | None]) -> None:
        """Follow the counters of these definitions, with the span of those whose window rolls."""
        self._definitions = definitions

    async def close(self) -> None:
        """Settle what has ended, and end the thread."""
        if self._thread is not None:
            self._closing.set()
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join, _CLOSE_S)

    async def reserve(self, request_id: str, claims: Sequence[Claim]) -> statements.Reserved:
        """Reserve what a request is expected to cost, unless it does not fit. Raises Unreachable."""
        if (away := self._away) is not None:
            # The thread connects again by itself: no request needs to wait for that.
            raise Unreachable(away)
        if self._closing.is_set():
            raise Unreachable
        wanted = _Reserve(request_id, claims)
        self._queue.put(wanted)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(wanted.future), _PATIENCE_S)
        except BaseException as error:
            # It may have been reserved nevertheless.
            self.free(request_id)
            if isinstance(error, TimeoutError):
                raise Unreachable from None
            raise

    def hold(self, request_id: str, claims: Sequence[Claim]) -> None:
        """Reserve what a request is expected to cost, whether it fits or not."""
        self._queue.put(_Hold(request_id, [claim.without_limit() for claim in claims]))

    def settle(self, request_id: str, charges: Sequence[Charge]) -> None:
        """Count what a request of this replica cost, in place of what was reserved for it."""
        self._queue.put(_Ended(request_id, charges))

    def free(self, request_id: str) -> None:
        """Reserve nothing for a request any more, whose replica may be another one."""
        self._queue.put(_Ended(request_id, (), known=False))

    def grow(self, request_id: str, amount: Amount) -> None:
        """Reserve at least what a request already cost."""
        self._queue.put(_Grown(request_id, amount))

    async def count(self, ended: Mapping[str, Sequence[Charge]]) -> None:
        """Count what requests cost, unless they are counted. Raises Unreachable."""
        await self._call(lambda connection: self._settle(connection, ended))

    async def end_leases(self, ended: Mapping[str, Sequence[Charge]]) -> None:
        """Count what requests of other replicas cost, in place of what was reserved for them, as far as their leases
        are over. Raises Unreachable."""
        await self._call(lambda connection: self._end_leases(connection, ended))

    async def tell(self, key: CounterKey, mark: float, since: datetime | None) -> bool:
        """Return whether this replica is the first to report a mark that was reached. Raises Unreachable."""
        return await self._call(lambda connection: statements.tell(connection, key, mark, utc_now(), since))

    async def refresh(self) -> None:
        """Tell the figures of now. Raises Unreachable."""
        await self._call(self._poll)

    async def _call(self, work: Callable[[Connection], T]) -> T:
        if self._closing.is_set():
            # The thread may have ended, and would never answer.
            raise Unreachable
        call = _Call(work)
        self._queue.put(call)
        result: T = await asyncio.wrap_future(call.future)
        return result

    # What runs in the thread.

    def _run(self) -> None:
        ended = False
        while not ended:
            # Looked at first: what was asked for before is done.
            ended = self._closing.is_set()
            items = self._taken(0 if ended else _POLL_S)
            try:
                connection = self._connected()
                while items:
                    self._do_next(connection, items)
                self._settle_kept(connection)
                self._regularly(connection)
                if ended:
                    statements.leave(connection, self._id)
            except Unreachable:
                pass
            except (SQLAlchemyError, OSError) as error:
                self._lost(error)
            except Exception:
                logger.exception("the shared budgets could not be worked on")
            for item in items:
                self._put_off(item)
        if self._unsettled:
            logger.warning("budgets: the costs of %d requests could not be counted", len(self._unsettled))
        self._disconnect()

    def _taken(self, patience_s: float) -> "deque[_Item]":
        """Wait for work, but not for long, and return all that waits."""
        found: deque[_Item] = deque()
        with contextlib.suppress(queue.Empty):
            item = self._queue.get(timeout=patience_s)
            while True:
                if item is not None and (not isinstance(item, _Reserve | _Call) or _wanted(item)):
                    found.append(item)
                item = self._queue.get_nowait()
        return found

    def _put_off(self, item: _Item) -> None:
        """Keep what has to be done later, and fail what is waited for."""
        match item:
            case _Ended():
                self._keep(item)
            case _Hold():
                self._held[item.request_id] = item.claims
            case _Reserve() | _Call():
                item.future.set_exception(Unreachable(self._away) if self._away else Unreachable())

    def _keep(self, ended: _Ended) -> None:
        held = self._held.pop(ended.request_id, None)
        self._grown.pop(ended.request_id, None)
        if not ended.charges and held is None and ended.known:
            return
        known = self._unsettled.pop(ended.request_id, ())
        self._unsettled[ended.request_id] = ended.charges or known
        if len(self._unsettled) > _MOST_UNSETTLED:
            self._unsettled.pop(next(iter(self._unsettled)))

    def _connected(self) -> Connection:
        if self._connection is None:
            if time.monotonic() - self._failed_at < _AGAIN_S:
                raise Unreachable
            connection = self._connection = self._engine().connect()
            self._beat(connection)
            self._beating_since = time.monotonic()
            self._ids = statements.CounterIds()
            self._due = {"beat": time.monotonic() + self._lease_s / _BEATS}
            self._since = 0.0
            # First, because a request may have been given back and then sent nevertheless.
            self._settle_kept(connection)
            self._hold_again(connection)
            if self._away is not None:
                self._away = None
                self._tell(News(reachable=True))
        return self._connection

    def _lost(self, error: Exception) -> None:
        self._failed_at = time.monotonic()
        self._disconnect()
        if self._away is None:
            why = self._away = of_server(error)
            logger.warning("budgets can't be checked: %s", why)
            self._tell(News(reachable=False, why=why))

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError, OSError):
                self._connection.close()
            self._connection = None

    def _do_next(self, connection: Connection, items: "deque[_Item]") -> None:
        """Do what comes next: all reservations up to what has to come after them, or one other thing."""
        together: list[_Reserve | _Hold] = []
        ids: set[str] = set()
        while items and len(together) < _RESERVED_AT_ONCE:
            item = items[0]
            if isinstance(item, _Call) or item.request_id in ids:
                break
            items.popleft()
            match item:
                case _Ended():
                    self._keep(item)
                case _Grown():
                    if item.request_id in self._held:
                        self._grown[item.request_id] = item.amount
                case _Hold():
                    self._held[item.request_id] = item.claims
                    together.append(item)
                    ids.add(item.request_id)
                case _Reserve():
                    together.append(item)
                    ids.add(item.request_id)
        if together:
            self._reserve_together(connection, together)
        elif items and isinstance(call := items[0], _Call):
            items.popleft()
            with _answering([call.future]):
                self._settle_kept(connection)
                call.future.set_result(call.work(connection))

    def _reserve_together(self, connection: Connection, items: Sequence[_Reserve | _Hold]) -> None:
        with _answering([item.future for item in items if isinstance(item, _Reserve)]):
            self._settle_kept(connection)
            reserved = self._reserve(connection, [statements.Wanted(item.request_id, item.claims) for item in items])
            for item in items:
                if isinstance(item, _Reserve):
                    found = reserved[item.request_id]
                    if found.passes:
                        self._held[item.request_id] = item.claims
                    item.future.set_result(found)

    def _settle_kept(self, connection: Connection) -> None:
        while self._unsettled:
            ended = dict(itertools.islice(self._unsettled.items(), _SETTLED_AT_ONCE))
            try:
                self._settle(connection, ended)
            except BaseException as error:
                if not _refused_for_good(error):
                    raise
                logger.exception("the costs of %d requests could not be counted", len(ended))
                self._settled(ended)
                raise
            self._settled(ended)

    def _settled(self, request_ids: Iterable[str]) -> None:
        for request_id in request_ids:
            del self._unsettled[request_id]

    def _reserve(self, connection: Connection, wanted: Sequence[statements.Wanted]) -> dict[str, statements.Reserved]:
        reserved = self._try_to_reserve(connection, wanted)
        outdated = [each for each in wanted if len(reserved[each.request_id].figures) < len(each.claims)]
        if outdated:
            # A counter was deleted that is wanted again.
            self._ids.forget(_keys(outdated))
            reserved |= self._try_to_reserve(connection, outdated)
        refused = [each for each in wanted if not reserved[each.request_id].passes and self._rolling(_keys([each]))]
        if refused:
            self._roll(connection, self._rolling(_keys(refused)))
            reserved |= self._try_to_reserve(connection, refused)
        return reserved

    def _try_to_reserve(
        self, connection: Connection, wanted: Sequence[statements.Wanted]
    ) -> dict[str, statements.Reserved]:
        return statements.reserve(connection, self._ids.of(connection, _keys(wanted)), self._id, wanted)

    def _rolling(self, keys: Iterable[CounterKey]) -> list[CounterKey]:
        """Return the counters of them whose window rolls."""
        return [key for key in keys if self._definitions.get(key.definition) is not None]

    def _settle(self, connection: Connection, ended: Mapping[str, Sequence[Charge]]) -> None:
        keys = {charge.key for charges in ended.values() for charge in charges}
        figures = statements.settle(connection, self._ids.of(connection, keys), ended)
        self._tell(News(figures))

    def _end_leases(self, connection: Connection, ended: Mapping[str, Sequence[Charge]]) -> None:
        keys = {charge.key for charges in ended.values() for charge in charges}
        self._tell(News(statements.end_leases(connection, self._ids.of(connection, keys), ended, self._lease_s)))

    def _beat(self, connection: Connection) -> bool:
        """Say that this replica lives. Return whether its leases were over, as after the machine slept."""
        return statements.beat(connection, self._id, self._lease_s)

    def _hold_again(self, connection: Connection) -> None:
        """Reserve what is in flight, as far as it is not reserved any more."""
        held = [
            statements.Wanted(request_id, [claim.without_limit() for claim in claims])
            for request_id, claims in self._held.items()
        ]
        for start in range(0, len(held), _RESERVED_AT_ONCE):
            self._reserve(connection, held[start : start + _RESERVED_AT_ONCE])

    def _roll(self, connection: Connection, keys: Iterable[CounterKey]) -> None:
        now = utc_now()
        starts = {
            counter: now - span
            for key, counter in self._ids.of(connection, list(keys)).items()
            if (span := self._definitions.get(key.definition)) is not None
        }
        if starts:
            statements.roll(connection, starts)

    def _regularly(self, connection: Connection) -> None:
        if self._is_due("poll", _POLL_S) and self._definitions:
            if self._grown:
                grown, self._grown = self._grown, {}
                statements.grow(connection, grown)
            self._poll(connection)
        if self._is_due("beat", self._lease_s / _BEATS) and self._beat(connection):
            self._settle_kept(connection)
            self._hold_again(connection)
        if self._is_due("orphans", self._lease_s / 3) and time.monotonic() - self._beating_since > self._lease_s:
            # Not right after PostgreSQL was away: the others said nothing then, either.
            found = statements.orphans(connection, self._lease_s)
            if found:
                self._tell(News(orphans=found))
        if self._is_due("roll", _ROLL_S):
            self._roll(connection, self._rolling(self._followed))
        if self._is_due("forget", _FORGET_S):
            now = utc_now()
            self._followed = {
                key: each for key, each in self._followed.items() if key.ends_at is None or key.ends_at > now
            }
            statements.forget_windows(connection, now - _KEPT)
            # They are found again as they are needed.
            self._ids = statements.CounterIds()

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    def _poll(self, connection: Connection) -> None:
        if self._watched != self._definitions:
            self._watched, self._since = self._definitions, 0.0
        now = utc_now()
        found = statements.changed(connection, self._watched, self._since, now)
        # A change that was not committed yet then may have an earlier time.
        self._since = found.at - _MARGIN_S
        new = {counter: key for key, counter in found.ids.items() if key not in self._followed}
        minutes = statements.spent_by_minute(connection, new, now - timedelta(hours=1)) if new else {}
        self._followed.update(found.ids)
        seen = {key: minutes.get(counter, {}) for counter, key in new.items()}
        with connection.begin():
            overrides = statements.overrides(connection, now)
        self._tell(News(found.figures, seen, overrides))

    def _tell(self, news: News) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._told, news)
        except RuntimeError:
            # The loop is closed.
            self._closing.set()


@contextlib.contextmanager
def _answering(futures: "Sequence[Future[Any]]") -> Iterator[None]:
    """Answer futures in any case."""
    try:
        yield
    except BaseException as error:
        away = Unreachable(of_server(error)) if isinstance(error, SQLAlchemyError | OSError) else Unreachable()
        for future in futures:
            if not future.done():
                future.set_exception(away)
        raise


def _keys(wanted: Iterable[statements.Wanted]) -> set[CounterKey]:
    return {claim.key for each in wanted for claim in each.claims}


def _wanted(item: _Reserve | _Call) -> bool:
    return item.future.set_running_or_notify_cancel()


def _sqlstate(error: BaseException) -> str:
    """Return the code of an error that the server states; "" if it states none."""
    facts = getattr(getattr(error, "orig", None), "args", ())
    return str(facts[0].get("C", "")) if facts and isinstance(facts[0], dict) else ""


def _refused_for_good(error: BaseException) -> bool:
    return _sqlstate(error).startswith(_REFUSED)
