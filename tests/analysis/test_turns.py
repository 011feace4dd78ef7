"""A conversation is read turn by turn: what each request adds, the answer, and what changed."""

import json
from typing import Any

from candela_tui.analysis.answer import Answer, read_answer
from candela_tui.analysis.compare import Sign
from candela_tui.analysis.conversation import conversations
from candela_tui.analysis.turns import Turn, Unread, turns
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from tests.analysis.exchanges import exchange

MAIN = {"kind": Kind.MESSAGES, "cache_ttls": ("5m",)}
CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}


class Recorded:
    """Bodies and answers by the number of their exchange."""

    def __init__(self) -> None:
        self.requests: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        self.exchanges: list[Exchange] = []

    def add(self, number: int, messages: list[Any], answer: list[Any], **more: Any) -> None:
        added = exchange(number, **MAIN)
        self.exchanges.append(added)
        self.requests[added.id] = json.dumps({"model": "opus", "messages": messages, **more}).encode()
        self.answers[added.id] = Answer(tuple(answer))

    def request(self, exchange: Exchange) -> bytes | Unread:
        return self.requests.get(exchange.id, Unread("gone"))

    def answer(self, exchange: Exchange) -> Answer:
        return self.answers[exchange.id]

    def turns(self) -> list[Turn]:
        (conversation,), outside = conversations(self.exchanges)
        assert outside == []
        return list(turns(conversation.calls, self))


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def said(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def shown(turn: Turn) -> list[tuple[str, list[Any]]]:
    return [(message.label, [json.loads(bytes(part.raw)) for part in message.parts]) for message in turn.messages]


def test_each_turn_has_what_its_request_adds_and_no_answer_twice() -> None:
    recorded = Recorded()
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "a b"}
    marked = {**text("Reading."), "cache_control": {"type": "ephemeral"}}
    recorded.add(1, [user("list")], [text("Reading."), CALL])
    recorded.add(2, [user("list"), said(marked, CALL), {"role": "user", "content": [result]}], [text("a and b")])
    first, second = recorded.turns()
    assert shown(first) == [("user", [text("list")])]
    assert shown(second) == [("user", [result])]
    assert second.comparison is not None
    assert second.comparison.breaks is None
    assert [item.label for item in first.settings] == ["model"]
    assert second.settings == []


def test_an_answer_that_comes_back_without_its_thinking_is_not_repeated() -> None:
    recorded = Recorded()
    recorded.add(1, [user("a")], [{"type": "thinking", "thinking": "hm"}, text("one")])
    recorded.add(2, [user("a"), said(text("one")), user("b")], [])
    assert shown(recorded.turns()[1]) == [("user", [text("b")])]


def test_an_answer_that_the_client_changed_is_shown() -> None:
    recorded = Recorded()
    recorded.add(1, [user("a")], [text("one")])
    recorded.add(2, [user("a"), said(text("another")), user("b")], [])
    assert shown(recorded.turns()[1]) == [("assistant", [text("another")]), ("user", [text("b")])]


def test_of_a_changed_message_only_the_new_blocks_are_shown() -> None:
    recorded = Recorded()
    recorded.add(1, [user("a", "b")], [text("one")], system=[text("x")])
    recorded.add(2, [user("a", "c"), said(text("one"))], [], system=[text("y")])
    turn = recorded.turns()[1]
    assert shown(turn) == [("user", [text("c")]), ("assistant", [text("one")])]
    assert [json.loads(bytes(block.raw)) for block in turn.system] == [text("y")]
    assert turn.comparison is not None
    assert turn.comparison.messages.count(Sign.CHANGED) == 1


def test_a_request_that_was_not_recorded_is_said_and_skipped_in_comparisons() -> None:
    recorded = Recorded()
    recorded.add(1, [user("a")], [text("one")])
    recorded.add(2, [user("a"), said(text("one")), user("b")], [text("two")])
    recorded.add(3, [user("a"), said(text("one")), user("b"), said(text("two")), user("c")], [])
    del recorded.requests["00002"]
    recorded.requests["00001"] = recorded.requests["00001"][:-1] + b', "x": "\\ud83d"}'
    first, second, third = recorded.turns()
    assert shown(first) == [("user", [text("a")])]
    assert second.unread == Unread("gone")
    assert [role for role, _ in shown(third)] == ["assistant", "user", "assistant", "user"]
    recorded.requests["00003"] = b"<html>"
    assert recorded.turns()[2].unread is not None


def test_the_conversation_of_each_agent_is_apart_from_the_clients_side_requests() -> None:
    requests = [
        exchange(1, **MAIN, outcome=Outcome.ERROR),
        exchange(2, **MAIN, retry=1),
        exchange(3, kind=Kind.TITLE),
        exchange(4, agent_id="a", **MAIN),
        exchange(5, kind=Kind.MESSAGES),
        exchange(6, kind=Kind.COMPACTION, cache_ttls=("5m",)),
    ]
    found, outside = conversations(requests)
    assert [(each.agent_id, [call.last.id for call in each.calls]) for each in found] == [
        (None, ["00002", "00006"]),
        ("a", ["00004"]),
    ]
    assert [call.last.id for call in outside] == ["00003", "00005"]


def test_an_agent_without_cache_breakpoints_has_a_conversation_too() -> None:
    found, outside = conversations([exchange(1, kind=Kind.MESSAGES), exchange(2, kind=Kind.COUNT_TOKENS)])
    assert [call.last.id for each in found for call in each.calls] == ["00001"]
    assert [call.last.id for call in outside] == ["00002"]


def test_an_answer_has_the_same_blocks_streamed_or_whole() -> None:
    blocks = [{"type": "thinking", "thinking": "hm", "signature": ""}, text("Hello"), CALL]
    events = [
        {"type": "message_start", "message": {"type": "message"}},
        {"type": "content_block_start", "index": 0, "content_block": {**blocks[0], "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_start", "index": 1, "content_block": text("")},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_start", "index": 2, "content_block": {**CALL, "input": {}}},
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"command": "ls"}'},
        },
    ]
    stream = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    whole = json.dumps({"type": "message", "content": blocks}).encode()
    assert read_answer(200, (("Content-Type", "text/event-stream"),), stream).blocks == tuple(blocks)
    assert read_answer(200, (("Content-Type", "application/json"),), [whole]).blocks == tuple(blocks)


def test_an_answer_that_is_no_message_says_why() -> None:
    error = b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
    assert str(read_answer(529, (), [error]).error).find("Overloaded") > 0
    trouble = read_answer(200, (("Content-Encoding", "gzip"),), [b"no gzip"]).trouble
    assert trouble == "it is not valid gzip"
    assert read_answer(None, (), []).blocks == ()
