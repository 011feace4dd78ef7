"""Import transcripts and HAR files: find what is not recorded yet, price it and store it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from candela_tui.claude_code.transcripts import SUFFIX, BadLine, SessionFiles, find_transcripts
from candela_tui.exchange import Continued, Exchange
from candela_tui.imports.answers import Answer, read_session
from candela_tui.imports.client_sums import ClientSum, CountedAnswer, Difference, differences
from candela_tui.imports.destination import Destination
from candela_tui.imports.found import FoundExchange, new_id
from candela_tui.imports.har import HAR_SUFFIX, har_exchanges
from candela_tui.imports.known_answers import KnownAnswers
from candela_tui.imports.transcripts import exchange_of
from candela_tui.pricing import Pricer
from candela_tui.proxy.capture.conversations import Origins
from candela_tui.store.recorded_answers import RecordedAnswer

_GROWING: Final = timedelta(minutes=15)
"""An answer without an end may still be written for this long after its last line."""
_MOST_NAMED: Final = 100
"""Bad lines that are named; further ones are only counted."""


class UnknownSource(Exception):
    """A path that is neither a transcript, a HAR file nor a directory of them. The message says so."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What to import."""

    sessions: tuple[SessionFiles, ...]
    har_files: tuple[Path, ...]

    @property
    def files(self) -> int:
        """The number of files."""
        return sum(len(session.files) for session in self.sessions) + len(self.har_files)


@dataclass(slots=True)
class ImportResult:
    """What an import found."""

    files: int = 0
    sessions: set[str] = field(default_factory=set)
    """Sessions of which requests were imported."""
    imported: int = 0
    rebuilt: int = 0
    """Imported requests that have their whole body."""
    crossed: int = 0
    """Requests that were recorded when they crossed the proxy."""
    known: int = 0
    """Requests that were imported earlier."""
    growing: int = 0
    """Answers that are still being written: the next import takes them."""
    unpriced: int = 0
    cost_usd: Decimal = Decimal(0)
    at_least: bool = False
    lost: int = 0
    """Requests that could not be stored."""
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)
    """The first of the lines that can't be read."""
    differences: list[Difference] = field(default_factory=list)
    """Sessions for which the client calculates another sum."""

    def add_bad_line(self, line: BadLine) -> None:
        """Count a line that can't be read."""
        self.bad += 1
        if len(self.bad_lines) < _MOST_NAMED:
            self.bad_lines.append(line)

    def _add(self, exchange: Exchange) -> None:
        self.imported += 1
        self.rebuilt += "request" in exchange.rebuilt
        if exchange.session_id is not None:
            self.sessions.add(exchange.session_id)
        if exchange.cost is not None:
            self.cost_usd += exchange.cost.total
            self.at_least |= exchange.cost.at_least
        elif exchange.unpriced_model is not None:
            self.unpriced += 1
            self.at_least = True


def find_sources(paths: Iterable[Path], since: datetime | None = None) -> Sources:
    """Return the transcripts and HAR files at and below the paths. With ``since``, only what has changed since then.

    Blocks. Raises UnknownSource and OSError.
    """
    transcripts: list[Path] = []
    har_files: list[Path] = []
    for path in paths:
        if path.is_dir():
            transcripts.append(path)
            har_files += sorted(path.rglob(f"*{HAR_SUFFIX}"))
        elif path.suffix == HAR_SUFFIX:
            har_files.append(path)
        elif path.suffix == SUFFIX:
            transcripts.append(path)
        else:
            raise UnknownSource(
                f"{path}: not a transcript ({SUFFIX}), a HAR file ({HAR_SUFFIX}) or a directory with such files"
            )
    return Sources(tuple(find_transcripts(transcripts, since)), tuple(har_files))


class Import:
    """One import. Answers younger than ``settled`` are left for the next one, those that ended before ``after`` are not
    looked at. ``breathe`` is called between steps of work, and may pause or raise Stopped."""

    def __init__(
        self,
        destination: Destination,
        recorded: Sequence[RecordedAnswer],
        pricer: Pricer,
        *,
        now: datetime,
        settled: timedelta = timedelta(0),
        after: datetime | None = None,
        breathe: Callable[[], None] = lambda: None,
        conversations: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        """``conversations`` are those that the store has, as ``Origins.fill`` takes them."""
        self.result = ImportResult()
        self._origins = Origins()
        self._origins.fill(conversations)
        self._destination = destination
        self._known = KnownAnswers(recorded)
        self._pricer = pricer
        self._now = now
        self._settled = settled
        self._after = after
        self._breathe = breathe
        self._met: set[tuple[str, str]] = set()
        """Sessions and message ids of the answers that this import has met, in whichever file first."""
        self._counted: list[CountedAnswer] = []
        self._client_sums: list[ClientSum] = []

    def run(self, sources: Sources) -> ImportResult:
        """Import everything, and compare the sums. Blocks. Raises Stopped."""
        self.result.files = sources.files
        for session in sources.sessions:
            self._import_session(session)
        for file in sources.har_files:
            for found in har_exchanges(file, self._pricer, self.result.add_bad_line, self._origins):
                self._breathe()
                self._import_har_entry(found)
        self.result.differences = differences(self._client_sums, self._counted)
        return self.result

    def _import_session(self, session: SessionFiles) -> None:
        transcript = read_session(session, self.result.add_bad_line, self._breathe)
        fresh: list[_Fresh] = []
        copied: set[str] = set()
        beginning = _Beginning(transcript.session_id)
        for answer in transcript.answers:
            known = self._known.find(answer.session_id, answer.message_id, answer.request_id, answer.first_at)
            continues = beginning.meet(answer, known)
            if self._after is not None and answer.last_at < self._after:
                continue
            if known is not None:
                self._count_known(answer, known)
                owner = known.session_id or answer.session_id
                if owner != transcript.session_id:
                    copied.add(owner)
            elif self._now - answer.last_at < (self._settled if answer.ended else max(self._settled, _GROWING)):
                self.result.growing += 1
            else:
                new = _recorded(answer, new_id(answer.started_at))
                fresh.append(_Fresh(answer, new.exchange_id, continues))
                self._met.add((answer.session_id, answer.message_id))
                # Later files of the session may repeat it.
                self._known.add(new)
                beginning.copied(new)
                if answer.session_id != transcript.session_id:
                    copied.add(answer.session_id)
        fresh.sort(key=lambda each: each.answer.started_at)
        titled = next((each for each in reversed(fresh) if each.answer.session_id == transcript.session_id), None)
        for each in fresh:
            self._breathe()
            title = transcript.title if each is titled else None
            self._import_answer(each, transcript.first_words, title)
        if transcript.session_id is not None and transcript.client_usd is not None:
            self._client_sums.append(ClientSum(transcript.session_id, transcript.client_usd, frozenset(copied)))

    def _import_answer(self, fresh: "_Fresh", first_words: str | None, title: str | None) -> None:
        answer = fresh.answer
        try:
            found = exchange_of(
                answer,
                fresh.exchange_id,
                self._pricer,
                first_words=first_words,
                title=title,
                continues=fresh.continues,
            )
        except OSError as error:
            self.result.add_bad_line(BadLine(answer.file, 0, f"it can't be read: {error.strerror}"))
            return
        self._store(found)
        cost = found.exchange.cost
        self._count(answer, answer.session_id, cost.total if cost else None, found.exchange.client_cost)

    def _import_har_entry(self, found: FoundExchange) -> None:
        exchange = found.exchange
        known = self._known.find(exchange.session_id, exchange.message_id, exchange.request_id, exchange.started_at)
        if known is not None:
            self._tell_known(known)
        else:
            self._known.add(_recorded_exchange(exchange))
            self._store(found)

    def _store(self, found: FoundExchange) -> None:
        exchange = found.exchange
        self._destination.add(found)
        self.result._add(exchange)
        if exchange.conversation is not None and exchange.session_id is not None:
            self._origins.remember(exchange.conversation, exchange.session_id, exchange.id)

    def _tell_known(self, known: RecordedAnswer) -> None:
        if known.imported:
            self.result.known += 1
        else:
            self.result.crossed += 1

    def _count_known(self, answer: Answer, known: RecordedAnswer) -> None:
        key = (known.session_id or answer.session_id, answer.message_id)
        if key in self._met:
            return
        self._met.add(key)
        self._tell_known(known)
        self._count(answer, key[0], known.usd, known.client_usd)

    def _count(self, answer: Answer, session_id: str, usd: Decimal | None, client_usd: Decimal | None) -> None:
        finished = answer.stop_reason is not None
        self._counted.append(CountedAnswer(session_id, answer.started_at, usd, client_usd, finished))


class _Fresh(NamedTuple):
    """An answer that is not recorded yet."""

    answer: Answer
    exchange_id: str
    continues: Continued | None


class _Beginning:
    """The answers at the beginning of a session's transcript that it copied from another session: it was forked, or
    resumed under another id."""

    def __init__(self, session_id: str | None) -> None:
        self._session_id = session_id
        self._ended = session_id is None
        self._last: RecordedAnswer | None = None

    def meet(self, answer: Answer, known: RecordedAnswer | None) -> Continued | None:
        """Take the next answer. Return where its session goes on from, if it is the first that was not copied."""
        if answer.agent_id is not None or self._ended:
            return None
        if known is not None:
            self.copied(known)
        if (known.session_id if known is not None else answer.session_id) != self._session_id:
            return None
        self._ended, last = True, self._last
        return Continued(last.session_id, last.exchange_id) if last is not None and last.session_id else None

    def copied(self, recorded: RecordedAnswer) -> None:
        """Take an answer that is recorded by now, and may be one that was copied."""
        if not self._ended and recorded.session_id not in (None, self._session_id):
            self._last = recorded


def _recorded_exchange(exchange: Exchange) -> RecordedAnswer:
    ended_at = exchange.started_at + timedelta(milliseconds=exchange.duration_ms or 0)
    return RecordedAnswer(
        exchange.id,
        exchange.session_id,
        exchange.request_id,
        exchange.message_id,
        exchange.started_at,
        ended_at,
        imported=True,
        usd=None,
        client_usd=None,
    )


def _recorded(answer: Answer, exchange_id: str) -> RecordedAnswer:
    return RecordedAnswer(
        exchange_id,
        answer.session_id,
        answer.request_id,
        answer.message_id,
        answer.started_at,
        answer.last_at,
        imported=True,
        usd=None,
        client_usd=None,
    )
