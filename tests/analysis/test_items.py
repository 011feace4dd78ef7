"""The items of a body are the same whatever it is read against."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as some

from candela_tui.analysis.items import Items, read_items

MARK = {"cache_control": {"type": "ephemeral"}}


def read(body: bytes, other: Items | None = None) -> Items:
    items = Items()
    for _ in read_items(body, items, other or Items()):
        pass
    return items


def content(items: Items) -> list[Any]:
    return [
        [(item.label, bytes(item.raw), item.digest, item.parts) for item in part]
        for part in (items.settings, items.tools, items.system, items.messages)
    ]


def message(number: int, *, mark: bool = False) -> dict[str, Any]:
    block = {"type": "text", "text": f'step {number} "é\\'} | (MARK if mark else {})
    return {"role": ("user", "assistant")[number % 2], "content": [block]}


@some.composite
def bodies(draw: Any) -> tuple[bytes, bytes]:
    """A request and the next one, in which anything may have changed, of any client."""
    indent = draw(some.sampled_from([None, 1]))
    members = {
        "model": "claude-opus-4-8",
        "tools": [{"name": "Read", "description": "Reads."}],
        "system": [{"type": "text", "text": "Keep the light."}],
        "max_tokens": 100,
    }
    order = draw(some.permutations([*members, "messages"]))
    length = draw(some.integers(0, 6))

    def body(messages: list[dict[str, Any]]) -> bytes:
        return json.dumps({name: members.get(name, messages) for name in order}, indent=indent).encode()

    before = body([message(number, mark=number == length - 1) for number in range(length)])
    grown = length + draw(some.integers(-2, 3))
    after = body([message(number, mark=number == grown - 1) for number in range(max(0, grown))])
    for _ in range(draw(some.integers(0, 2))):
        start = draw(some.integers(0, len(after)))
        end = min(len(after), start + draw(some.integers(0, 8)))
        put = draw(
            some.sampled_from([b"", b" ", b"x", b",", b"]", b"{}", b"[]", b'"', b"\\", b"\xff", after[start:end]])
        )
        after = after[:start] + put + after[end:]
    return before, after


@given(bodies())
@example((b'{"messages":[1,2,3],"a":1}', b'{"messages":[1,2,4],"messages":[5],"a":1}'))
@example((b'{"messages":[1,2],"messages":[1,2,3],"a":1}', b'{"messages":[1,2],"messages":[1,2,4],"a":1}'))
@example((b'{"messages":[1,2,3]}', b'{"messages":[1,2]}'))
@example((b'{"messages":[1,2,3]}', b'{"messages":[1,2,]}'))
@example((b'{"messages":[1,22]}', b'{"messages":[1,2]}'))
def test_a_body_has_the_same_items_whatever_it_is_read_against(two: tuple[bytes, bytes]) -> None:
    first, second = two
    against = read(second, read(first))
    assert content(against) == content(read(second))
    # What was read against another is as good to read against.
    assert content(read(first, against)) == content(read(first))


def test_only_what_differs_from_the_body_before_is_parsed() -> None:
    before, after = (
        json.dumps({"messages": [message(each) for each in range(number)]}).encode() for number in (40, 42)
    )
    first = read(before)
    second = read(after, first)
    assert first.spans is not None
    differing = first.spans.differing(after)
    assert differing is not None
    assert (differing.number, json.loads(differing.messages)) == (39, [message(each) for each in (39, 40, 41)])
    assert all(one is other for one, other in zip(first.messages, second.messages, strict=False))
