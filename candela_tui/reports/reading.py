"""Reads what a document shows of each request from the bodies of an export."""

from candela_tui.analysis.answer import Answer, read_answer
from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.turns import Unread
from candela_tui.exchange import Exchange, Kept
from candela_tui.protocol.headers import Headers
from candela_tui.protocol.openai.answer import chat_blocks
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.request import to_messages
from candela_tui.providers.identity import Dialect
from candela_tui.reports.body import read_answer_body, read_request_body
from candela_tui.store.errors import StoreError
from candela_tui.store.history import Bodies


class BodyReading:
    """Reads bodies one at a time. One that can't be read is said, and the others are shown."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies

    def request(self, exchange: Exchange) -> bytes | Unread:
        """Return the body of a request; of chat completions, its translation."""
        try:
            body = self._bodies.request_body(exchange.id)
            headers, _ = self._headers(exchange)
        except StoreError as error:
            return Unread(f"The body of this request can't be read: {error}")
        if not body:
            return Unread(missing_body(exchange))
        body = read_request_body(headers, body)
        if exchange.dialect != Dialect.OPENAI:
            return body
        try:
            return to_messages(body).body
        except InvalidChat as error:
            return Unread(f"This request is not a valid chat completion: {error}")

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to a request as the client got it."""
        if exchange.kept is not Kept.FULL:
            return Answer(trouble=missing_body(exchange))
        try:
            _, headers = self._headers(exchange)
            chunks, times = self._bodies.response_chunks(exchange.id)
        except StoreError as error:
            return Answer(trouble=f"The answer can't be read: {error}")
        if not chunks:
            return Answer()
        if exchange.dialect == Dialect.OPENAI and (exchange.status or 0) < 400:
            body = read_answer_body(headers, chunks, times)
            return Answer(tuple(chat_blocks(body.data)), trouble=body.trouble)
        return read_answer(exchange.status, headers, chunks)

    def _headers(self, exchange: Exchange) -> tuple[Headers, Headers]:
        """Return the header fields of request and answer, which lists of exchanges don't have."""
        found = self._bodies.exchange(exchange.id)
        return (found.request_headers or (), found.response_headers or ()) if found is not None else ((), ())
