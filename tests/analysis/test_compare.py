"""What one request is said to have that the one before it had not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.compare import (
    Break,
    Comparison,
    LineChanges,
    compare,
    compare_items,
    compare_lines,
)
from candela_tui.analysis.items import Item, lines_of

SYSTEM = [{"type": "text", "text": "You are a reef."}, {"type": "text", "text": "one\ntwo\nthree"}]
TOOLS = [{"name": "Bash", "description": "Runs."}, {"name": "Read", "description": "Reads."}]
MARK = {"cache_control": {"type": "ephemeral"}}


def user(*texts: str, mark: bool = False) -> dict[str, Any]:
    blocks = [{"type": "text", "text": text} for text in texts]
    if mark:
        blocks[-1] |= MARK
    return {"role": "user", "content": blocks}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def request(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "claude-opus-4-8", "system": SYSTEM, "tools": TOOLS, "messages": list(messages), **more}


def compared(old: dict[str, Any] | bytes, new: dict[str, Any] | bytes) -> Comparison:
    found = Comparison()
    bodies = [side if isinstance(side, bytes) else json.dumps(side).encode() for side in (old, new)]
    for _ in compare(*bodies, found):
        pass
    return found


def signs(part: Any) -> str:
    return "".join(entry.sign for entry in part.entries)


def line_changes(old: Item | None, new: Item | None) -> list[tuple[str, str]]:
    found = LineChanges()
    for _ in compare_lines(old, new, found):
        pass
    assert found.whole
    return [(line.sign.value, line.text) for line in found.lines]


def test_the_next_turn_adds_messages_and_the_rest_is_the_same():
    found = compared(request(user("hi")), request(user("hi"), assistant("yo"), user("go")))
    assert signs(found.messages) == " ++"
    assert found.settings.same
    assert found.tools.same
    assert found.system.same
    assert found.breaks is None


def test_marks_of_the_cache_move_without_a_change():
    old = request(user("hi", mark=True))
    new = request({"role": "user", "content": "hi"}, assistant("yo"), user("go", mark=True))
    assert signs(compared(old, new).messages) == " ++"


def test_a_changed_message_is_one_entry_with_its_blocks_and_lines():
    old = request(user("a", "one\ntwo\nthree"), assistant("yo"))
    new = request(user("a", "one\n2\nthree"), assistant("yo"))
    found = compared(old, new)
    assert signs(found.messages) == "~ "
    assert found.breaks == Break("messages", 1)
    entry = found.messages.entries[0]
    blocks: list[Any] = []
    assert entry.old is not None
    assert entry.new is not None
    for _ in compare_items(entry.old.parts, entry.new.parts, blocks):
        pass
    assert "".join(block.sign for block in blocks) == " ~"
    assert line_changes(blocks[1].old, blocks[1].new) == [(" ", "one"), ("-", "two"), ("+", "2"), (" ", "three")]


@pytest.mark.parametrize(
    ("new", "broken"),
    [
        (request(user("hi"), model="claude-haiku-4-5"), Break("model", 1)),
        (request(user("hi"), tools=[*TOOLS, {"name": "New"}]), Break("tools", 3)),
        (request(user("hi"), tools=TOOLS[::-1]), Break("tools", 1)),
        (request(user("hi"), system=[*SYSTEM[:1], {"type": "text", "text": "else"}]), Break("system", 2)),
        (request(user("hi"), system="You are a reef."), Break("system", 2)),
        (request(user("ho")), Break("messages", 1)),
        (request(), Break("messages", 1)),
        (request(assistant("before"), user("hi")), Break("messages", 1)),
        (request(user("hi"), max_tokens=5), None),
    ],
)
def test_the_prompt_breaks_where_it_first_differs_in_the_providers_order(new, broken):
    assert compared(request(user("hi")), new).breaks == broken


def test_the_clients_note_to_the_provider_does_not_break_the_prompt():
    def noted(checksum):
        return [{"type": "text", "text": f"x-anthropic-billing-header: cch={checksum};"}, *SYSTEM]

    found = compared(request(user("hi"), system=noted(1)), request(user("hi"), user("go"), system=noted(2)))
    assert signs(found.system) == "~  "
    assert found.breaks is None


def test_tools_and_settings_go_by_their_names():
    changed = [{"name": "Bash", "description": "Runs it."}, {"name": "Write"}]
    found = compared(request(max_tokens=5), request(tools=changed, stream=True))
    told = {(entry.item.label, entry.sign.value) for part in (found.tools, found.settings) for entry in part.entries}
    assert told == {
        ("Bash", "~"),
        ("Read", "-"),
        ("Write", "+"),
        ("max_tokens", "-"),
        ("stream", "+"),
        ("model", " "),
    }


def test_a_tool_call_is_named_and_compared_by_its_arguments():
    def calling(command):
        call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}
        return request({"role": "assistant", "content": [call]})

    (entry,) = compared(calling("ls"), calling("pwd")).messages.entries
    assert entry.old is not None
    assert entry.new is not None
    ((old,), (new,)) = entry.old.parts, entry.new.parts
    assert new.label == "tool_use Bash"
    assert line_changes(old, new) == [
        (" ", "id: toolu_1"),
        (" ", "name: Bash"),
        (" ", "input:"),
        ("-", "  command: ls"),
        ("+", "  command: pwd"),
    ]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"messages": 7, "tools": {}, "system": null}'])
def test_what_is_no_request_has_nothing_to_compare(body):
    found = compared(body, body)
    assert all(part.same for part in found.parts)
    assert signs(compared(body, request(user("hi"))).messages) == "+"


WORDS = st.sampled_from(["a", "b", "c\nd", "e\nf\ng", ""])
MESSAGES = st.lists(
    st.builds(
        lambda role, texts: {**user(*texts), "role": role},
        st.sampled_from(["user", "assistant"]),
        st.lists(WORDS, min_size=1, max_size=3),
    ),
    max_size=8,
)


@given(MESSAGES, MESSAGES)
def test_the_changes_applied_to_the_old_request_make_the_new_one(old, new):
    found = compared(request(*old), request(*new))
    entries = found.messages.entries
    expected_old = compared(request(*old), request(*old)).messages.entries
    expected_new = compared(request(*new), request(*new)).messages.entries
    assert [e.old.digest for e in entries if e.old] == [e.item.digest for e in expected_old]
    assert [e.new.digest for e in entries if e.new] == [e.item.digest for e in expected_new]
    assert (found.breaks is None) == (new[: len(old)] == old)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_lines_without_the_added_are_the_old_ones_and_without_the_removed_the_new_ones(old, new):
    def block(lines):
        found = compared(request(), request(user("\n".join(lines))))
        return found.messages.entries[0].item.parts[0]

    changes = line_changes(block(old), block(new))
    assert [text for sign, text in changes if sign != "+"] == list(lines_of(block(old)))
    assert [text for sign, text in changes if sign != "-"] == list(lines_of(block(new)))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_can_crash_it(old, new):
    found = compared(b'{"messages": [' + old + b"]}", b'{"system": ' + new + b"}")
    for part in found.parts:
        for entry in part.entries:
            line_changes(entry.old, entry.new)


def test_an_item_without_end_is_compared_by_its_beginning_and_says_so():
    old, new = (
        compared(request(), request(user("\n".join(f"{word} {n}" for n in range(10_000))))).messages.entries[0].item
        for word in ("line", "row")
    )
    found = LineChanges()
    for _ in compare_lines(old.parts[0], new.parts[0], found):
        pass
    assert not found.whole
    assert 0 < len(found.lines) < 10_000
