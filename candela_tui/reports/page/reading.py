"""Reads what a page shows of each request from the bodies of an export."""

from candela_tui.analysis.answer import Answer, read_answer
from candela_tui.analysis.turns import Unread
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.store.history import Bodies

_NOT_RECORDED = Unread("The body of this request was not recorded.")


class BodyReading:
    """Reads bodies one at a time. One that can't be read is said, and the others are shown."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies

    def request(self, exchange: Exchange) -> bytes | Unread:
        """Return the body of a request as the client sent it."""
        try:
            return self._bodies.request_body(exchange.id) or _NOT_RECORDED
        except StoreError as error:
            return Unread(f"The body of this request can't be read: {error}")

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to a request as the client got it."""
        try:
            with_headers = self._bodies.exchange(exchange.id)
            headers = with_headers.response_headers if with_headers is not None else None
            chunks, _ = self._bodies.response_chunks(exchange.id)
        except StoreError as error:
            return Answer(trouble=f"The answer can't be read: {error}")
        return read_answer(exchange.status, headers or (), chunks) if chunks else Answer()
