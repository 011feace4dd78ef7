"""With cache.ask_provider, candela asks Anthropic why the cache missed, and says that it did."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.protocol.cache_diagnosis import BETA
from tests.proxy.running import RunningProxy, running
from tests.standin import Provider, error, message, text

SESSION = {"X-Claude-Code-Session-Id": "s1"}
BODY = json.dumps(
    {
        "model": "claude-opus-5-5",
        "max_tokens": 64,
        "stream": True,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}
        ],
    }
).encode()


@pytest.fixture
async def asking(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    async with running(provider, tmp_path, sections={"cache": {"ask_provider": True}}) as proxy:
        yield proxy


async def ask(candela: RunningProxy, client: aiohttp.ClientSession, **headers: str) -> int:
    fields = {**SESSION, "anthropic-beta": "a-2026-01-01", **{name.replace("_", "-"): v for name, v in headers.items()}}
    async with client.post(candela.url + "/v1/messages?beta=true", data=BODY, headers=fields) as answer:
        await answer.read()
        return answer.status


async def previous(provider: Provider, number: int) -> Any:
    return (await provider.messages_request(number)).json["diagnostics"]["previous_message_id"]


async def test_each_request_names_the_last_message_of_its_agent(
    asking: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    for _ in range(2):
        await ask(asking, client)
        done = await asking.exchange(lambda each: each.message_id is not None and not each.live)
        await asking.stored(done.id)
    await ask(asking, client, x_claude_code_agent_id="a1")
    assert await previous(provider, 0) is None
    assert await previous(provider, 1) == done.message_id
    assert await previous(provider, 2) is None
    first = await provider.messages_request()
    assert first.header("anthropic-beta") == f"a-2026-01-01,{BETA}"
    assert first.body.endswith(BODY[1:])


async def test_the_change_is_recorded_and_both_sides_are_kept(
    asking: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    await ask(asking, client)
    done = await asking.exchange()
    await asking.stored(done.id)
    stored = asking.reader.exchange(done.id)
    assert stored is not None
    assert [(one.what, one.name) for one in stored.adaptations] == [
        ("added", "diagnostics.previous_message_id"),
        ("added", f"anthropic-beta: {BETA}"),
    ]
    assert asking.reader.request_body(done.id) == BODY
    assert asking.reader.provider_request_body(done.id) == (await provider.messages_request()).body


async def test_a_request_that_is_refused_with_the_question_is_sent_as_it_was(
    asking: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(error(400, "diagnostics.previous_message_id: not found"), message(text("Hello.")))
    assert await ask(asking, client) == 200
    again = await provider.messages_request(1)
    assert again.body == BODY
    assert again.header("anthropic-beta") == "a-2026-01-01"
    done = await asking.exchange()
    assert [one.what for one in done.adaptations] == ["retry"]


@pytest.mark.parametrize(
    "headers", [{"X-Claude-Code-Session-Id": ""}, {"content-encoding": "gzip"}], ids=["no session", "compressed"]
)
async def test_a_request_that_can_not_ask_stays_as_it_is(
    asking: RunningProxy, provider: Provider, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    fields = {name: value for name, value in {**SESSION, **headers}.items() if value}
    async with client.post(asking.url + "/v1/messages", data=BODY, headers=fields) as answer:
        await answer.read()
    assert (await provider.messages_request()).body == BODY


async def test_without_the_setting_every_byte_is_the_clients(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client)
    request = await provider.messages_request()
    assert (request.body, request.header("anthropic-beta")) == (BODY, "a-2026-01-01")
    assert (await candela.exchange()).adaptations == ()
