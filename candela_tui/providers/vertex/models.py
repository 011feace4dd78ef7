"""List the Claude models that Vertex AI offers.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models/list. This is the publisher's
list: it does not show whether a project may use a model, which only a request does, and it leaves out models that are
deprecated but still served. An account without permission to list gets Google's refusal in Messages format, because
probing every model with a request would cost money.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import Provider
from candela_tui.providers.model_list import OWN_FIELDS, NoList
from candela_tui.providers.models_answer import ListedModel, listed_model, newest_first
from candela_tui.providers.replies import error_reply
from candela_tui.providers.upstream import Attempt, ProviderRequest, Reply
from candela_tui.providers.vertex.credentials import GoogleCredentials
from candela_tui.providers.vertex.endpoint import vertex_endpoint
from candela_tui.providers.vertex.errors import vertex_error

_PAGE, _MOST_PAGES = 100, 20


class VertexModels:
    """Fetches the list of models from Google."""

    def __init__(
        self,
        base_url: str | None,
        names: Mapping[str, str],
        credentials: GoogleCredentials,
        attempts: Attempts,
    ) -> None:
        """``names`` maps model names to the user's own ids on Vertex AI."""
        self._base_url = base_url
        self._own_names = {id: name for name, id in names.items()}
        self._credentials = credentials
        self._attempts = attempts

    async def fetch(self) -> list[ListedModel]:
        """Return the models of all pages, newest first. Raises the errors that ModelList handles."""
        return newest_first(model for row in await self._rows() if (model := self._model(row)) is not None)

    def _model(self, row: Any) -> ListedModel | None:
        """Return the model of a row, or None if the row is not valid.

        A row is ``{"name": "publishers/anthropic/models/claude-haiku-4-5", "versionId": "20251001"}``. A model without
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
        reply = await self._attempts.fetch(_Listing(self._credentials, url, region, project).attempt(token))
        document = decode_json(reply.body)
        if reply.status >= 400:
            raise NoList(reply)
        if not isinstance(document, dict):
            words = f"Vertex AI was asked for its models and answered HTTP {reply.status} without a list"
            raise NoList(error_reply(502, words))
        return document


@dataclass(frozen=True, slots=True)
class _Listing:
    """A request for one page of the list. It is retried once if Google refuses the token, and once if it needs a quota
    project."""

    credentials: GoogleCredentials
    url: str
    region: str
    project: str | None
    renewed: bool = False
    paid_by_project: bool = False

    def attempt(self, token: str) -> Attempt:
        """Return the attempt to fetch the page with a token."""
        payer = self.project if self.paid_by_project else self.credentials.quota_project
        pays = [("x-goog-user-project", payer)] if payer is not None else []
        fields = [*OWN_FIELDS, *pays, ("Authorization", f"Bearer {token}")]
        return Attempt(
            request=ProviderRequest("GET", self.url, fields, b""),
            provider=Provider.VERTEX,
            region=self.region,
            own_credentials=True,
            on_error=partial(self._after_error, token),
        )

    async def _after_error(self, token: str, status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
        if status == 401 and not self.renewed:
            return replace(self, renewed=True).attempt(await self.credentials.renewed(token))
        nobody_pays = self.credentials.quota_project is None and not self.paid_by_project
        if status == 403 and nobody_pays and self.project and b"quota project" in body:
            # A user's credentials must name a quota project; a service account may lack the permission to name one.
            return replace(self, paid_by_project=True).attempt(token)
        _, reply = vertex_error(status, headers, body, project=self.project, region=self.region, model=None)
        return reply
