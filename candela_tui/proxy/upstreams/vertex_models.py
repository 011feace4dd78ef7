"""The Claude models that Vertex AI offers.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models/list. The list is that of the
publisher: Google tells whether a project may use a model only when it does, and leaves out models that it has
deprecated but still serves. A service that may not list gets Google's refusal, in Messages form: asking every model
for a token instead would cost money.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from candela_tui.credentials.google import GoogleCredentials
from candela_tui.protocol.raw_json import decode_json
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.fields import answer_fields
from candela_tui.proxy.outgoing import Pairs, Reply
from candela_tui.proxy.upstreams.model_list import NoList
from candela_tui.proxy.upstreams.models_answer import ListedModel, listed_model, newest_first
from candela_tui.proxy.upstreams.own_request import OWN_FIELDS, get
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint
from candela_tui.proxy.upstreams.vertex_errors import vertex_error

_PAGE, _MOST_PAGES = 100, 20


class VertexModels:
    """Asks Google for the list."""

    def __init__(
        self,
        base_url: str | None,
        names: Mapping[str, str],
        credentials: GoogleCredentials,
        session: aiohttp.ClientSession,
    ) -> None:
        """``names`` are the user's own ids on Vertex AI by model name."""
        self._base_url = base_url
        self._own_names = {id: name for name, id in names.items()}
        self._credentials = credentials
        self._session = session

    async def fetch(self) -> list[ListedModel]:
        """All pages, the newest model first. Raises what ModelList takes."""
        return newest_first(model for row in await self._rows() if (model := self._model(row)) is not None)

    def _model(self, row: Any) -> ListedModel | None:
        """``{"name": "publishers/anthropic/models/claude-haiku-4-5", "versionId": "20251001"}``; a model without
        dated versions has the versionId ``default``."""
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str) or "/models/" not in name:
            return None
        name, _, version = name.rpartition("/models/")[2].partition("@")
        version = version or str(row.get("versionId"))
        dated = version.isdigit()
        own = self._own_names.get(f"{name}@{version}" if dated else name)
        return listed_model(own or (f"{name}-{version}" if dated else name))

    async def _rows(self) -> list[Any]:
        rows: list[Any] = []
        page_token = ""
        region = await self._credentials.region()
        url = vertex_endpoint(region, self._base_url) + "/v1beta1/publishers/anthropic/models"
        for _ in range(_MOST_PAGES):
            query = {"pageSize": str(_PAGE)} | ({"pageToken": page_token} if page_token else {})
            page = await self._page(f"{url}?{urlencode(query)}", region)
            listed, next_token = page.get("publisherModels"), page.get("nextPageToken")
            rows += listed if isinstance(listed, list) else []
            if not next_token or not isinstance(next_token, str):
                break
            page_token = next_token
        return rows

    async def _page(self, url: str, region: str) -> dict[str, Any]:
        token = await self._credentials.token()
        project = await self._credentials.project()
        payer = self._credentials.quota_project
        status, headers, body = await self._get(url, token, payer)
        if status == 401:
            token = await self._credentials.renewed(token)
            status, headers, body = await self._get(url, token, payer)
        if status == 403 and payer is None and project and b"quota project" in body:
            # A user's own credentials must name one; those of a service may lack the permission to do so.
            status, headers, body = await self._get(url, token, project)
        if status >= 400:
            _, reply = vertex_error(status, headers, body, project=project, region=region, model=None)
            raise NoList(reply or Reply(status, answer_fields(headers), body))
        document = decode_json(body)
        if not isinstance(document, dict):
            words = f"Vertex AI was asked for its models and answered HTTP {status} without a list"
            raise NoList(error_reply(502, words))
        return document

    async def _get(self, url: str, token: str, payer: str | None) -> tuple[int, Pairs, bytes]:
        pays = [("x-goog-user-project", payer)] if payer is not None else []
        return await get(self._session, url, [*OWN_FIELDS, *pays, ("Authorization", f"Bearer {token}")])
