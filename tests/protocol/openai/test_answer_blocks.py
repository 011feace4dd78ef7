"""What a chat completion says, as content blocks: the same from a stream and from a whole answer."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.protocol.openai.answer import chat_blocks
from candela_tui.protocol.openai.completion import chat_completion
from candela_tui.protocol.openai.stream import ChatStream

BLOCKS = [
    {"type": "thinking", "thinking": "Hm."},
    {"type": "text", "text": "Hello 🐠"},
    {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
    {"type": "tool_use", "id": "t2", "name": "Read", "input": {}},
]


def test_a_whole_answer_and_a_stream_have_the_blocks_that_they_were_made_from() -> None:
    message = {"type": "message", "id": "m", "model": "opus", "content": BLOCKS, "stop_reason": "tool_use"}
    assert chat_blocks(chat_completion(json.dumps(message).encode(), created=0)) == BLOCKS
    events = [{"type": "message_start", "message": {**message, "content": []}}]
    for index, block in enumerate(BLOCKS):
        events.append({"type": "content_block_start", "index": index, "content_block": _begun(block)})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(block)]
        events.append({"type": "content_block_stop", "index": index})
    events += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]
    stream = ChatStream([], created=0)
    wire = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    assert chat_blocks(stream.feed(wire.encode())) == BLOCKS


def _begun(block):
    return {
        **block,
        **{name: empty for name, empty in (("thinking", ""), ("text", ""), ("input", {})) if name in block},
    }


def _deltas(block):
    if block["type"] == "tool_use":
        return [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    return [{"type": f"{block['type']}_delta", block["type"]: letter} for letter in block[block["type"]]]


_NAMES = st.sampled_from(["choices", "message", "delta", "tool_calls", "function", "index", "content"])
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(JSON)
def test_an_answer_of_any_form_is_read(document) -> None:
    whole = {"choices": [{"message": document, "delta": document}]}
    for wire in (json.dumps(whole), f"data: {json.dumps(whole)}\n\n", json.dumps(document), f"data: {document}\n\n"):
        chat_blocks(wire.encode("utf-8", "replace"))
