"""Build the list of models in Anthropic's format. Source: https://docs.claude.com/en/api/models-list"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from candela_tui.protocol.model_ids import model_name
from candela_tui.providers.replies import error_reply
from candela_tui.providers.upstream import Reply

UNKNOWN_DATE = "1970-01-01T00:00:00Z"
"""The date that Anthropic itself uses for models whose release date is unknown."""

_PREFIX = "/v1/models"
_USUAL_LIMIT = 20
MOST_LISTED = 1000
"""The most models that one request can ask for."""
_NUMBERS = re.compile(r"(?<=\d)-(?=\d)")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that can be requested on a route."""

    id: str
    """The id that clients request."""
    display_name: str
    created_at: str = UNKNOWN_DATE
    """The release date in RFC 3339 format."""


def listed_model(id: str, display_name: str | None = None) -> ListedModel:
    """Return a listed model with the date from its id, and the provider's display name or one derived from the id."""
    date = model_name(id).date
    created_at = f"{date[:4]}-{date[4:6]}-{date[6:]}T00:00:00Z" if date else UNKNOWN_DATE
    return ListedModel(id, display_name or _display_name(id), created_at)


def _display_name(id: str) -> str:
    """Derive a display name from an id.

    ``claude-sonnet-4-5-20250929`` becomes Claude Sonnet 4.5, ``claude-3-5-haiku-20241022`` becomes Claude Haiku 3.5."""
    words = _NUMBERS.sub(".", model_name(id).base).split("-")
    numbers = [word for word in words if word[:1].isdigit()]
    return " ".join([word.capitalize() for word in words if word not in numbers] + numbers)


def newest_first(models: Iterable[ListedModel]) -> list[ListedModel]:
    """Return each id once, sorted by generation, newest first, and then by name."""
    unique = {model.id: model for model in models}.values()
    by_name = sorted(unique, key=lambda model: model.id)
    return sorted(by_name, key=lambda model: model_name(model.id).version or (0, 0), reverse=True)


def asks_for_models(method: str, path: str) -> bool:
    """Return whether a request is ``GET /v1/models`` or ``GET /v1/models/{id}``. ``path`` may include a query."""
    below = path.partition("?")[0].removeprefix(_PREFIX)
    return method in ("GET", "HEAD") and path.startswith(_PREFIX) and (below in ("", "/") or below.startswith("/"))


def models_reply(models: Sequence[ListedModel], path: str) -> Reply:
    """Return the reply to such a request: the page selected by ``limit``, ``after_id`` and ``before_id``, in the order
    of ``models``, or the single model requested."""
    wanted = wanted_model(path)
    if wanted is not None:
        found = next((model for model in models if model.id == wanted), None)
        return error_reply(404, f"model: {wanted}") if found is None else _json(row_of(found))
    return page_reply([row_of(model) for model in models], path)


def wanted_model(path: str) -> str | None:
    """Return the id of the single model that a request is for, or None if it is for the list."""
    return unquote(path.partition("?")[0].removeprefix(_PREFIX).strip("/")) or None


def page_reply(rows: Sequence[Mapping[str, Any]], path: str) -> Reply:
    """Return the page of a list that the query of ``path`` selects. Each row has an ``id``."""
    options = parse_qs(path.partition("?")[2])
    try:
        limit = int(options.get("limit", [str(_USUAL_LIMIT)])[0])
    except ValueError:
        limit = 0
    if not 1 <= limit <= MOST_LISTED:
        return error_reply(400, f"limit: a number from 1 to {MOST_LISTED}")
    return _page(rows, limit, *(options.get(name, [None])[0] for name in ("after_id", "before_id")))


def _page(rows: Sequence[Mapping[str, Any]], limit: int, after_id: str | None, before_id: str | None) -> Reply:
    ids = [row["id"] for row in rows]
    for name, cursor in (("after_id", after_id), ("before_id", before_id)):
        if cursor is not None and cursor not in ids:
            return error_reply(400, f"{name}: there is no model {cursor} in this list")
    start = ids.index(after_id) + 1 if after_id is not None else 0
    end = ids.index(before_id) if before_id is not None else len(ids)
    candidates = rows[start:end]
    page = candidates[-limit:] if before_id is not None and after_id is None else candidates[:limit]
    return _json(
        {
            "data": page,
            "has_more": len(page) < len(candidates),
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }
    )


def row_of(model: ListedModel) -> dict[str, Any]:
    """Return a model as a row of the list."""
    return {"type": "model", "id": model.id, "display_name": model.display_name, "created_at": model.created_at}


def _json(document: object) -> Reply:
    return Reply(200, [("Content-Type", "application/json")], msgspec.json.encode(document))
