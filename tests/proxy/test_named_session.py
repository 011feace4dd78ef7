"""[sessions] header: clients other than Claude Code are grouped by the sessions that they name."""

from pathlib import Path

import aiohttp
import pytest

from candela_tui.proxy.named_session import named_session
from tests.proxy.running import BODY, running
from tests.standin import Provider, message, text


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        ([("X-Session-Id", "one")], "one"),
        ([("x-thread", " two "), ("x-other", "three")], "two"),
        ([("x-session-id", ""), ("x-thread", "two")], "two"),
        ([("x-session-id", "y" * 300)], "y" * 200),
        ([("x-session-id", "sk-ant-api03-0a1B2c3D")], None),
        ([("x-other", "three")], None),
    ],
)
def test_the_first_field_that_a_request_has_names_its_session(
    headers: list[tuple[str, str]], session: str | None
) -> None:
    assert named_session(headers, ("x-session-id", "x-thread")) == session


async def test_requests_of_one_session_are_grouped_whatever_they_say(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    provider.answer(*[message(text("ok"))] * 3)
    sections = {"sessions": {"header": ["x-session-id"]}}
    async with running(provider, tmp_path, sections=sections) as proxy:
        for said, field in (("hi", {"x-session-id": "one"}), ("else", {"x-session-id": "one"}), ("else", {})):
            body = BODY.replace(b"hi", said.encode())
            async with client.post(f"{proxy.url}/v1/messages", data=body, headers=field) as answer:
                await answer.read()
        exchanges = sorted(await proxy.ended(3), key=lambda exchange: exchange.id)

    assert [exchange.session_id for exchange in exchanges[:2]] == ["one", "one"]
    assert exchanges[2].session_id == exchanges[2].id
    assert exchanges[0].inferred == exchanges[1].inferred


async def test_claude_codes_own_session_counts_first(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("ok")))
    headers = {"x-session-id": "one", "X-Claude-Code-Session-Id": "own"}
    async with running(provider, tmp_path, sections={"sessions": {"header": ["x-session-id"]}}) as proxy:
        async with client.post(f"{proxy.url}/v1/messages", data=BODY, headers=headers) as answer:
            await answer.read()
        assert (await proxy.exchange()).session_id == "own"
