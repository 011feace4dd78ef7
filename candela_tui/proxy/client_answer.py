"""What candela adds to answers, and its own errors."""

from aiohttp import web
from multidict import CIMultiDict

from candela_tui.protocol.claude_code.gateway import LIMIT_FIELDS
from candela_tui.protocol.errors import error_body
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.upstream import Reply
from candela_tui.proxy.capture.raw_exchange import RawExchange

_JSON = "application/json"
_REQUEST_ID = "X-Request-ID"


def with_own_fields(fields: HeaderList, raw: RawExchange) -> HeaderList:
    """Add to the fields of an answer those that rules want, and X-Request-ID: the provider's, or the client's, or the
    id of the exchange. Without such a rule, that is the one field that candela adds to an answer.

    What rules say of a limit takes the place of what the provider says of its own: the client would mix the two."""
    added = raw.request.answer_fields
    if added:
        fields = [field for field in fields if not field[0].lower().startswith(LIMIT_FIELDS)]
    if header(fields, _REQUEST_ID) is not None:
        return [*fields, *added] if added else fields
    return [*fields, *added, (_REQUEST_ID, header(raw.request.headers, _REQUEST_ID) or raw.id)]


def refused(request: web.BaseRequest, status: int, message: str, *, close: bool = True) -> web.Response:
    """Return one of candela's own errors, after which the connection serves no other request if ``close`` is set."""
    if request.method == "CONNECT":
        request.content.feed_eof()  # aiohttp takes all bytes after the head for its body.
    response = error_response(status, message)
    if close:
        response.force_close()
    return response


def error_response(status: int, message: str) -> web.Response:
    """Return one of candela's own errors, in the form of the Messages API."""
    return web.Response(status=status, body=error_body(status, message), content_type=_JSON)


def reply_response(reply: Reply) -> web.Response:
    """Return a reply that is not recorded."""
    return web.Response(status=reply.status, headers=CIMultiDict(reply.headers), body=reply.body)
