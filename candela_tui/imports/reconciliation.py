"""Compare the recorded cost of a session with what the client says of it, in its transcript or its settings."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from candela_tui.analysis.reconciliation import (
    DifferenceKind,
    Item,
    Reconciliation,
    counted_request,
    reconcile,
)
from candela_tui.claude_code.session_cost import last_session_usd
from candela_tui.claude_code.transcripts import SUFFIX, BadLine, find_transcripts, projects_directory
from candela_tui.exchange import Exchange
from candela_tui.imports.answers import Answer, SessionTranscript, read_session
from candela_tui.imports.found import new_id
from candela_tui.imports.transcripts import exchange_of
from candela_tui.pricing import Pricer
from candela_tui.store.history import ExchangeQuery, History

_SESSION_ID: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class SessionReconciliation:
    """The two costs of a session, and where the client's is from."""

    session_id: str
    result: Reconciliation
    source: str | None
    """``transcript``, ``settings`` (``.claude.json``), or None if the client states no sum."""
    at_least: bool
    """Whether candela's cost is a lower bound."""


def reconcile_session(
    history: History, session_id: str, pricer: Pricer, on_bad_line: Callable[[BadLine], None]
) -> SessionReconciliation:
    """Compare the costs of a session. Blocks. Raises StoreError and OSError."""
    exchanges = history.exchanges(ExchangeQuery(session_id))
    transcript = _transcript(session_id, on_bad_line)
    client_usd, source = transcript.client_usd, "transcript"
    if client_usd is None:
        client_usd, source = last_session_usd(session_id), "settings"
    known = _Ids(transcript.answers)
    until = transcript.stated_at
    requests = [
        counted_request(each, in_transcript=known.has(each), stated_later=until is None or each.started_at <= until)
        for each in exchanges
    ]
    at_least = any(each.cost.at_least if each.cost is not None else bool(each.unpriced_model) for each in exchanges)
    found = () if client_usd is None else tuple(_elsewhere(history, session_id, transcript, exchanges, pricer))
    others, perhaps = ([item for item, certain in found if certain is wanted] for wanted in (True, False))
    result = reconcile(client_usd, requests, others, perhaps)
    return SessionReconciliation(session_id, result, source if client_usd is not None else None, at_least)


class _Ids:
    """The ids that the provider gave to answers."""

    def __init__(self, answers: Sequence[Answer] | Sequence[Exchange]) -> None:
        self._requests = {each.request_id for each in answers if each.request_id}
        self._messages = {each.message_id for each in answers if each.message_id}

    def has(self, one: Answer | Exchange) -> bool:
        """Return whether an answer is among them."""
        return one.request_id in self._requests or one.message_id in self._messages


def _transcript(session_id: str, on_bad_line: Callable[[BadLine], None]) -> SessionTranscript:
    """Return the session's transcript, the one that states a sum last if it has several; empty if it has none."""
    latest = SessionTranscript()
    if not _SESSION_ID.fullmatch(session_id):
        return latest
    paths: list[Path] = []
    for file in sorted(projects_directory().glob(f"*/{session_id}{SUFFIX}")):
        paths += [file, *([folder] if (folder := file.with_suffix("")).is_dir() else [])]
    for files in find_transcripts(paths):
        found = read_session(files, on_bad_line)
        if found.client_usd is not None or not latest.answers:
            latest = found
    return latest


def _elsewhere(
    history: History, session_id: str, transcript: SessionTranscript, exchanges: Sequence[Exchange], pricer: Pricer
) -> Iterator[tuple[Item, bool]]:
    """Yield what the client's sum includes beyond the session's recorded requests, and whether that is certain."""
    until = transcript.stated_at
    answers = [
        answer
        for answer in transcript.answers
        if answer.stop_reason is not None and (until is None or answer.started_at <= until)
    ]
    begun = min((answer.started_at for answer in answers if answer.session_id == session_id), default=until)
    copied = {answer.session_id for answer in answers} - {session_id}
    recorded = list(exchanges)
    for other in sorted(copied):
        before = [each for each in history.exchanges(ExchangeQuery(other)) if begun is None or each.started_at < begun]
        recorded += before
        why = f"counted in session {other}, before the fork"
        for exchange in before:
            counted = counted_request(exchange, in_transcript=True, stated_later=True)
            yield Item(exchange.id, DifferenceKind.FORKED, counted.client_usd, why), True
            if counted.perhaps is not None:
                yield Item(exchange.id, DifferenceKind.FORKED, counted.perhaps.usd, why), False
    known = _Ids(recorded)
    for answer in answers:
        if known.has(answer):
            continue
        exchange = exchange_of(answer, new_id(answer.started_at), pricer, first_words=None, title=None).exchange
        counts = counted_request(exchange, in_transcript=True, stated_later=True).client_usd
        own = answer.session_id == session_id
        kind = DifferenceKind.NOT_RECORDED if own else DifferenceKind.FORKED
        why = "candela did not record this request" if own else f"counted in session {answer.session_id}"
        yield Item(answer.request_id or answer.message_id, kind, counts, why), True
