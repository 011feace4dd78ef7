"""[rules.cache]: exact repeats are answered from the store, at no cost, and nothing else is."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.exchange import Exchange, Outcome
from tests.keys.made import make, store_in
from tests.proxy.running import RunningProxy
from tests.standin import Provider, error, message, text

BILLING = "x-anthropic-billing-header: cc_version=2.1.332; cch=%s;"


def title(*, words: str = "Fix the reef", stream: bool = True, mark: str = "a", user: str = "u1") -> dict[str, Any]:
    return {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 64,
        "stream": stream,
        "metadata": {"user_id": user},
        "system": [{"type": "text", "text": BILLING % mark}, {"type": "text", "text": "Make a title."}],
        "messages": [{"role": "user", "content": words}],
        "output_config": {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}},
    }


def caching(**section: Any) -> dict[str, Any]:
    return {"rules": {"cache": {"kinds": ["title"], **section}}}


class Client:
    def __init__(self, proxy: RunningProxy) -> None:
        self._proxy = proxy
        self.exchanges: list[Exchange] = []

    async def ask(self, body: dict[str, Any], path: str = "/v1/messages", **headers: str) -> tuple[str | None, bytes]:
        """Ask, wait until it is stored, and return whether the answer is a repeat, and the answer."""
        async with aiohttp.ClientSession() as client:
            fields = {"anthropic-beta": "b1", **headers}
            async with client.post(self._proxy.url + path, data=json.dumps(body), headers=fields) as answer:
                found = answer.headers.get("X-Candela-Cache"), await answer.read()
                self.content_type = answer.headers["Content-Type"]
        ended = await self._proxy.ended(len(self.exchanges) + 1)
        self.exchanges = sorted(ended, key=lambda each: each.id)
        await self._proxy.stored(self.exchanges[-1].id)
        return found


async def test_a_repeat_is_answered_from_the_store_as_a_stream_and_costs_nothing(
    provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=caching()) as proxy:
        client = Client(proxy)
        provider.answer(message(text("The reef"), model="claude-haiku-4-5-20251001").but(encoding="gzip"))
        first = await client.ask(title())
        again = await client.ask(title(mark="b", user="u2"))
        assert client.content_type.startswith("text/event-stream")
        third = await client.ask(title(mark="c"))
    asked, repeat, _ = client.exchanges
    assert (first[0], again[0], third[0]) == (None, "hit", "hit")
    assert again[1] == third[1] == first[1]
    assert len(provider.requests) == 1
    assert asked.cost is not None
    assert asked.cost.total > 0
    assert repeat.cost is not None
    assert (repeat.outcome, repeat.status, repeat.cost.total, repeat.usage) == (Outcome.OK, 200, Decimal(0), None)
    assert (repeat.saved, repeat.unread, repeat.url) == (asked.cost.total, None, "")
    [action] = repeat.rules
    assert (action.rule, action.action, action.dry_run) == ("rules.cache", "cache", False)
    assert action.words.startswith(f"the answer to {asked.id}, which cost $0.00")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (title(words="Fix the other reef"), {}),
        (title(stream=False), {}),
        (title(), {"anthropic-beta": "b2"}),
        ({**title(), "max_tokens": 65}, {}),
    ],
)
async def test_what_differs_is_no_repeat(
    body: dict[str, Any], headers: dict[str, str], provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=caching()) as proxy:
        client = Client(proxy)
        await client.ask(title())
        assert (await client.ask(body, **headers))[0] is None
    assert len(provider.requests) == 2


async def test_only_what_is_named_is_answered_so(provider: Provider, tmp_path: Path) -> None:
    talk = {**title(), "output_config": {}, "tools": [{"name": "Bash", "input_schema": {"type": "object"}}]}
    async with RunningProxy(provider.url, tmp_path, sections=caching(match="model:sonnet")) as proxy:
        client = Client(proxy)
        for _ in range(2):
            assert (await client.ask(talk))[0] is None
        of_sonnet = {**talk, "model": "claude-sonnet-4-5"}
        assert [(await client.ask(of_sonnet))[0] for _ in range(2)] == [None, "hit"]


async def test_a_key_that_may_no_longer_use_the_model_gets_no_repeat(provider: Provider, tmp_path: Path) -> None:
    key, own = make(tmp_path)
    sections = {"anthropic": {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}, **caching()}
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        client = Client(proxy)
        assert [(await client.ask(title(), **{"x-api-key": own}))[0] for _ in range(2)] == [None, "hit"]
        store_in(tmp_path).change(replace(key, models=("claude-opus-*",)))
        hit, refused = await client.ask(title(), **{"x-api-key": own})
    assert hit is None
    assert b"model_not_allowed" in refused
    assert client.exchanges[-1].outcome is Outcome.BLOCKED


async def test_token_counts_are_answered_too(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=caching(kinds=["count_tokens"])) as proxy:
        client = Client(proxy)
        counts = [await client.ask(title(), "/v1/messages/count_tokens") for _ in range(2)]
    assert [hit for hit, _ in counts] == [None, "hit"]
    assert counts[0][1] == counts[1][1]
    assert len(provider.requests) == 1


async def test_an_error_is_not_given_again(provider: Provider, tmp_path: Path) -> None:
    provider.answer(error(529, "Overloaded"), message(text("The reef")))
    async with RunningProxy(provider.url, tmp_path, sections=caching()) as proxy:
        client = Client(proxy)
        assert [(await client.ask(title()))[0] for _ in range(3)] == [None, None, "hit"]


async def test_an_answer_that_is_too_old_is_not_given_again(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=caching(max_age_h=1e-9)) as proxy:
        client = Client(proxy)
        assert [(await client.ask(title()))[0] for _ in range(2)] == [None, None]


async def test_a_rule_that_is_only_tried_asks_the_provider(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=caching(dry_run=True)) as proxy:
        client = Client(proxy)
        assert [(await client.ask(title()))[0] for _ in range(2)] == [None, None]
    assert [(each.action, each.dry_run) for each in client.exchanges[1].rules] == [("cache", True)]


async def test_the_answers_of_an_earlier_run_are_known(provider: Provider, tmp_path: Path) -> None:
    for hit in (None, "hit"):
        async with RunningProxy(provider.url, tmp_path, sections=caching()) as proxy:
            assert (await Client(proxy).ask(title()))[0] == hit
