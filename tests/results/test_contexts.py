"""What fills the context window at recorded requests is what their bodies say, whatever was read before."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from candela_tui.analysis.context_items import context_pieces
from candela_tui.analysis.context_parts import ContextPart, add_pieces, context_of, measured_prompt, parts_of
from candela_tui.analysis.items import Items, read_items
from candela_tui.exchange import Exchange
from candela_tui.results.contexts import ContextSummer
from candela_tui.results.prompts import RecordedPrompts
from tests.results.sessions import Sent, growing, sessions

DEFERRED = {"name": "mcp__harbour__tides", "description": "Tells the tides.", "defer_loading": True}


class Bodies:
    """The bodies of requests, in memory."""

    def __init__(self, requests: Sequence[Sent]) -> None:
        self._bodies = {sent.exchange.id: sent.body for sent in requests}

    def request_body(self, exchange_id: str) -> bytes | None:
        return self._bodies.get(exchange_id)

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        return None


def summer(requests: Sequence[Sent]) -> ContextSummer:
    return ContextSummer(RecordedPrompts(Bodies(requests)))


def alone(sent: Sent) -> list[ContextPart]:
    """The parts of a request that is read on its own."""
    items, sums = Items(), {}
    for _ in read_items(sent.body, items, Items()):
        pass
    add_pieces(sums, context_pieces(items, sent.exchange.model).pieces())
    return parts_of(sums, measured_prompt(sent.exchange))


def with_tools(sent: Sent, number: int) -> Sent:
    """A request that offers a deferred tool, and later calls tools and finds that one."""
    body: dict[str, Any] = json.loads(sent.body)
    body["tools"].append(DEFERRED)
    for place, message in enumerate(body["messages"][2::2], 1):
        call = {"type": "tool_use", "id": f"toolu_{place}", "name": f"Tool{place % 2}", "input": {"path": f"/{place}"}}
        body["messages"][2 * place - 1]["content"].append(call)
        found = [{"type": "tool_reference", "tool_name": DEFERRED["name"]}] if place == 2 + number % 2 else "found it"
        message["content"].insert(0, {"type": "tool_result", "tool_use_id": f"toolu_{place}", "content": found})
    return Sent(sent.exchange, json.dumps(body).encode())


@settings(max_examples=40, deadline=None)
@given(sessions(), some.booleans(), some.randoms())
def test_parts_are_the_same_whatever_was_read_before(requests: list[Sent], tools: bool, chance: random.Random) -> None:
    if tools:
        requests = [with_tools(sent, number) for number, sent in enumerate(requests)]
    wanted = {sent.exchange.id: alone(sent) for sent in requests}
    for order in (requests, requests[::-1], chance.sample(requests, len(requests))):
        sums = summer(requests)
        assert {sent.exchange.id: sums.parts(sent.exchange) for sent in order} == wanted


def test_parts_are_those_that_the_context_of_a_request_has() -> None:
    requests = [with_tools(sent, 0) for sent in growing(12)]
    sums = summer(requests)
    for sent in requests:
        items = Items()
        for _ in read_items(sent.body, items, Items()):
            pass
        context = context_of(sent.exchange, context_pieces(items, sent.exchange.model), [sent.exchange])
        assert sums.parts(sent.exchange) == [replace(part, items=()) for part in context.parts]
        assert all(part.tokens == sum(each.tokens for each in part.items) for part in context.parts)


def test_what_can_not_be_read_has_no_parts() -> None:
    (first, second) = growing(2)
    sums = summer([Sent(first.exchange, b"[1]"), second])
    rebuilt: Exchange = replace(second.exchange, rebuilt=("request",))
    assert [sums.parts(first.exchange), sums.parts(rebuilt)] == [None, None]
