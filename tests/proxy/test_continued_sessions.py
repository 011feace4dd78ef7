"""A session that goes on where another one was is linked to it, by the same messages and the same answer."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from candela_tui.exchange import Continued, Exchange
from candela_tui.ledger.ledger import Dimension, Ledger
from candela_tui.ledger.session_sums import continuations
from candela_tui.proxy.capture.conversations import Origins
from tests.proxy.running import RunningProxy
from tests.standin import CLOSE, Answer, Provider, message, text, thinking, tool_use

Message = dict[str, Any]


def user(words: str, **more: Any) -> Message:
    return {"role": "user", "content": [{"type": "text", "text": words, **more}]}


def answer(*blocks: Any) -> Message:
    return {"role": "assistant", "content": list(blocks)}


SAID = {"type": "text", "text": "I look.\nThen I count."}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a b"}]}


def looked() -> Answer:
    return message(
        thinking("Hm."), text("I look.\n", "Then I count.\n\n"), tool_use("Bash", CALL["input"], id="toolu_1")
    )


async def ask(candela: RunningProxy, provider: Provider, session: str, answered: Answer, *messages: Message) -> None:
    provider.answer(answered)
    body = {"model": "claude-opus-4-8", "max_tokens": 64, "stream": True, "messages": messages}
    async with aiohttp.ClientSession() as client:
        headers = {"X-Claude-Code-Session-Id": session}
        async with client.post(f"{candela.url}/v1/messages", data=json.dumps(body), headers=headers) as response:
            try:
                await response.read()
            except aiohttp.ClientError:
                assert answered is not None


def found(exchanges: list[Exchange]) -> list[Continued | None]:
    return [each.continues for each in exchanges]


async def test_a_fork_continues_the_request_whose_answer_it_sends_back(
    candela: RunningProxy, provider: Provider
) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    await ask(candela, provider, "one", looked(), user("count", **mark))
    await ask(candela, provider, "one", message(text("Two.")), user("count"), answer(SAID, CALL), RESULT)
    await ask(candela, provider, "fork", message(text("ok")), user("count"), answer(SAID, CALL), user("stop"))
    whole = (user("count"), answer(SAID, CALL), RESULT, answer({"type": "text", "text": "Two."}))
    await ask(candela, provider, "resumed", message(text("ok")), *whole, user("and now?"))
    exchanges = await candela.ended(4)
    first, second = (each.id for each in exchanges[:2])
    assert found(exchanges) == [None, None, Continued("one", first), Continued("one", second)]
    listed = Ledger.of(exchanges).sessions()
    assert [each.session_id for each in continuations(listed, "one")] == ["fork", "resumed"]


async def test_the_same_prompt_with_another_answer_is_another_conversation(
    candela: RunningProxy, provider: Provider
) -> None:
    await ask(candela, provider, "one", message(text("Hello.")), user("hi"))
    other = answer({"type": "text", "text": "Hello, who are you?"})
    await ask(candela, provider, "two", message(text("ok")), user("hi"), other, user("me"))
    assert found(await candela.ended(2)) == [None, None]


async def test_what_was_said_in_two_sessions_alike_says_nothing_of_a_third(
    candela: RunningProxy, provider: Provider
) -> None:
    for session in ("one", "two"):
        await ask(candela, provider, session, message(text("Hello.")), user("hi"))
        await candela.ended(1 + (session == "two"))
    await ask(
        candela,
        provider,
        "three",
        message(text("ok")),
        user("hi"),
        answer({"type": "text", "text": "Hello."}),
        user("me"),
    )
    assert found(await candela.ended(3)) == [None, None, None]


async def test_an_answer_that_broke_off_is_no_place_to_continue(candela: RunningProxy, provider: Provider) -> None:
    await ask(candela, provider, "one", message(text("Hello.", CLOSE, " More.")), user("hi"))
    hello = answer({"type": "text", "text": "Hello."})
    await ask(candela, provider, "two", message(text("ok")), user("hi"), hello, user("me"))
    exchanges = await candela.ended(2)
    assert (exchanges[0].conversation, found(exchanges)) == (None, [None, None])


async def test_a_session_is_linked_to_one_from_before_a_restart(provider: Provider, tmp_path: Path) -> None:
    hello = answer({"type": "text", "text": "Hello."})
    async with RunningProxy(provider.url, tmp_path) as before:
        await ask(before, provider, "one", message(text("Hello.")), user("hi"))
        (first,) = await before.ended(1)
    async with RunningProxy(provider.url, tmp_path) as candela:
        assert candela.proxy._linking is not None
        await candela.proxy._linking
        # The session itself goes on, and another one begins with what it said.
        await ask(candela, provider, "one", message(text("And you?")), user("hi"), hello, user("me"))
        await ask(candela, provider, "fork", message(text("ok")), user("hi"), hello, user("you"))
        exchanges = await candela.ended(2)
        await candela.stop(1)
        assert found(exchanges) == [None, Continued("one", first.id)]
        stored = candela.reader.exchange(exchanges[1].id)
        assert stored is not None
        assert (stored.continues, stored.conversation) == (exchanges[1].continues, exchanges[1].conversation)
        sessions = candela.reader.totals(by=(Dimension.SESSION,)).sessions()
        assert {each.session_id: each.continues for each in sessions} == {
            "one": None,
            "fork": Continued("one", first.id),
        }


def test_a_conversation_that_goes_on_while_earlier_ones_are_read_keeps_its_place() -> None:
    origins = Origins()
    origins.remember("d2", "new", "2")
    origins.fill([("d1", "old", "1"), ("d2", "other", "0")])
    assert origins.find("d1") == Continued("old", "1")
    assert origins.find("d2") is None
