"""Keeps the full-text index up to date with the store."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from candela_tui.exchange import Exchange
from candela_tui.file_lock import locked_now
from candela_tui.fulltext.index import NewRequest, Progress, SearchIndex
from candela_tui.fulltext.recorded import RecordedConversation
from candela_tui.fulltext.texts import Text, answer_texts, message_texts
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader

_PAGE: Final = 1_000
"""Ids that are compared at once: about a millisecond."""
_TOGETHER: Final = 20
"""Requests that are added in one transaction."""
_FORGOTTEN_AT_ONCE: Final = 1_000
"""Texts whose words are read from the index in one pass over it."""
_SESSIONS_REMEMBERED: Final = 16
_DIGEST_SIZE: Final = 8
"""Bytes, by which a text is recognised within its session."""


class Indexer:
    """Adds what the store has to the index, and removes from it what the store no longer has: requests, or only their
    bodies. The index has only requests whose bodies are stored.

    Not for more than one thread. ``pause`` is called after each few milliseconds of work. It may wait, and it may raise
    an exception to end the work. Every method raises StoreError, sqlite3.Error and OSError.
    """

    def __init__(self, index: Path, store: StoreReader, pause: Callable[[], None] = lambda: None) -> None:
        self._index = SearchIndex.open(index)
        self._store = store
        self._pause = pause
        self._recorded = RecordedConversation(store)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._missing: dict[str, datetime] = {}
        """When each request began that is to be added, by its id, the earliest first."""
        self._compared_to = self._index.compared_to

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def interrupt(self) -> None:
        """End what SQLite is doing, from another thread."""
        self._index.interrupt()

    @property
    def to_go(self) -> int:
        """How many requests are to be added."""
        return len(self._missing)

    def compare(self, *, whole: bool = False) -> None:
        """Find the requests to add, and remove those that are no longer in the store.

        Compares only what began, or had not ended, since the last time, unless the counts differ after that: then
        earlier requests were removed or imported. ``whole`` compares everything.
        """
        if whole or not self._compare("" if whole else self._compared_to):
            self._missing.clear()
            self._compare("")
        self._note_progress()

    def _compare(self, after: str) -> bool:
        """Compare what has an id after this one. Return whether the counts agree now."""
        gone: list[str] = []
        live: str | None = None
        while True:
            page = self._store.indexable_after(after, _PAGE)
            last = page[-1].id if len(page) == _PAGE else None
            indexed = set(self._index.ids(after, last))
            for each in page:
                if each.live:
                    live = live or each.id
                elif each.id not in indexed:
                    self._missing[each.id] = each.started_at
            gone += indexed.difference(each.id for each in page)
            self._pause()
            after = page[-1].id if page else after
            if last is None:
                break
        # A proper beginning of an id sorts before it.
        self._compared_to = after if live is None else live[:-1]
        self._remove(gone)
        return self._index.count() + len(self._missing) == self._store.count_indexable()

    def _remove(self, gone: Sequence[str]) -> None:
        if not gone:
            return
        sessions = self._index.sessions_of(gone)
        # A later request of a session may still have the texts, because it repeats the conversation.
        beginnings = {each.id: each.started_at for session in sessions for each in self._store.beginnings(session)}
        self._sessions.clear()
        self._index.remove([*gone, *beginnings])
        self._missing = dict(sorted({**self._missing, **beginnings}.items()))

    def add_some(self) -> bool:
        """Add a few of the missing requests. Return whether there were any."""
        some = [each for each, _ in zip(self._missing.items(), range(_TOGETHER), strict=False)]
        if not some:
            return False
        try:
            self._index.add(self._read(some), self._pause)
        except BaseException:
            # What was remembered as known is not in the index.
            self._sessions.clear()
            raise
        for exchange_id, _ in some:
            del self._missing[exchange_id]
        self._note_progress()
        return True

    def tidy_some(self) -> bool:
        """Forget some words of removed texts, or else merge a part of the index. Return whether there was anything to
        do."""
        if not self._index.has_removed:
            return self._index.merge() or self._index.give_pages_back()
        for _ in self._index.forget_words(_FORGOTTEN_AT_ONCE):
            self._pause()
        return True

    def _note_progress(self) -> None:
        first = next(iter(self._missing.items()), None)
        if first is None:
            self._index.set_progress(Progress(0, None), self._compared_to)
        else:
            first_id, started_at = first
            self._index.set_progress(Progress(len(self._missing), started_at), min(first_id[:-1], self._compared_to))

    def _read(self, some: Sequence[tuple[str, datetime]]) -> Iterator[NewRequest]:
        for exchange_id, started_at in some:
            try:
                exchange = self._store.exchange(exchange_id)
            except StoreError:
                # It can't be read, now or later.
                yield NewRequest(exchange_id, None, started_at, ())
                continue
            if exchange is not None:
                yield NewRequest(exchange.id, exchange.session_id, exchange.started_at, list(self._texts(exchange)))

    def _texts(self, exchange: Exchange) -> Iterator[Text]:
        """Yield the texts that the session does not have yet."""
        if not exchange.asks_message:
            return
        session = self._session(exchange)
        for text in self._texts_in(exchange, session):
            if session.is_new_text(text):
                yield text

    def _texts_in(self, exchange: Exchange, session: "_Session") -> Iterator[Text]:
        for number, message in enumerate(self._recorded.messages(exchange), 1):
            if session.is_new_message(message):
                yield from message_texts(number, message, session.tools)
                self._pause()
        answer = self._recorded.answer(exchange)
        if answer is not None:
            yield from answer_texts(answer)
            self._pause()

    def _session(self, exchange: Exchange) -> "_Session":
        key = exchange.session_id or exchange.id
        session = self._sessions.get(key)
        if session is None:
            session = self._sessions[key] = self._remembered(exchange)
            if len(self._sessions) > _SESSIONS_REMEMBERED:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(key)
        return session

    def _remembered(self, exchange: Exchange) -> "_Session":
        """Return what the index has of a session, from the latest request of each of its agents: each repeats the
        conversation so far."""
        session = _Session()
        if exchange.session_id is None:
            return session
        for exchange_id in self._store.latest_of_agents(exchange.session_id, exchange.id):
            if not self._index.has(exchange_id):
                continue
            try:
                earlier = self._store.exchange(exchange_id)
            except StoreError:
                continue
            if earlier is not None:
                for text in self._texts_in(earlier, session):
                    session.is_new_text(text)
        return session


class _Session:
    """What is remembered of a session, so that what is sent again is neither decoded nor indexed again."""

    def __init__(self) -> None:
        self.tools: dict[str, str] = {}
        """The tools by the ids of their calls."""
        self._messages: set[bytes] = set()
        self._texts: set[bytes] = set()

    def is_new_message(self, message: msgspec.Raw) -> bool:
        """Return whether this message was not there before, byte for byte."""
        return _added(self._messages, blake2b(message, digest_size=_DIGEST_SIZE).digest())

    def is_new_text(self, text: Text) -> bool:
        """Return whether this text was not there before."""
        digest = blake2b(text.text.encode("utf-8", "replace"), key=text.part.encode(), digest_size=_DIGEST_SIZE)
        return _added(self._texts, digest.digest())


def _added(known: set[bytes], digest: bytes) -> bool:
    before = len(known)
    known.add(digest)
    return len(known) > before


def catch_up(index: Path, store: StoreReader, seconds: float) -> None:
    """Index what is missing for up to this many seconds, but a few requests in any case, unless another process does
    it. Raises what an Indexer raises."""
    until = time.monotonic() + seconds
    with locked_now(index) as free:
        if not free:
            return
        indexer = Indexer(index, store)
        try:
            indexer.compare()
            while indexer.add_some() and time.monotonic() < until:
                pass
        finally:
            indexer.close()
