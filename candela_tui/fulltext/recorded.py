"""Reads the messages of a request and its answer from the store, in the form of the Messages API."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import msgspec

from candela_tui.analysis.answer import Answer, read_answer
from candela_tui.analysis.traffic_side import answer_head, answer_side, request_side
from candela_tui.exchange import Exchange
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.request import decode_request
from candela_tui.store.errors import StoreError
from candela_tui.store.history import History

Value = TypeVar("Value")


class RecordedConversation:
    """Reads from a history, and keeps what it read last, of this many requests."""

    def __init__(self, history: History, keep: int = 1) -> None:
        self._history = history
        self._keep = keep
        self._messages: OrderedDict[str, list[msgspec.Raw]] = OrderedDict()
        self._answers: OrderedDict[str, Answer | None] = OrderedDict()

    def messages(self, exchange: Exchange) -> list[msgspec.Raw]:
        """Return the messages of a request; none if it is not recorded or can't be read. ``exchange`` has its
        headers."""
        return self._kept(self._messages, exchange.id, lambda: self._read_messages(exchange))

    def answer(self, exchange: Exchange) -> Answer | None:
        """Return the answer, or None if it is not recorded or can't be read. ``exchange`` has its headers."""
        return self._kept(self._answers, exchange.id, lambda: self._read_answer(exchange))

    def _read_messages(self, exchange: Exchange) -> list[msgspec.Raw]:
        try:
            body, headers = None, exchange.provider_request_headers
            if request_side(exchange) == "provider":
                body = self._history.provider_request_body(exchange.id)
            if body is None:
                body, headers = self._history.request_body(exchange.id), exchange.request_headers
            encoding = header(headers or (), "content-encoding")
            if body and encoding:
                body = decode_whole(encoding, body)
        except (StoreError, BadEncoding):
            return []
        request = decode_request(body) if body else None
        return request.messages if request is not None else []

    def _read_answer(self, exchange: Exchange) -> Answer | None:
        side = answer_side(exchange)
        of_provider = side == "provider" and exchange.provider_status is not None
        read = self._history.provider_response_chunks if of_provider else self._history.response_chunks
        status, headers = answer_head(exchange, side)
        try:
            chunks, _ = read(exchange.id)
        except StoreError:
            return None
        return read_answer(status, headers, chunks)

    def _kept(self, known: OrderedDict[str, Value], key: str, read: Callable[[], Value]) -> Value:
        if key in known:
            known.move_to_end(key)
            return known[key]
        value = known[key] = read()
        if len(known) > self._keep:
            known.popitem(last=False)
        return value
