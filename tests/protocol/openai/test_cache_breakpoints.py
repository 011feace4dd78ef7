"""Where a chat's prompt is cached by default."""

import json
from typing import Any

import pytest

from candela_tui.protocol.openai import to_messages

MARK = {"type": "ephemeral"}
SYSTEM = {"role": "system", "content": "be brief"}
HI = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def asked(*messages: Any, **more: Any) -> Any:
    body = json.dumps({"model": "claude-opus-4-8", "messages": messages, **more}).encode()
    return json.loads(to_messages(body, cached=True).body)


def marks(document: Any) -> list[tuple[str, ...]]:
    """The places of the marks."""
    found = []
    for name in ("tools", "system"):
        found += [(name, str(index)) for index, block in enumerate(document.get(name, ())) if "cache_control" in block]
    for turn, message in enumerate(document["messages"]):
        found += [
            ("messages", str(turn), str(index))
            for index, block in enumerate(message["content"])
            if "cache_control" in block
        ]
    return found


def test_the_system_prompt_and_the_newest_user_message_are_marked() -> None:
    document = asked(SYSTEM, HI, {"role": "assistant", "content": "hello"}, HI, HI, tools=[TOOL])
    assert marks(document) == [("system", "0"), ("messages", "2", "1")]
    assert document["system"] == [{"type": "text", "text": "be brief", "cache_control": MARK}]


def test_the_newest_user_message_may_be_the_result_of_a_tool_and_need_not_be_last() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    document = asked(
        HI,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
        {"role": "assistant", "content": "It"},
        tools=[TOOL],
    )
    assert marks(document) == [("messages", "2", "0")]
    assert document["messages"][2]["content"][0]["type"] == "tool_result"


def test_a_chat_without_a_user_message_has_only_its_system_prompt_marked() -> None:
    assert marks(asked(SYSTEM, {"role": "assistant", "content": "It"})) == [("system", "0")]


@pytest.mark.parametrize(
    "messages",
    [
        [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "long", "cache_control": MARK}]}, HI],
        [{**SYSTEM, "cache_control": {**MARK, "ttl": "1h"}}, HI],
        [SYSTEM, HI, {"role": "user", "content": [{"type": "text", "text": "x", "prompt_cache_breakpoint": {}}]}],
    ],
)
def test_a_chat_with_marks_of_its_own_gets_no_others(messages: list[Any]) -> None:
    assert len(marks(asked(*messages))) == 1


def test_a_marked_tool_is_a_mark_of_the_chats_own() -> None:
    assert marks(asked(SYSTEM, HI, tools=[{**TOOL, "cache_control": MARK}])) == [("tools", "0")]


def test_nothing_is_marked_where_that_is_switched_off() -> None:
    body = json.dumps({"model": "claude-opus-4-8", "messages": [SYSTEM, HI]}).encode()
    assert b"cache_control" not in to_messages(body).body


def test_the_change_is_told() -> None:
    body = json.dumps({"model": "claude-opus-4-8", "messages": [HI]}).encode()
    assert [adaptation.name for adaptation in to_messages(body, cached=True).adaptations] == ["cache_control"]
