"""What single keys may use besides models and providers: names for models, tools, requests at once."""

import asyncio
import json
from pathlib import Path

import aiohttp

from tests.keys.made import make
from tests.proxy.running import BODY
from tests.proxy.test_keys import MESSAGES, ask, serving
from tests.standin import Gate, Provider, json_answer, message, tool_use
from tests.standin import text as text_of


async def test_a_name_of_a_key_for_a_model_is_that_model_for_its_limits_and_its_list(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(
        tmp_path, models=("claude-haiku-*",), aliases=(("fast", "claude-haiku-4-5"), ("big", "claude-opus-4-8"))
    )
    _, other = make(tmp_path, "other")
    rows = [{"type": "model", "id": model, "display_name": model} for model in ("claude-opus-4-8", "claude-haiku-4-5")]
    async with serving(provider, tmp_path) as proxy:
        sent = []
        for key, model in ((text, b"fast"), (text, b"big"), (other, b"fast")):
            status, _, _ = await ask(client, proxy, {"x-api-key": key}, body=BODY.replace(b"claude-opus-4-8", model))
            sent.append((status, provider.requests[-1].json["model"]))
        exchange = (await proxy.ended(3))[0]
        provider.respond = lambda _: json_answer({"data": rows, "has_more": False})
        async with client.get(f"{proxy.url}/v1/models", headers={"x-api-key": text}) as answer:
            listed = [row["id"] for row in (await answer.json())["data"]]

    assert sent == [(200, "claude-haiku-4-5"), (402, "claude-haiku-4-5"), (200, "fast")]
    assert [(each.rule, each.action) for each in exchange.rules or ()] == [("key ci", "model")]
    assert listed == ["fast", "claude-haiku-4-5"]


async def test_tools_that_a_key_may_not_use_are_taken_out_and_refused_where_they_are_demanded(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path, deny_tools=("WebFetch", "Bash(git push *)"))
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "WebFetch")]
    asked = {**json.loads(BODY), "tools": tools}
    demanding = {**asked, "tool_choice": {"type": "tool", "name": "WebFetch"}}
    provider.answer(*[message(tool_use("Bash", {"command": "git push --force"}, piece=99))] * 2)
    async with serving(provider, tmp_path) as proxy:
        async with client.post(proxy.origin + MESSAGES, json=asked, headers={"x-api-key": text}) as answer:
            judged = await answer.text()
        async with client.post(proxy.origin + MESSAGES, json=asked) as answer:
            without_key = await answer.text()
        status, _, document = await ask(client, proxy, {"x-api-key": text}, body=json.dumps(demanding).encode())

    assert [[tool["name"] for tool in each.json["tools"]] for each in provider.requests] == [
        ["Bash"],
        ["Bash", "WebFetch"],
    ]
    assert "git push --force" in without_key
    assert "git push --force" not in judged
    assert "denies Bash(git push *)" in judged
    assert (status, document["candela"]) == (402, {"code": "tool_not_allowed"})


async def test_a_key_has_no_more_requests_under_way_than_it_may(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path, parallel=1)
    gate = Gate()
    provider.answer(message(text_of("o", gate, "k")))
    async with serving(provider, tmp_path) as proxy:
        first = asyncio.create_task(ask(client, proxy, {"x-api-key": text}))
        await gate.reached()
        refused, fields, document = await ask(client, proxy, {"x-api-key": text})
        gate.open()
        done, _, _ = await first
        again, _, _ = await ask(client, proxy, {"x-api-key": text})

    assert (refused, done, again) == (429, 200, 200)
    assert fields["Retry-After"] == "1"
    assert document["candela"] == {"code": "parallel_limit_exceeded"}
    assert len(provider.requests) == 2
