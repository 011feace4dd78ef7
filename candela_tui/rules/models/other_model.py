"""A client's request with another model in it."""

import json
import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from candela_tui.exchange.arrival import dialect_of
from candela_tui.protocol.clouds.model_ids import bedrock_id, mantle_id, profile_prefix, vertex_id
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.other_model import Refitted, for_other_model
from candela_tui.protocol.parsed_request import is_chat
from candela_tui.providers.identity import PROVIDERS, Dialect
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, with_following
from candela_tui.rules.reading import decoded_body, parsed

_VERTEX = re.compile(r"(/models/)[^/:?]+?((?::|%3[aA])\w+/?(?:\?.*)?)$")
_BEDROCK = re.compile(r"^(/model/)[^/?]+(/.*)$")


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A request for another model."""

    request: ClientRequest
    model: str
    """The model as the request names it now."""
    changed: tuple[str, ...]
    """What else was changed in it, in words."""


def with_model(request: ClientRequest, model: str) -> OtherModel | None:
    """Return the request for another model, in the spelling of its route, or None if it can't be changed: then it is no
    JSON object, which the provider refuses."""
    asked = parsed(request).model or ""
    spelled = _spelled(request, asked, model)
    path = _path(request, spelled)
    in_body = path is None
    body = decoded_body(request)
    try:
        if is_chat(request.resource):
            # The chat is mapped for the model that it names.
            fitted = Refitted(_named(body, spelled), ())
        else:
            fitted = for_other_model(body, model, spelled if in_body else None)
    except NotSpliceable:
        return None
    fields = [field for field in request.headers if field[0].lower() != "content-encoding"]
    changed = replace(request, path=path or request.path, headers=fields, body=fitted.body)
    # A body that names its model at no place, or in a way that is read otherwise, is not for us to change.
    return OtherModel(changed, spelled, fitted.changed) if parsed(changed).model == spelled else None


def names_model(step: Attempt | Reply, model: str) -> Attempt | Reply:
    """Return an attempt that says which model it sends, as do those that follow it."""
    if isinstance(step, Reply):
        return step
    return with_following(replace(step, model=step.model or model), lambda following: names_model(following, model))


def _spelled(request: ClientRequest, asked: str, model: str) -> str:
    """Return a model as clients spell it on a request's route, with the inference profile of the one in the request."""
    dialect, prefix = dialect_of(request), PROVIDERS[request.route.provider].model_prefix
    if dialect is Dialect.VERTEX:
        return vertex_id(model, {})
    if dialect is Dialect.BEDROCK:
        return bedrock_id(model, profile_prefix(asked), {})
    # Bedrock's own Messages API is on its native route, too.
    return mantle_id(model) if prefix or request.route.dialect is Dialect.BEDROCK else model


def _path(request: ClientRequest, model: str) -> str | None:
    """Return the path with another model, or None if the body names the model."""
    dialect = dialect_of(request)
    if dialect is Dialect.BEDROCK and _BEDROCK.match(request.path):
        return _BEDROCK.sub(lambda found: f"{found[1]}{quote(model, safe='')}{found[2]}", request.path)
    if dialect is Dialect.VERTEX and "/models/count-tokens:" not in request.path:
        changed = _VERTEX.sub(lambda found: f"{found[1]}{quote(model, safe='@')}{found[2]}", request.path)
        return changed if changed != request.path else None
    return None


def _named(body: bytes, model: str) -> bytes:
    splice = Splice(body)
    span = splice.member("model")
    if span is not None:
        splice.replace(span.value, span.end, json.dumps(model).encode())
    return splice.rendered()
