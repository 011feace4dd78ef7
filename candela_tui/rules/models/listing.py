"""Lists of models with what is allowed, and with the aliases."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.openai.models import models_for_both
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.identity import PROVIDERS, Dialect
from candela_tui.providers.models_answer import MOST_LISTED, listed_model, page_reply, row_of, wanted_model
from candela_tui.providers.replies import error_for
from candela_tui.providers.translations import fields_behind
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Translation, Upstream
from candela_tui.rules.models.policy import ModelPolicy

_LIST = "/v1/models"

Edit = Callable[[bytes], bytes]


async def listed(request: ClientRequest, upstream: Upstream, policy: ModelPolicy) -> Attempt | Reply:
    """Return the attempt at ``GET /v1/models`` or ``GET /v1/models/{id}`` with the answer as the rules want it."""
    aliases = policy.aliases(request.route.name)
    wanted = wanted_model(request.path)
    if wanted is not None:
        return await _single(request, upstream, policy, wanted, aliases.get(wanted))
    if not PROVIDERS[request.route.provider].lists_models:
        return _chosen([], request, policy, aliases)
    # The provider's pages would not be those of the list that is shown, so all of it is asked for.
    whole = await upstream.attempt(replace(request, path=f"{_LIST}?limit={MOST_LISTED}"))
    return _edited(whole, lambda body: _shown(body, request, policy, aliases))


async def _single(
    request: ClientRequest, upstream: Upstream, policy: ModelPolicy, wanted: str, meant: str | None
) -> Attempt | Reply:
    why = _hidden(request, policy, meant or wanted)
    if why is not None:
        return error_for(request, 404, f"model: {wanted}; {why}")
    if meant is None:
        return await upstream.attempt(request)
    found = await upstream.attempt(replace(request, path=f"{_LIST}/{quote(meant, safe='')}"))
    return _edited(found, lambda body: _renamed(body, wanted))


def _shown(body: bytes, request: ClientRequest, policy: ModelPolicy, aliases: Mapping[str, str]) -> bytes:
    document = decode_json(body)
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return body
    rows = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return _chosen(rows, request, policy, aliases).body


def _chosen(
    rows: list[dict[str, Any]], request: ClientRequest, policy: ModelPolicy, aliases: Mapping[str, str]
) -> Reply:
    """Return the page of a list that a request asks for: the aliases, and the models that are allowed."""
    known = {row["id"]: row for row in rows}
    named = [
        _alias(name, known.get(model) or row_of(listed_model(model)))
        for name, model in aliases.items()
        if _hidden(request, policy, model) is None
    ]
    allowed = [row for row in rows if row["id"] not in aliases and _hidden(request, policy, row["id"]) is None]
    reply = page_reply([*named, *allowed], request.path)
    return replace(reply, body=models_for_both(reply.body)) if request.dialect is Dialect.OPENAI else reply


def _hidden(request: ClientRequest, policy: ModelPolicy, model: str) -> str | None:
    """Return why a model is not listed, to follow a semicolon, or None if it is."""
    if request.key is not None and not request.key.allows_model(model):
        return f"the key {request.key.name} may not use it, only {', '.join(request.key.models)}"
    denial = policy.denial(model)
    return denial.words if denial is not None else None


def _alias(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": name, "display_name": f"{name} ({row.get('display_name', row['id'])})"}


def _renamed(body: bytes, name: str) -> bytes:
    row = decode_json(body)
    return msgspec.json.encode(_alias(name, row)) if isinstance(row, dict) and "id" in row else body


def _edited(step: Attempt | Reply, edit: Edit) -> Attempt | Reply:
    """Return the attempt with the whole body of a good answer edited, and of the answers to further attempts."""
    if isinstance(step, Reply):
        return replace(step, body=edit(step.body)) if step.status < 300 else step

    async def on_error(status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
        following = await step.on_error(status, headers, body) if step.on_error is not None else None
        return _edited(following, edit) if following is not None else None

    def translate(status: int, headers: HeaderList) -> Translation:
        return _Whole(step.translate(status, headers) if step.translate is not None else None, status, headers, edit)

    return replace(step, translate=translate, on_error=on_error if step.on_error is not None else None)


class _Whole:
    """A translation that edits the whole body once it has arrived."""

    ping = b""
    metrics: tuple[tuple[str, str], ...] = ()

    def __init__(self, inner: Translation | None, status: int, headers: HeaderList, edit: Edit) -> None:
        self._inner = inner
        self._edit = edit if status < 300 else lambda body: body
        self._parts: list[bytes] = []
        self.headers = fields_behind(inner, headers)
        self.over = False

    def feed(self, chunk: bytes) -> bytes:
        self._parts.append(chunk if self._inner is None else self._inner.feed(chunk))
        return b""

    def finish(self) -> bytes:
        if self._inner is not None:
            self._parts.append(self._inner.finish())
        return self._edit(b"".join(self._parts))
