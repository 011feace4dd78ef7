"""The models that an account can use on Bedrock, in Anthropic's shape."""

import asyncio
import re
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.proxy.running import RunningProxy, running
from tests.standin import Gate
from tests.standin.bedrock import TEAM_PROFILE, Bedrock

ROUTE = "/proxy/anthropic-bedrock"
_PICKED = re.compile(r"^(claude|anthropic)", re.IGNORECASE)
"""What Claude Code's picker takes (2.1.197)."""


async def _models(client: ClientSession, proxy: RunningProxy) -> list[dict[str, Any]]:
    answer = await client.get(f"{proxy.origin}{ROUTE}/v1/models?limit=1000")
    assert answer.status == 200
    rows: list[dict[str, Any]] = (await answer.json())["data"]
    return rows


async def test_profiles_of_the_region_come_first_by_names_that_the_picker_takes(
    over_bedrock: RunningProxy, client: ClientSession
) -> None:
    rows = await _models(client, over_bedrock)
    ids = [row["id"] for row in rows]
    assert ids[:4] == [
        "claude-opus-4-8",
        "claude-haiku-4-5-20251001",
        "claude-sonnet-4-5-20250929",
        "claude-3-5-sonnet-20240620",
    ]
    assert all(_PICKED.match(id) for id in ids[:4])
    assert rows[0]["display_name"] == "Claude Opus 4.8"
    assert "global.anthropic.claude-opus-4-8" in ids
    assert (ids[-1], rows[-1]["display_name"]) == (TEAM_PROFILE, "team-opus")
    assert not any("nova" in id for id in ids)
    assert len(set(ids)) == len(ids)


async def test_every_listed_model_can_be_asked_for(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    for row in await _models(client, over_bedrock):
        body = {"model": row["id"], "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        answer = await client.post(f"{over_bedrock.origin}{ROUTE}/v1/messages", json=body)
        assert answer.status == 200, (row["id"], await answer.text())


async def test_the_users_own_names_are_listed_for_what_they_stand_for(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path
) -> None:
    sections = {
        "aws": {"base_url": bedrock.url, "inference_profile": "global"},
        "models": {"claude-team": {"bedrock": TEAM_PROFILE}},
    }
    async with running(bedrock, tmp_path, sections=sections) as proxy:
        ids = [row["id"] for row in await _models(client, proxy)]
    assert "claude-opus-4-8" in ids
    assert "us.anthropic.claude-opus-4-8" in ids
    assert "global.anthropic.claude-opus-4-8" not in ids
    assert "claude-team" in ids
    assert TEAM_PROFILE not in ids


async def test_one_listing_serves_all_who_ask(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    gate = Gate()
    bedrock.before_list = [gate]
    asking = [asyncio.create_task(_models(client, over_bedrock)) for _ in range(5)]
    await gate.reached()
    gate.open()
    first, *others = await asyncio.gather(*asking)
    assert all(other == first for other in others)
    pages = [request.target for request in bedrock.requests]
    assert len(pages) == len(set(pages)) == 5
    await _models(client, over_bedrock)
    assert len(bedrock.requests) == 5


async def test_one_model_is_told_by_its_id(over_bedrock: RunningProxy, client: ClientSession) -> None:
    answer = await client.get(f"{over_bedrock.origin}{ROUTE}/v1/models/claude-opus-4-8")
    assert (await answer.json())["id"] == "claude-opus-4-8"
    assert (await client.get(f"{over_bedrock.origin}{ROUTE}/v1/models/claude-9")).status == 404


async def test_an_account_that_may_not_list_gets_amazons_words(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.may_list = False
    answer = await client.get(f"{over_bedrock.origin}{ROUTE}/v1/models")
    document = await answer.json()
    assert (answer.status, document["error"]["type"]) == (403, "permission_error")
    assert "bedrock:ListInferenceProfiles" in document["error"]["message"]
    bedrock.may_list = True
    assert await _models(client, over_bedrock), "a refusal was kept"


async def test_expired_keys_are_renewed_for_the_list(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    body = {"model": "claude-opus-4-8", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    assert (await client.post(f"{over_bedrock.origin}{ROUTE}/v1/messages", json=body)).status == 200
    bedrock.expire_keys()
    bedrock.put_keys()
    assert await _models(client, over_bedrock)
    assert bedrock.times_asked_for_keys == 2
