"""The two sides of an exchange, client and provider, and which of them to read."""

from typing import Literal

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import Headers
from candela_tui.providers.identity import Dialect

TrafficSide = Literal["client", "provider"]
"""The client's side is what crossed between it and candela; the provider's, what crossed between candela and it."""


def has_two_sides(exchange: Exchange) -> bool:
    """Return whether the provider's side differs from the client's."""
    return bool(exchange.provider_request_headers or exchange.provider_status is not None)


def request_side(exchange: Exchange) -> TrafficSide:
    """Return the side whose request is in the form of the Messages API."""
    return "provider" if exchange.dialect == Dialect.OPENAI else "client"


def answer_side(exchange: Exchange) -> TrafficSide:
    """Return the side whose answer is in the form of the Messages API. For an error, that is the client's."""
    status = exchange.provider_status
    return "provider" if exchange.dialect == Dialect.OPENAI and status is not None and status < 400 else "client"


def answer_head(exchange: Exchange, side: TrafficSide) -> tuple[int | None, Headers]:
    """Return an answer's status and header fields; the client's if the provider's were passed on as they came."""
    if side == "provider" and exchange.provider_status is not None:
        return exchange.provider_status, exchange.provider_response_headers or ()
    return exchange.status, exchange.response_headers or ()


def side_name(exchange: Exchange, side: TrafficSide) -> str:
    """Return a side's name, such as ``client's side`` or ``Bedrock's side``."""
    return f"{'client' if side == 'client' else labels.provider(exchange.provider)}'s side"
