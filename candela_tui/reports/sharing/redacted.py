"""An export from which what is private was removed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from candela_tui.exchange import Delegation, Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.sessions import AgentSummary, SessionSummary
from candela_tui.protocol.answer_form import AnswerForm
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.sse import encoded
from candela_tui.providers.identity import Dialect
from candela_tui.reports.body import read_answer_body, read_request_body
from candela_tui.reports.report import Export
from candela_tui.reports.sharing.redactor import Private, Redactor
from candela_tui.reports.sharing.stream import redacted_events
from candela_tui.store.history import Bodies

_ABOUT_ENCODING = frozenset({"content-encoding", "content-length"})
"""Header fields that would not be true of a body that was redacted."""


class Redaction(StrEnum):
    """How much is removed: the values of ``candela export --redact``."""

    PRIVATE = "private"
    """Secrets, paths and e-mail addresses, in every text."""
    BODIES = "bodies"
    """Also every body, and what candela quotes of the conversation, such as titles and tasks."""


def redacted_export(export: Export, redaction: Redaction, redactor: Redactor) -> Export:
    """Return an export without what is private. ``redactor`` counts what was removed while it is written."""
    redact = _Redact(redaction, redactor)
    return replace(
        export,
        sessions=map(redact.session_requests, export.sessions),
        bodies=_RedactedBodies(export.bodies, redact),
    )


class _Redact:
    """Removes what is private from the facts of exchanges and sessions."""

    def __init__(self, redaction: Redaction, redactor: Redactor) -> None:
        self.without_bodies = redaction is Redaction.BODIES
        self.redactor = redactor

    def text(self, text: str | None) -> str | None:
        """Redact a text that candela or a provider wrote."""
        return None if text is None else self.redactor.text(text)

    def quoted(self, text: str | None) -> str | None:
        """Redact a text from the conversation."""
        return None if self.without_bodies else self.text(text)

    def session_requests(self, read: SessionRequests) -> SessionRequests:
        return SessionRequests(
            self._session(read.session),
            [self.exchange(each) for each in read.exchanges],
            _ContextsOf(read.contexts, self),
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        error, clues = exchange.error, exchange.clues
        return replace(
            exchange,
            error=None if error is None else replace(error, message=self.redactor.text(error.message)),
            clues=None
            if clues is None
            else replace(
                clues,
                title=self.quoted(clues.title),
                cwd=self.text(clues.cwd),
                git_branch=self.text(clues.git_branch),
            ),
            session_title=self.quoted(exchange.session_title),
            task=self.quoted(exchange.task),
            delegations=tuple(
                Delegation(self.quoted(each.task) or "", each.agent_type, self.quoted(each.description))
                for each in exchange.delegations
            ),
            unread=self.text(exchange.unread),
            request_headers=self._headers(exchange.request_headers),
            response_headers=self._headers(exchange.response_headers),
            provider_request_headers=self._headers(exchange.provider_request_headers),
            provider_response_headers=self._headers(exchange.provider_response_headers),
        )

    def context(self, context: Context) -> Context:
        return replace(
            context,
            agent_description=self.quoted(context.agent_description),
            branch=self.text(context.branch),
        )

    def _session(self, session: SessionSummary) -> SessionSummary:
        return replace(
            session,
            title=self.quoted(session.title),
            cwd=self.text(session.cwd),
            git_branch=self.text(session.git_branch),
            agents={agent_id: self._agent(agent) for agent_id, agent in session.agents.items()},
        )

    def _agent(self, agent: AgentSummary) -> AgentSummary:
        return replace(agent, description=self.quoted(agent.description))

    def _headers(self, headers: Headers | None) -> Headers | None:
        if headers is None:
            return None
        return tuple(
            (name, self.redactor.text(value)) for name, value in headers if name.lower() not in _ABOUT_ENCODING
        )


class _ContextsOf(Mapping[str, Context]):
    """The contexts of a session's requests, redacted as they are read."""

    def __init__(self, contexts: Mapping[str, Context], redact: _Redact) -> None:
        self._contexts = contexts
        self._redact = redact

    def __getitem__(self, exchange_id: str) -> Context:
        return self._redact.context(self._contexts[exchange_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._contexts)

    def __len__(self) -> int:
        return len(self._contexts)


class _RedactedBodies:
    """Bodies without what is private. A body that can't be redacted for certain is left out."""

    def __init__(self, bodies: Bodies, redact: _Redact) -> None:
        self._bodies = bodies
        self._redact = redact
        self._last: Exchange | None = None
        """The exchange that was read last: a report asks for its head and for both bodies."""

    def _read(self, exchange_id: str) -> Exchange | None:
        if self._last is None or self._last.id != exchange_id:
            self._last = self._bodies.exchange(exchange_id)
        return self._last

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        exchange = self._read(id_or_prefix)
        return None if exchange is None else self._redact.exchange(exchange)

    def request_body(self, exchange_id: str) -> bytes | None:
        body = self._bodies.request_body(exchange_id)
        if not body:
            return body
        if self._redact.without_bodies:
            self._left_out()
            return None
        exchange = self._read(exchange_id)
        headers = (exchange.request_headers if exchange is not None else None) or ()
        redacted = self._redact.redactor.json(read_request_body(headers, body))
        if redacted is None:
            self._left_out()
        return redacted

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        chunks, times = self._bodies.response_chunks(exchange_id)
        if not chunks:
            return [], []
        exchange = None if self._redact.without_bodies else self._read(exchange_id)
        redacted = None if exchange is None else self._answer(exchange, chunks, times)
        if redacted is None:
            self._left_out()
            return [], []
        return redacted[0][after:], redacted[1][after:]

    def _answer(
        self, exchange: Exchange, chunks: list[bytes], times: list[float]
    ) -> tuple[list[bytes], list[float]] | None:
        body = read_answer_body(exchange.response_headers or (), chunks, times)
        redactor = self._redact.redactor
        # The pieces of a chat completion's text are not known here, so a secret could be split over them.
        if body.form is AnswerForm.EVENTS and exchange.dialect != Dialect.OPENAI:
            events = redacted_events(body.events, redactor)
            return [encoded(timed.event) for timed in events], [timed.at_ms for timed in events]
        document = redactor.json(body.data) if body.form is AnswerForm.DOCUMENT else None
        return None if document is None else ([document], times[-1:])

    def _left_out(self) -> None:
        self._redact.redactor.found[Private.BODY] += 1
