"""The stand-in for Vertex AI refuses what Google refuses."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.standin.google_service import SCOPE
from tests.standin.vertex import Vertex

BODY: dict[str, Any] = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}


def _url(vertex: Vertex, model: str = "claude-opus-4-8", region: str = "global", project: str = "test-project") -> str:
    return f"{vertex.url}/v1/projects/{project}/locations/{region}/publishers/anthropic/models/{model}:streamRawPredict"


async def test_it_issues_tokens_to_googles_own_library_and_takes_them_until_they_are_revoked(tmp_path: Path) -> None:
    async with Vertex() as vertex, aiohttp.ClientSession() as client:
        credentials = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
            vertex.service_account(tmp_path), scopes=[SCOPE]
        )
        await asyncio.to_thread(credentials.refresh, Request())
        assert credentials.project_id == vertex.project
        headers = {"Authorization": f"Bearer {credentials.token}"}
        answer = await client.post(_url(vertex), json={**BODY, "stream": True}, headers=headers)
        assert answer.status == 200
        assert b"message_stop" in await answer.read()
        vertex.revoke_tokens()
        answer = await client.post(_url(vertex), json=BODY, headers=headers)
        assert (answer.status, (await answer.json())["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("place", "change", "headers", "status", "words"),
    [
        ({"project": "other"}, {}, {}, 403, "Permission 'aiplatform.endpoints.predict' denied"),
        ({"model": "claude-nix"}, {}, {}, 404, "was not found or your project does not have access"),
        ({"region": "asia-east1"}, {}, {}, 400, "is not servable in region asia-east1"),
        ({}, {"anthropic_version": "2023-06-01"}, {}, 400, "anthropic_version"),
        ({}, {"model": "claude-opus-4-8"}, {}, 400, "model: Extra inputs are not permitted"),
        ({}, {"context_management": {}}, {}, 400, "context_management: Extra inputs are not permitted"),
        ({}, {"tools": [{"name": "a", "defer_loading": True}]}, {}, 400, "tools.0.custom.defer_loading: Extra inputs"),
        ({}, {}, {"anthropic-beta": "fast-mode-2026-02-01"}, 400, "Unexpected value(s) `fast-mode-2026-02-01` for the"),
    ],
)
async def test_it_refuses_in_the_real_words(
    place: dict[str, str], change: dict[str, Any], headers: dict[str, str], status: int, words: str
) -> None:
    async with Vertex() as vertex, aiohttp.ClientSession() as client:
        headers = {"Authorization": f"Bearer {vertex.issue('t')}", **headers}
        answer = await client.post(_url(vertex, **place), json={**BODY, **change}, headers=headers)
        assert answer.status == status
        assert words in (await answer.json())["error"]["message"]


async def test_it_lists_its_models_in_pages() -> None:
    async with Vertex() as vertex, aiohttp.ClientSession() as client:
        headers = {"Authorization": f"Bearer {vertex.issue('t')}"}
        url = vertex.url + "/v1beta1/publishers/anthropic/models"
        first = await (await client.get(url, headers=headers)).json()
        rest = await (await client.get(f"{url}?pageToken={first['nextPageToken']}", headers=headers)).json()
        rows = first["publisherModels"] + rest["publisherModels"]
        assert [(row["name"].rpartition("/")[2], row["versionId"]) for row in rows] == [
            ("claude-opus-4-8", "default"),
            ("claude-sonnet-4-5", "20250929"),
            ("claude-haiku-4-5", "20251001"),
        ]
        assert "nextPageToken" not in rest
