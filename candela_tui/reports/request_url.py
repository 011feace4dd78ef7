"""The URL of a client's request."""

from candela_tui.default_port import DEFAULT_PORT
from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import header
from candela_tui.providers.identity import Provider, route_of

_USUAL_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"


def client_url(exchange: Exchange) -> str:
    """Return where the client's request can be sent: to Anthropic if it went there, otherwise to candela, which maps
    and signs it for its provider."""
    path, question, query = exchange.path.partition("?")
    if exchange.provider == Provider.ANTHROPIC and exchange.url:
        return f"{exchange.url}{question}{query}"
    address = header(exchange.request_headers or (), "host") or _USUAL_ADDRESS
    return f"http://{address}{route_of(exchange.route).prefix}{path}{question}{query}"
