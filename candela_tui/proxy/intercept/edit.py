"""A held request with another body."""

from dataclasses import replace

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.changed_places import changed_places, compact
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.raw_json import raw_members, without_lone_surrogates
from candela_tui.providers.upstream import ClientRequest

_ENCODING = "content-encoding"
_MOST_PLACES = 20
_WHY = "you changed it while the request was held"


class NotEditable(ValueError):
    """The body can't take the place of the request's; ``str()`` says why."""


def edited(request: ClientRequest, body: bytes) -> tuple[ClientRequest, tuple[Adaptation, ...]]:
    """Return the request with another body, and what was changed: nothing if only whitespace differs, and then the
    request is the same, byte for byte. Raises NotEditable if the body is not a JSON object."""
    if raw_members(without_lone_surrogates(body) or body) is None:
        raise NotEditable("the body must be a JSON object")
    try:
        before = decode_whole(header(request.headers, _ENCODING) or "", request.body)
    except BadEncoding as error:
        raise NotEditable(f"the request's own body can't be decoded: {error}") from None
    after = compact(body)
    if after == compact(before):
        return request, ()
    places = changed_places(before, after)
    more = len(places) - _MOST_PLACES
    if more > 0:
        places[_MOST_PLACES:] = [f"{more} more"]
    headers = [field for field in request.headers if field[0].lower() != _ENCODING]
    changes = tuple(Adaptation("edit", place, _WHY) for place in places)
    return replace(request, headers=headers, body=after), changes
