"""A conversation is the same one however its client writes it down."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.message_digests import message_digests

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
texts = st.text(max_size=20)
blocks = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, texts),
    st.builds(lambda name, value: {"type": "tool_use", "id": "t", "name": name, "input": {"x": value}}, texts, texts),
    st.builds(lambda text: {"type": "tool_result", "tool_use_id": "t", "content": text}, texts),
)
contents = st.one_of(texts, st.lists(blocks, min_size=1, max_size=3))
messages = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "assistant"]), contents
    ),
    min_size=1,
    max_size=5,
)


def digests(conversation: list[dict[str, Any]]) -> list[bytes]:
    return list(message_digests([msgspec.Raw(json.dumps(message).encode()) for message in conversation]))


def marked(message: dict[str, Any]) -> dict[str, Any]:
    """The message as clients write it where they mark it for the cache."""
    content = message["content"]
    written = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {**message, "content": [*written[:-1], {**written[-1], **MARK}]}


@given(messages, messages)
def test_the_digests_of_a_beginning_are_the_beginning_of_the_digests(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    assert digests(before + after)[: len(before)] == digests(before)


@given(messages, st.data())
def test_marks_for_the_cache_make_no_difference(conversation: list[dict[str, Any]], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(conversation) - 1))
    other = [marked(message) if at == place else message for at, message in enumerate(conversation)]
    assert digests(other) == digests(conversation)


@given(messages, st.data())
def test_another_message_is_another_conversation_from_there_on(
    conversation: list[dict[str, Any]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(conversation) - 1))
    changed = {**conversation[place], "role": "developer"}
    other = digests([*conversation[:place], changed, *conversation[place + 1 :]])
    assert other[:place] == digests(conversation)[:place]
    assert not set(other[place:]) & set(digests(conversation))


def test_the_end_of_a_long_text_counts_too() -> None:
    long = "x" * 100_000
    assert digests([{"role": "user", "content": long + "a"}]) != digests([{"role": "user", "content": long + "b"}])


def test_a_message_that_is_not_an_object_has_a_digest() -> None:
    assert len(list(message_digests([msgspec.Raw(b"5"), msgspec.Raw(b'{"content":{}}')]))) == 2
