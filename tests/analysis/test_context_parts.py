"""What fills the context window: its parts, their sum, what entered and left, what is in it twice."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.context_change import context_change, conversation_before, duplicates, every_tool
from candela_tui.analysis.context_items import Kind, ReadContext, Source, context_pieces
from candela_tui.analysis.context_parts import Context, context_of, shared_out
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.token_estimate import Estimator
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import Kind as RequestKind
from candela_tui.protocol.usage import Usage
from tests.reports.exchanges import exchange

READ = {"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object"}}
TIDES = {"name": "mcp__harbour__tides", "description": "Tells the tides. " * 20, "input_schema": {"type": "object"}}
CLIENT = "claude-cli/2.1.332 (external, cli)"


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(number: int, path: str, tool: str = "Read") -> dict[str, Any]:
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": {"file_path": path}}
    return {"role": "assistant", "content": [block]}


def result(number: int, content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": content}]}


def pieces(messages: list[dict[str, Any]], **more: Any) -> ReadContext:
    body = json.dumps({"model": "claude-opus-5-5", "messages": messages, **more}).encode()
    items = Items()
    for _ in read_items(body, items, Items()):
        pass
    return context_pieces(items, "claude-opus-5-5")


def asked(number: int, prompt: int | None, **facts: Any) -> Exchange:
    usage = None if prompt is None else Usage(input_tokens=5, cache_read_tokens=prompt - 5, output_tokens=9)
    known = {"model": "claude-opus-5-5", "model_used": "claude-opus-5-5", "client": CLIENT, **facts}
    return exchange(number, usage=usage, **known)


def filled(messages: list[dict[str, Any]], prompt: int | None = 10_000, **more: Any) -> Context:
    now = asked(1, prompt)
    return context_of(now, pieces(messages, **more), [now])


CONVERSATION = [
    {"role": "user", "content": [text("Look at the guide")]},
    call(1, "/reef/guide.txt"),
    result(1, "branching corals\n" * 40),
    {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "x" * 900}, text("So it is.")],
    },
]


def test_the_parts_add_up_to_the_measured_prompt() -> None:
    context = filled(CONVERSATION, 12_345, tools=[READ, TIDES], system=[text("# Harness\nBe brief.")])
    assert context.tokens == 12_345 == sum(context.of(source) for source in Source)
    kinds = {(part.source, part.kind, part.name) for part in context.parts}
    assert kinds == {
        ("system", "instructions", "Harness"),
        ("tools", "built_in", "Read"),
        ("tools", "mcp", "mcp__harbour__tides"),
        ("messages", "user", "user"),
        ("messages", "tool_call", "Read"),
        ("messages", "tool_result", "Read"),
        ("messages", "thinking", "thinking"),
        ("messages", "assistant", "assistant"),
    }


def test_the_window_and_what_is_free_of_it_stand_beside_them() -> None:
    context = filled(CONVERSATION)
    assert (context.window, context.free_tokens, context.autocompact_at) == (1_000_000, 990_000, 967_000)


def test_without_a_usage_the_parts_are_what_was_estimated() -> None:
    context = filled(CONVERSATION, None)
    assert (context.prompt_tokens, context.window, context.free_tokens) == (None, None, None)
    assert context.tokens > 0


def test_a_prompt_of_which_nothing_was_recorded_is_not_lost() -> None:
    (part,) = filled([], 77).parts
    assert (part.kind, part.tokens) == ("other", 77)


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(any))
def test_whole_numbers_add_up_to_what_is_shared_out(total: int, weights: list[float]) -> None:
    shares = shared_out(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    assert all(abs(share - total * weight / whole) <= 1 for share, weight in zip(shares, weights, strict=True))


def png(width: int, height: int) -> dict[str, Any]:
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\0" * 300
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(data).decode()}
    return {"type": "image", "source": source}


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("claude-opus-5-5", (400, 300), 15 * 11),
        ("claude-opus-4-6", (1000, 1000), 36 * 36),
        ("claude-opus-4-6", (1920, 1080), 1560),
        ("claude-opus-5-5", (1920, 1080), 69 * 39),
        ("claude-opus-5-5", (1, 1), 1),
    ],
)
def test_an_image_has_a_token_for_each_patch_of_28_pixels(model: str, size: tuple[int, int], tokens: int) -> None:
    assert Estimator(model).image(*size) == pytest.approx(tokens, rel=0.02)


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_an_image_never_has_more_tokens_than_its_model_takes(width: int, height: int) -> None:
    assert 1 <= Estimator("claude-haiku-4-5").image(width, height) <= 1568
    assert 1 <= Estimator("claude-opus-5-5").image(width, height) <= 4784


def test_an_image_in_a_tools_result_keeps_its_own_tokens() -> None:
    messages = [call(1, "/reef/map.png"), result(1, [text("map"), png(560, 280)])]
    context = filled([*messages, {"role": "user", "content": "word " * 3000}], 9_000)
    (image,) = [part for part in context.parts if part.kind == Kind.IMAGE]
    assert image.tokens == 20 * 10


def test_a_deferred_tool_is_not_in_the_prompt_until_a_search_has_loaded_it() -> None:
    tools = [READ, {**TIDES, "defer_loading": True}, {**TIDES, "name": "mcp__harbour__berths", "defer_loading": True}]
    found = result(1, [{"type": "tool_reference", "tool_name": "mcp__harbour__tides"}])
    parts = {part.name: part for part in filled([call(1, "", "ToolSearch"), found], tools=tools).parts}
    assert parts["mcp__harbour__tides"].kind == Kind.LOADED
    assert parts["mcp__harbour__tides"].tokens > 0
    assert (parts["mcp__harbour__berths"].kind, parts["mcp__harbour__berths"].tokens) == (Kind.DEFERRED, 0)


def test_what_entered_the_window_is_what_the_previous_prompt_did_not_have() -> None:
    earlier, later = asked(1, 8_000), asked(2, 9_000)
    messages = [*CONVERSATION, {"role": "user", "content": "And the map?"}]
    change = context_change(
        context_of(later, pieces(messages), [earlier, later]),
        context_of(earlier, pieces(CONVERSATION), [earlier]),
        later,
        earlier,
    )
    assert [each.item.kind for each in change.entered] == [Kind.USER]
    assert (change.left, change.why, change.previous_id) == ((), None, earlier.id)


SUMMARY = {"role": "user", "content": "This session is being continued from a previous conversation that ran out."}


@pytest.mark.parametrize(
    ("messages", "facts", "why"),
    [
        ([SUMMARY], {}, "compacted"),
        (CONVERSATION[:2], {"answer_facts": (("context_edits", "clear_tool_uses_20250919"),)}, "context_editing"),
        (CONVERSATION[:2], {}, "rewritten"),
    ],
)
def test_what_left_the_window_left_for_a_reason(messages: list[Any], facts: dict[str, Any], why: str) -> None:
    earlier, later = asked(1, 8_000), asked(2, 3_000, **facts)
    now = context_of(later, pieces(messages), [earlier, later])
    change = context_change(now, context_of(earlier, pieces(CONVERSATION), [earlier]), later, earlier)
    assert change.why == why
    assert Kind.TOOL_RESULT in {each.item.kind for each in change.left}
    assert change.left_tokens > 0


def test_a_file_that_was_read_again_is_a_duplicate_whatever_it_said() -> None:
    messages = [
        *(call(1, "/reef/guide.txt"), result(1, "branching corals\n" * 60)),
        *(call(2, "/reef/guide.txt"), result(2, "branching corals\n" * 90)),
        *(call(3, "/reef/other.txt"), result(3, "sponges\n")),
    ]
    (found,) = duplicates(filled(messages))
    assert (found.name, found.times) == ("Read /reef/guide.txt", 2)
    assert found.spare_tokens == min(each.tokens for each in found.items)


def test_equal_long_texts_are_duplicates() -> None:
    messages = [
        {"role": "user", "content": [text("Sing. " * 200)]},
        {"role": "user", "content": [text("Sing. " * 200)]},
    ]
    (found,) = duplicates(filled(messages))
    assert (found.name, found.times) == ("user", 2)


def test_a_client_that_sends_every_tool_gets_a_notice() -> None:
    now = asked(1, 10_000)
    context = context_of(now, pieces(CONVERSATION, tools=[READ, TIDES, {"name": "WebFetch"}]), [now])
    found = every_tool(now, context)
    assert found is not None
    assert found.tools == 2
    searching = context_of(now, pieces(CONVERSATION, tools=[TIDES, {"name": "ToolSearch"}]), [now])
    assert every_tool(now, searching) is None
    assert every_tool(asked(1, 10_000, client="curl/8"), context) is None


def test_the_conversation_of_a_request_is_that_of_its_agent_up_to_it() -> None:
    first, second, third = (asked(number, number * 1000) for number in (1, 2, 3))
    other, failed = asked(4, 500, agent_id="a1"), asked(0, None)
    title = asked(5, 100, kind=RequestKind.TITLE)
    every = [third, first, other, title, failed, second]
    assert conversation_before(every, second) == [first, second]
    assert conversation_before(every, title) == [title]


@given(st.text(max_size=400))
def test_a_text_has_the_same_tokens_in_json(words: str) -> None:
    ascii_words = words.encode("ascii", "ignore").decode()
    plain = "".join(letter for letter in ascii_words if letter.isprintable() or letter in "\n\t")
    quoted = json.dumps(plain).encode()[1:-1]
    for by in (Estimator("claude-opus-5-5"), Estimator("claude-opus-4-6")):
        assert by.json(quoted) == pytest.approx(by.text(plain.encode()))


def test_of_a_long_text_a_sample_is_enough() -> None:
    words = b"The tide turns at noon; the reef lies (almost) dry, 12 m below.\n"
    by = Estimator(None)
    assert by.text(words * 4000) == pytest.approx(by.text(words) * 4000, rel=0.05)


def test_an_older_tokenizer_takes_fewer_tokens_for_prose() -> None:
    words = b"The tide turns at noon, and the reef lies dry until the evening. " * 20
    new, old = (Estimator(model).text(words) for model in ("claude-opus-4-8", "claude-opus-4-6"))
    assert old < 0.8 * new
    assert Estimator("my-own-model").text(words) == new


@pytest.mark.parametrize(
    ("model", "choice", "tokens"),
    [
        ("claude-opus-5", None, 286),
        ("claude-opus-4-8[1m]", {"type": "auto"}, 290),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", {"type": "tool", "name": "Read"}, 588),
        ("claude-opus-4-7", {"type": "any"}, 804),
        ("claude-opus-99", None, None),
    ],
)
def test_the_providers_own_prompt_for_tools_has_the_tokens_of_its_table(
    model: str, choice: dict[str, str] | None, tokens: int | None
) -> None:
    messages = [{"role": "user", "content": "branching corals\n" * 400}]
    body = {"tools": [READ], "messages": messages, **({"tool_choice": choice} if choice else {})}
    items = Items()
    for _ in read_items(json.dumps(body).encode(), items, Items()):
        pass
    now = exchange(1, model=model, usage=Usage(3_000, 0, 0, 0, 5))
    parts = context_of(now, context_pieces(items, model), [now]).parts
    assert [part.tokens for part in parts if part.kind == Kind.PROVIDER] == ([tokens] if tokens else [])
    assert sum(part.tokens for part in parts) == 3_000


def test_a_request_without_tools_has_no_prompt_for_them() -> None:
    assert Kind.PROVIDER not in {part.kind for part in filled(CONVERSATION).parts}
