"""What is worked out of recorded requests is what their comparison says, whatever was read before."""

import random
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings

from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import ReadPrompt, prompt_of
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheState, Cause
from candela_tui.protocol.usage import Usage
from candela_tui.results.cache import CacheDiagnoser
from candela_tui.store.reader import StoreReader
from tests.results.sessions import PRICER, Sent, expected, growing, sessions, store


@settings(max_examples=12, deadline=None)
@given(sessions())
def test_every_order_of_requests_gives_what_the_comparison_of_two_gives(requests: list[Sent]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candela.db"
        store(path, requests)
        reader = StoreReader(path)
        wanted = expected(requests)
        for order in (reader.exchanges(), reader.exchanges()[::-1], random.sample(reader.exchanges(), len(requests))):
            diagnoser = CacheDiagnoser(reader, PRICER)
            assert {each.id: diagnoser.result(each) for each in order} == wanted
        reader.close()


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_a_prompt_is_the_same_whatever_it_was_read_against(requests: list[Sent]) -> None:
    known: ReadPrompt | None = None
    for sent in requests:
        alone, shared = Items(), Items()
        for _ in read_items(sent.body, alone, Items()):
            pass
        for _ in read_items(sent.body, shared, known.items if known is not None else Items()):
            pass
        prompt = prompt_of(shared, known)
        assert prompt == prompt_of(alone)
        known = ReadPrompt(shared, prompt)


def test_what_a_request_shares_with_the_one_before_it_is_parsed_once(path: Path) -> None:
    store(path, growing(3))
    reader = StoreReader(path)
    diagnoser = CacheDiagnoser(reader, PRICER)
    for each in reader.exchanges()[:2]:
        diagnoser.result(each)
    now, before = diagnoser.compared(reader.exchanges()[2])
    assert before is not None
    assert before.prompt is not None
    assert now.prompt is not None
    shared = {
        block.path for block, other in zip(now.prompt.blocks, before.prompt.blocks, strict=False) if block is other
    }
    of_messages = {"messages[0].content[0]", "messages[1].content[0]"}
    assert shared == {"tools[0]", "tools[1]", "tools[2]", "system[0]", "system[1]"} | of_messages


def test_a_body_that_was_put_together_from_parts_proves_nothing(path: Path) -> None:
    first, second = growing(2)
    rebuilt = replace(second.exchange, rebuilt=("request",), usage=Usage(5, 0, 9000, 0, 7))
    store(path, [first, Sent(rebuilt, b"{}")])
    reader = StoreReader(path)
    result = CacheDiagnoser(reader, PRICER).result(reader.exchanges()[1])
    assert (result.diagnosis.state, result.diagnosis.cause) == (CacheState.MISS, Cause.UNKNOWN)


def test_requests_that_left_nothing_in_the_cache_are_read_once(path: Path) -> None:
    uncached = [Sent(replace(sent.exchange, usage=Usage(9012, 0, 0, 0, 40)), sent.body) for sent in growing(12)]
    store(path, uncached)
    reader = _CountingReader(path)
    every = reader.exchanges()
    diagnoser = CacheDiagnoser(reader, PRICER)
    diagnoser.result(every[-2])
    reader.found.clear()
    diagnoser.result(every[-1])
    assert reader.found == [every[-2].id]


class _CountingReader(StoreReader):
    """Notes the ids of the earlier requests that it finds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.found: list[str] = []

    def earlier_of_agent(self, exchange: Exchange, before: str, limit: int, *, since: str = "") -> list[str]:
        found = super().earlier_of_agent(exchange, before, limit, since=since)
        self.found += found
        return found
