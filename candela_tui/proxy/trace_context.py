"""Puts candela's span between the client's and the provider's, in a request of a client that traces.

Source: https://www.w3.org/TR/trace-context/
"""

from dataclasses import replace
from typing import Final

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.headers import header
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.sinks.telemetry.identifiers import TRACEPARENT, span_of_exchange, with_span

_WHY: Final = "names candela's span as the parent, because [telemetry] is on"


def in_own_span(request: ClientRequest, raw: RawExchange) -> ClientRequest:
    """Return the request with candela's span in its ``traceparent``; the same request if the client does not trace."""
    given = header(request.headers, TRACEPARENT)
    changed = with_span(given, span_of_exchange(request.id)) if given is not None else None
    if changed is None or _is_signed(request):
        return request
    headers = [(name, changed if name.lower() == TRACEPARENT else value) for name, value in request.headers]
    raw.changes = (*raw.changes, Adaptation("added", TRACEPARENT, _WHY))
    return replace(request, headers=headers)


def _is_signed(request: ClientRequest) -> bool:
    """Return whether the client's signature covers the field, as one for AWS may."""
    return any(
        name.lower() == "authorization" and f";{TRACEPARENT}" in value.lower() for name, value in request.headers
    )
