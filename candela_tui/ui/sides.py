"""The two sides of an exchange that candela stands between, and which of them says what was meant."""

from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import Headers
from candela_tui.ui import words
from candela_tui.ui.bodies import Side


def has_two_sides(exchange: Exchange) -> bool:
    """Whether something else crossed towards the provider than towards the client."""
    return bool(exchange.provider_request_headers or exchange.provider_status is not None)


def told_by(exchange: Exchange) -> Side:
    """Whose request says in the form of the Messages API what was asked."""
    return "provider" if exchange.dialect == "openai" else "client"


def answered_by(exchange: Exchange) -> Side:
    """Whose answer says in the form of the Messages API what was answered. An error is said to the client."""
    status = exchange.provider_status
    return "provider" if exchange.dialect == "openai" and status is not None and status < 400 else "client"


def answer_head(exchange: Exchange, side: Side) -> tuple[int | None, Headers]:
    """Status and header fields of an answer; those of the client where the provider's passed on as they came."""
    if side == "provider" and exchange.provider_status is not None:
        return exchange.provider_status, exchange.provider_response_headers
    return exchange.status, exchange.response_headers


def side_name(exchange: Exchange, side: Side) -> str:
    """``client's side``, ``Bedrock's side``."""
    return f"{'client' if side == 'client' else words.provider(exchange.provider)}'s side"
