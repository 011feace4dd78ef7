"""What a route of the local API is: the entries of ROUTES, which registers the handlers and makes the OpenAPI
document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from aiohttp import web

from candela_tui.proxy.local_api.parameters import Parameter
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.services import Services
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.team.roles import Permission

JSON = "application/json"
LINES = "application/x-ndjson"
BYTES = "application/octet-stream"
EVENTS = "text/event-stream"


class Audience(StrEnum):
    """What a route is made for."""

    PROGRAMS = "programs"
    """Any program of that user: what it answers keeps its meaning."""
    CANDELA = "candela"
    """A candela of the same version, such as `candela attach`: its answers may change in any version."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers when all is well."""

    doc: str
    """What it is, in a few words."""
    type: Any = None
    """What msgspec makes a JSON Schema of: the document, or each of the lines. None for bytes, and for JSON whose form
    may change."""
    media_type: str = JSON
    events: Mapping[str, Any] = field(default_factory=dict)
    """Of an event stream: the type of the data of each event, by the event's name."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body that a request may or must have."""

    type: Any
    """A msgspec type; None for any bytes."""
    example: str = ""
    """How to send one, for who got it wrong."""
    most_bytes: int = 10_000
    required: bool = True

    async def read(self, request: web.BaseRequest) -> Any:
        """Return the message in a request's body. Raises Refused if there is none."""
        try:
            return msgspec.json.decode(await read_body(request, self.most_bytes), type=self.type)
        except (BodyTooLarge, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(400, f"send {self.example}") from None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the local API that may be answered."""

    services: Services
    request: web.BaseRequest
    names: Mapping[str, str]
    """What stands in the path for its names in braces."""
    query: Mapping[str, Any]
    """The values of the parameters that were given."""
    message: Any = None
    """What the body says, if the route has one with a type."""


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    """From the root of the port, with names in braces for parts that differ."""
    summary: str
    """One sentence on what it does."""
    handler: Handler
    """Answers. It may raise Refused, and the errors of the store, of the audit log and of keys."""
    answer: Answer
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    """When it answers with which status, beside those that every route may answer with."""
    audience: Audience = Audience.PROGRAMS
    remote: Permission | None = None
    """What someone who signed in, or has a key, must be allowed to do for it; None: it is only for the user of this
    machine, with the token of the local API."""


def document(body: bytes) -> web.Response:
    """Return an answer with a JSON document."""
    return web.Response(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})
