"""Answers whose calls are judged: everything else passes to the byte, however the stream is cut."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.config import ToolRule
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.bedrock.events import BedrockEventDecoder, event_frame
from candela_tui.protocol.held_call import REFUSED, are_held_words, held_words
from candela_tui.protocol.openai.stream import ChatStream
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder, encoded
from candela_tui.rules.tools.edited_answer import EditedAnswer
from candela_tui.rules.tools.held_calls import Verdicts
from candela_tui.rules.tools.judge import Judge
from candela_tui.rules.tools.pieces import base64_forms
from tests.standin import event_frames, message, text, tool_use, whole_message
from tests.standin.answers import Answer

PUSH = tool_use("Bash", {"command": "git push --force"}, id="toolu_push")
STATUS = tool_use("Bash", {"command": "git status"}, id="toolu_status")
READ = tool_use("Read", {"file_path": "/srv/README.md"}, id="toolu_read")
WORDS = 'candela did not pass on a call of Bash: the rule "no pushes" denies Bash(git push *).'


def rule(action: str = "end", **more: Any) -> ToolRule:
    return ToolRule.model_validate({"name": "no pushes", "deny": ["Bash(git push *)"], "action": action, **more})


class Judged:
    """One answer behind rules."""

    def __init__(self, *rules: ToolRule, kind: str = "text/event-stream", dialect: str = "messages") -> None:
        self.noted: list[RuleAction] = []
        judge = Judge(rules)
        verdicts = Verdicts(judge.concerns, lambda: (judge, Place("/home/u", None)), self.noted.append)
        self.answer = EditedAnswer(None, 200, [("Content-Type", kind)], dialect, verdicts)  # type: ignore[arg-type]

    def read(self, *chunks: bytes) -> bytes:
        return b"".join([*map(self.answer.feed, chunks), self.answer.finish()])


def body(answer: Answer) -> bytes:
    return b"".join(step for step in answer.steps if isinstance(step, bytes))


def events(answer: bytes) -> list[dict[str, Any]]:
    decoder = AnswerDecoder(200, "text/event-stream")
    return [json.loads(event.data) for event in decoder.feed(answer)]


def blocks(answer: bytes, kind: str = "text/event-stream") -> tuple[list[Any], str | None]:
    """The content of an answer, and why it ended."""
    decoder = AnswerDecoder(200, kind)
    decoder.feed(answer)
    decoder.finish()
    content = [
        (block.start["name"], json.loads(block.text or "{}")) if block.type == "tool_use" else block.text
        for _, block in sorted(decoder.fold.blocks.items())
    ]
    return content, decoder.fold.stop_reason


def cut(data: bytes, places: list[float]) -> Iterator[bytes]:
    at = 0
    for place in sorted(int(place * len(data)) for place in places):
        yield data[at:place]
        at = place
    yield data[at:]


@given(places=some.lists(some.floats(0, 1), max_size=12))
def test_an_answer_without_a_denied_call_passes_to_the_byte(places: list[float]) -> None:
    whole = body(message(text("I look", " first."), STATUS, READ))

    assert Judged(rule()).read(*cut(whole, places)) == whole


@given(places=some.lists(some.floats(0, 1), max_size=12), line_end=some.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_a_denied_call_is_replaced_however_the_stream_is_cut(places: list[float], line_end: bytes) -> None:
    whole = body(message(text("I push."), PUSH, READ)).replace(b"\n", line_end)

    content, reason = blocks(Judged(rule()).read(*cut(whole, places)))

    assert content == ["I push.", WORDS, ("Read", {"file_path": "/srv/README.md"})]
    assert reason == "tool_use"


@given(tool=some.text(min_size=1), name=some.text(min_size=1), pattern=some.text(min_size=1))
def test_the_words_in_place_of_a_call_are_recognized(tool: str, name: str, pattern: str) -> None:
    one_line = "\n" not in tool + name + pattern
    assert are_held_words(held_words(tool, name, pattern)) is one_line
    assert not are_held_words(f"I read: {WORDS}")
    assert not are_held_words(f"{WORDS} What now?")


def test_without_any_call_left_the_answer_ends_its_turn() -> None:
    content, reason = blocks(Judged(rule()).read(body(message(text("I push."), PUSH))))

    assert (content, reason) == (["I push.", WORDS], "end_turn")


def test_a_call_that_fails_takes_the_place_of_a_denied_one() -> None:
    judged = Judged(rule("answer"))

    answer = judged.read(body(message(text("I push."), PUSH)))

    assert blocks(answer) == (["I push.", (REFUSED, {"rule": "no pushes", "why": WORDS})], "tool_use")
    started = [event["content_block"] for event in events(answer) if event["type"] == "content_block_start"]
    assert started[-1]["id"] == "toolu_push"
    assert b"--force" not in answer


@pytest.mark.parametrize("tried", [rule("mark"), rule("end", dry_run=True), rule("answer", dry_run=True)])
def test_a_call_that_is_only_marked_or_tried_passes_to_the_byte_and_is_noted(tried: ToolRule) -> None:
    whole = body(message(PUSH))
    judged = Judged(tried)

    assert judged.read(whole) == whole
    assert judged.noted == [
        RuleAction("no pushes", tried.action, tried.dry_run, "Bash is denied by Bash(git push *)", "toolu_push"),
    ]


def test_what_comes_before_a_call_and_beside_it_does_not_wait_for_it() -> None:
    judged = Judged(rule())
    whole = body(message(text("I push."), PUSH))
    start = whole.index(b"event: content_block_start", whole.index(b"I push."))

    assert judged.answer.feed(whole[:start]) == whole[:start]
    end = whole.index(b"\n\n", start) + 2
    assert judged.answer.feed(whole[start:end]) == b""
    ping = encoded(ServerSentEvent("ping", b'{"type": "ping"}'))
    assert judged.answer.feed(ping) == ping


def test_an_incomplete_event_that_begins_no_call_passes_at_once() -> None:
    begun = b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "de'
    judged = Judged(rule())

    assert judged.answer.feed(begun) == begun
    assert judged.answer.feed(b'lta": {}}\n') == b'lta": {}}\n'
    assert judged.answer.feed(b"\n") == b"\n"


def test_a_call_that_breaks_off_passes_as_far_as_it_came() -> None:
    whole = body(message(PUSH))
    broken = whole[: whole.index(b"content_block_stop") + 5]

    assert Judged(rule()).read(broken) == broken


def test_bedrocks_frames_carry_checksums_that_fit() -> None:
    answer = message(text("I push."), PUSH)
    whole = b"".join(event_frames.chunks(events(body(answer))))
    judged = Judged(rule(), kind=event_frames.EVENT_STREAM)

    edited = judged.read(*cut(whole, [n / 40 for n in range(40)]))

    assert blocks(edited, event_frames.EVENT_STREAM) == (["I push.", WORDS], "end_turn")
    assert edited.startswith(whole[:400])


def test_frames_without_a_denied_call_pass_to_the_byte() -> None:
    whole = b"".join(event_frames.chunks(events(body(message(STATUS)))))

    assert Judged(rule(), kind=event_frames.EVENT_STREAM).read(whole) == whole


def test_corrupt_frames_pass_as_they_are() -> None:
    whole = event_frames.corrupted(b"".join(event_frames.chunks(events(body(message(PUSH))))), 2)

    assert Judged(rule(), kind=event_frames.EVENT_STREAM).read(whole) == whole


@pytest.mark.parametrize(
    ("action", "content", "reason"),
    [
        ("end", [{"type": "text", "text": "I push."}, {"type": "text", "text": WORDS}], "end_turn"),
        (
            "answer",
            [
                {"type": "text", "text": "I push."},
                {
                    "type": "tool_use",
                    "id": "toolu_push",
                    "name": REFUSED,
                    "input": {"rule": "no pushes", "why": WORDS},
                },
            ],
            "tool_use",
        ),
    ],
)
def test_a_whole_message_is_judged(action: str, content: list[Any], reason: str) -> None:
    whole = body(whole_message(text("I push."), PUSH))

    edited = json.loads(Judged(rule(action), kind="application/json").read(whole))

    assert edited == {**json.loads(whole), "content": content, "stop_reason": reason}


def test_a_whole_message_without_a_denied_call_passes_to_the_byte() -> None:
    whole = body(whole_message(text("Hi"), STATUS))

    assert Judged(rule(), kind="application/json").read(whole) == whole


@pytest.mark.parametrize("whole", [b"<html>busy</html>", b"", b"{not json", b'{"type": "error"}', b"data: no\n\n"])
def test_what_is_no_message_passes_as_it_is(whole: bytes) -> None:
    assert Judged(rule(), kind="text/plain").read(whole) == whole


def chat(answer: Answer) -> bytes:
    stream = ChatStream([], created=1)
    return stream.feed(body(answer)) + stream.finish()


def chunks(answer: bytes) -> list[dict[str, Any]]:
    found = [part.removeprefix(b"data: ") for part in answer.split(b"\n\n") if part.startswith(b"data: {")]
    return [json.loads(each)["choices"][0] for each in found if json.loads(each).get("choices")]


@given(places=some.lists(some.floats(0, 1), max_size=12))
def test_a_chat_completion_is_judged_however_it_is_cut(places: list[float]) -> None:
    whole = chat(message(text("I push."), PUSH))

    found = chunks(Judged(rule(), dialect="openai").read(*cut(whole, places)))

    assert "".join(each["delta"].get("content") or "" for each in found) == "I push." + WORDS
    assert not [each for each in found if each["delta"].get("tool_calls")]
    assert found[-1]["finish_reason"] == "stop"


def test_a_call_that_fails_takes_its_place_in_a_chat_completion() -> None:
    found = chunks(Judged(rule("answer"), dialect="openai").read(chat(message(PUSH, READ))))

    calls = [call["function"] for each in found for call in each["delta"].get("tool_calls") or []]
    assert calls[0]["name"] == REFUSED
    assert json.loads(calls[0]["arguments"])["rule"] == "no pushes"
    assert calls[1]["name"] == "Read"
    assert found[-1]["finish_reason"] == "tool_calls"


@given(places=some.lists(some.floats(0, 1), max_size=12))
def test_a_chat_completion_without_a_denied_call_passes_to_the_byte(places: list[float]) -> None:
    whole = chat(message(text("Hi"), STATUS, READ))

    assert Judged(rule(), dialect="openai").read(*cut(whole, places)) == whole


def test_a_whole_chat_completion_is_judged() -> None:
    function = {"name": "Bash", "arguments": json.dumps({"command": "git push"})}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    choice = {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": calls}}
    whole = json.dumps({"id": "x", "choices": [{**choice, "finish_reason": "tool_calls"}]}).encode()

    edited = json.loads(Judged(rule(), kind="application/json", dialect="openai").read(whole))

    assert edited["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}
    ]


def test_the_request_is_read_only_for_a_call_that_a_rule_may_deny() -> None:
    read: list[str] = []

    def judging() -> tuple[Judge, Place]:
        read.append("read")
        return Judge([]), Place("/home/u", None)

    verdicts = Verdicts(Judge([ToolRule(deny=("Bash(git push *)",))]).concerns, judging, lambda _: None)
    assert not verdicts.concerns("Read")
    assert read == []
    # No rule with that pattern is about this request.
    assert not verdicts.concerns("Bash")
    assert not verdicts.concerns("Bash")
    assert read == ["read"]


@given(before=some.binary(max_size=4), mark=some.binary(min_size=4, max_size=20), after=some.binary(max_size=4))
def test_bytes_are_found_within_base64(before: bytes, mark: bytes, after: bytes) -> None:
    forms = base64_forms(mark)
    assert forms[len(before) % 3] in b64encode(before + mark + after)
    assert all(len(form) >= len(mark) for form in forms)


def escaped(answer: bytes) -> bytes:
    return answer.replace(b'"tool_use"', rb'"tool\u005fuse"').replace(b'"tool_calls"', rb'"tool\u005fcalls"')


@given(places=some.lists(some.floats(0, 1), max_size=12))
def test_a_call_is_found_whose_letters_are_escaped(places: list[float]) -> None:
    answer = message(text("I push."), PUSH)
    whole = escaped(body(answer))
    frames = b"".join(map(event_frame, (escaped(json.dumps(each).encode()) for each in events(body(answer)))))

    assert blocks(Judged(rule()).read(*cut(whole, places))) == (["I push.", WORDS], "end_turn")
    edited = Judged(rule(), kind=event_frames.EVENT_STREAM).read(*cut(frames, places))
    assert blocks(edited, event_frames.EVENT_STREAM) == (["I push.", WORDS], "end_turn")
    found = chunks(Judged(rule(), dialect="openai").read(*cut(escaped(chat(answer)), places)))
    assert not [each for each in found if each["delta"].get("tool_calls")]


@pytest.mark.parametrize("odd", [r'"\ud83d"', r'"\ude00 and \ud83d"', "1e999", "-1e999", "9" * 400])
@pytest.mark.parametrize("kind", ["text/event-stream", event_frames.EVENT_STREAM, "application/json"])
def test_a_call_is_judged_by_what_javascript_reads(odd: str, kind: str) -> None:
    push = tool_use("Bash", {"command": "git push --force", "timeout": "ODD"}, piece=1000)
    if kind == "application/json":
        answer = body(whole_message(text("I push."), push)).replace(b'"ODD"', odd.encode())
        assert json.loads(Judged(rule(), kind=kind).read(answer))["content"][1] == {"type": "text", "text": WORDS}
        return
    in_a_string = json.dumps(odd)[1:-1].encode()
    answer = body(message(text("I push."), push)).replace(rb"\"ODD\"", in_a_string)
    if kind == event_frames.EVENT_STREAM:
        answer = b"".join(event_frame(json.dumps(each).encode()) for each in events(answer))

    assert blocks(Judged(rule(), kind=kind).read(answer), kind) == (["I push.", WORDS], "end_turn")


def test_a_call_is_denied_whose_events_cut_a_character_in_half() -> None:
    push = tool_use("Bash", {"command": "git push --force", "note": "HALF"}, piece=1000)
    answer = body(message(text("I push."), push)).replace(b"HALF", rb"\ud83d")

    assert blocks(Judged(rule()).read(answer)) == (["I push.", WORDS], "end_turn")


@given(places=some.lists(some.floats(0, 1), max_size=12), end=some.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_text_about_calls_passes_to_the_byte_and_does_not_hide_one(places: list[float], end: bytes) -> None:
    about = text('{"type": "tool_use"}', "\n\nevent: content_block_start\n\n", "\x1b[0m", "tool_calls")
    harmless = body(message(about, READ)).replace(b"\n", end)
    denied = body(message(about, PUSH, about)).replace(b"\n", end)

    assert Judged(rule()).read(*cut(harmless, places)) == harmless
    content, _ = blocks(Judged(rule()).read(*cut(denied, places)))
    assert content[1] == WORDS
    assert content[0] == content[2]


def test_no_event_is_read_while_none_begins_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError

    answer = message(text(*["words \\ and more"] * 50))
    frames = b"".join(event_frame(json.dumps(each).encode()) for each in events(body(answer)))
    monkeypatch.setattr(SSEDecoder, "feed", read)
    monkeypatch.setattr(BedrockEventDecoder, "feed", read)

    assert Judged(rule()).read(body(answer)) == body(answer)
    assert Judged(rule(), kind=event_frames.EVENT_STREAM).read(frames) == frames
