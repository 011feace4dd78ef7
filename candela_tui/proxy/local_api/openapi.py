"""The OpenAPI document of the local API, made of the table of its routes.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import chain
from typing import Any, Final, Literal

import msgspec

from candela_tui import __version__, wire
from candela_tui.default_port import DEFAULT_PORT
from candela_tui.proxy.local_api.parameters import Parameter
from candela_tui.proxy.local_api.route import BYTES, EVENTS, JSON, Answer, Route
from candela_tui.proxy.local_api.routes import ROUTES

_REF: Final = "#/components/schemas/{name}"
_AMOUNTS_AS_TEXT: Final = frozenset({wire.ReplayOffer.__name__})
"""Messages with amounts as JSON strings; in all others they are numbers."""
_ABOUT = (
    "What a running candela knows, for programs of the same user. Send the token from the file `api-token` in its data"
    " directory. People who signed in to a team's candela, and programs with a key of it, send that instead: they may"
    " use what has an `x-permission`, as far as their role goes. Times are RFC 3339 in UTC, durations milliseconds, and"
    " money USD with exact digits. What is not known is null. Fields may be added."
)
_EVERY_ROUTE: Final = {
    401: "the token is missing or wrong",
    403: "a web page asks, or someone from elsewhere whose role does not allow it",
    503: "the store or the audit log can't be used",
}
_WITH_INPUT: Final = {400: "a parameter, the body or the beginning of an id has a mistake"}


class ErrorDetail(msgspec.Struct, frozen=True):
    """What happened, and what to do."""

    type: str
    message: str


class Error(msgspec.Struct, frozen=True):
    """A refusal, in the form of the Messages API."""

    type: Literal["error"]
    error: ErrorDetail


def openapi_document() -> dict[str, Any]:
    """Return the document as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "candela's local API", "version": __version__, "description": _ABOUT},
        "servers": [{"url": f"http://127.0.0.1:{DEFAULT_PORT}"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(ROUTES),
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "x-audience": route.audience.value,
        **({"x-permission": route.remote.value} if route.remote is not None else {}),
        "responses": {"200": {"description": _sentence(route.answer.doc), "content": _content(route.answer)}},
    }
    parameters = [*map(_in_path, _names(route.path)), *map(_in_query, route.parameters)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        media_type = JSON if route.body.type else BYTES
        schema = _schema(route.body.type) if route.body.type else {}
        operation["requestBody"] = {"required": route.body.required, "content": {media_type: {"schema": schema}}}
    refusals = {**_EVERY_ROUTE, **(_WITH_INPUT if parameters or route.body else {}), **route.refusals}
    for status, when in sorted(refusals.items()):
        operation["responses"][str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {when}.",
            "content": {JSON: {"schema": _schema(Error)}},
        }
    return operation


def _content(answer: Answer) -> dict[str, Any]:
    if answer.media_type == EVENTS:
        data = {name: {} if kind is None else _schema(kind) for name, kind in answer.events.items()}
        return {EVENTS: {"schema": {"type": "string"}, "x-events": data}}
    return {answer.media_type: {"schema": {} if answer.type is None else _schema(answer.type)}}


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": _sentence(parameter.doc),
        "schema": dict(parameter.schema),
    }


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _schemas(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the schemas of all types that routes name, with those that these name."""
    named = (
        (route.answer.type, *route.answer.events.values(), route.body.type if route.body is not None else None)
        for route in routes
    )
    kinds = [kind for kind in chain.from_iterable(named) if kind is not None]
    _, components = msgspec.json.schema_components([*kinds, Error], ref_template=_REF)
    return {
        name: schema if name in _AMOUNTS_AS_TEXT else _with_numbers(schema)
        for name, schema in sorted(components.items())
    }


def _with_numbers(schema: Any) -> Any:
    """Return a schema in which amounts of money are JSON numbers, as the encoders of records write them."""
    if isinstance(schema, list):
        return [_with_numbers(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {"type": "number"}
    return {name: _with_numbers(each) for name, each in schema.items()}
