"""A recorded request as one to send again."""

import json

from candela_tui.analysis.labels import missing_body
from candela_tui.credentials.owner import CREDENTIAL_FIELDS
from candela_tui.exchange import Exchange
from candela_tui.network.header_fields import request_fields
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.providers.identity import DIALECT_TITLES, Dialect, Route, RouteName, route_of
from candela_tui.providers.upstream import ClientRequest
from candela_tui.redaction import REDACTED

_ENCODING = "content-encoding"
_PATH = "/v1/messages"
_NEEDED = (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
"""Header fields that the Messages API needs; requests from transcripts have none."""
_DROPPED = CREDENTIAL_FIELDS | {"cookie", "x-stainless-retry-count"}


class NotReplayable(ValueError):
    """The request can't be sent again; ``str()`` says why."""


def replayed_request(
    exchange: Exchange, body: bytes | None, *, model: str | None, route: RouteName | None
) -> ClientRequest:
    """Return a recorded request, for another model or on another route if they are given. The client's credentials
    were never recorded, so it has none. Raises NotReplayable."""
    if not exchange.asks_message:
        raise NotReplayable("only requests for a message are sent again, not token counts or lists of models")
    if exchange.live:
        raise NotReplayable("the request is still live")
    if body is None:
        raise NotReplayable(f"its body can't be sent. {missing_body(exchange)}")
    target = _route(exchange, route)
    headers = _fields(exchange)
    if model is not None and model != exchange.model:
        if exchange.dialect in (Dialect.VERTEX, Dialect.BEDROCK):
            title = DIALECT_TITLES[exchange.dialect]
            raise NotReplayable(f"a request in {title} names its model in the path, so it keeps its model")
        body = _with_model(body, header(headers, _ENCODING) or "", model)
        headers = [field for field in headers if field[0].lower() != _ENCODING]
    path = exchange.path if exchange.path.startswith("/") else _PATH
    return ClientRequest("POST", path, headers, body, target)


def _route(exchange: Exchange, route: RouteName | None) -> Route:
    own = exchange.route if route is None else route
    target = route_of(RouteName(own))
    if own != exchange.route and not (exchange.dialect == target.dialect == Dialect.MESSAGES):
        title = DIALECT_TITLES[exchange.dialect]
        raise NotReplayable(
            f"a request in {title} can't go to {target.name}, which takes {DIALECT_TITLES[target.dialect]}"
        )
    return target


def _fields(exchange: Exchange) -> HeaderList:
    fields = [
        (name, value)
        for name, value in request_fields(list(exchange.request_headers or ()))
        if name.lower() not in _DROPPED and REDACTED not in value
    ]
    if exchange.dialect == Dialect.MESSAGES:
        fields += [field for field in _NEEDED if header(fields, field[0]) is None]
    return fields


def _with_model(body: bytes, encoding: str, model: str) -> bytes:
    try:
        splice = Splice(decode_whole(encoding, body))
        span = splice.member("model")
    except (BadEncoding, NotSpliceable) as error:
        raise NotReplayable(f"its model can't be changed: {error}") from None
    if span is None:
        raise NotReplayable("its body names no model")
    splice.replace(span.value, span.end, json.dumps(model).encode())
    return splice.rendered()
