"""What it costs to say why requests missed the cache, and what filled their contexts.

``python -m benchmarks cache [REQUESTS]``

Makes one session that grows by a tool call a request, and begins again with a summary when its body reaches 600 kB, as
Claude Code does at about 150,000 tokens. Reads each request from the store and works it out, in the order in which they
came, as a running candela does, and then the newest first, as it does with earlier ones.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.history import request_of
from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.results.cache import CacheDiagnoser
from candela_tui.results.contexts import ContextSummer
from candela_tui.store.sequential_reader import SequentialReader
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import utc_now

_LARGEST = 600_000
"""Bytes of a body after which the conversation is compacted."""
_MARK = {"cache_control": {"type": "ephemeral"}}
_WORDS = ("the", "test", "fails", "because", "lamp", "store", "reads", "row", "key", "wanted", "{}", "\n")


def main(arguments: Sequence[str]) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks cache", description=__doc__)
    parser.add_argument("requests", nargs="?", type=int, default=10_000, help="how many requests the session has")
    with tempfile.TemporaryDirectory() as directory:
        _measure(Path(directory) / "candela.db", parser.parse_args(arguments).requests)


def _measure(path: Path, requests: int) -> None:
    size = _fill(path, requests)
    print(f"{requests:,} requests of one session, {size / requests / 1000:,.0f} kB on average")
    reader = SequentialReader(path)
    ids = reader.without_results(None, requests)
    for name, order in (("as they come", list(reversed(ids))), ("the newest first", ids)):
        spent = sorted(_each(reader, order))
        print(
            f"{name:17} {statistics.fmean(spent):.2f} ms of a core for each, "
            f"median {statistics.median(spent):.2f}, p99 {spent[len(spent) * 99 // 100]:.2f}, longest {spent[-1]:.2f}"
        )
    reader.close()


def _each(reader: SequentialReader, order: Sequence[str]) -> Iterator[float]:
    """Yield the milliseconds of a core that each request took."""
    diagnoser = CacheDiagnoser(reader, Pricer(PricingSettings()))
    summer = ContextSummer(diagnoser.prompts)
    for exchange_id in order:
        begun = time.thread_time()
        exchange = reader.exchange(exchange_id)
        assert exchange is not None
        diagnoser.result(exchange)
        summer.parts(exchange)
        yield (time.thread_time() - begun) * 1000


def _fill(path: Path, requests: int) -> int:
    """Make the store. Return the bytes of all bodies."""
    problems: list[str] = []
    writer = StoreWriter(path, on_problem=problems.append, on_stored=lambda _: None)
    writer.start()
    size = 0
    for number, (exchange, body) in enumerate(_session(requests)):
        size += len(body)
        writer.begin(exchange, body)
        writer.end(exchange, [b"{}"], [1.0])
        while writer.stored < number - 100 and not problems:
            time.sleep(0.01)
    writer.close(600)
    if problems:
        raise SystemExit("\n".join(problems))
    return size


def _session(requests: int) -> Iterator[tuple[Exchange, bytes]]:
    chance = random.Random(17)

    def words(number: int) -> str:
        return " ".join(chance.choices(_WORDS, k=number))

    tools = [
        {"name": f"Tool{number}", "description": words(250), "input_schema": {"type": "object"}} for number in range(30)
    ]
    system = [{"type": "text", "text": words(600)}, {"type": "text", "text": words(3_000), **_MARK}]
    messages: list[dict[str, Any]] = []
    cached, at = 0, utc_now() - timedelta(days=1)
    for number in range(requests):
        last = {"type": "text", "text": words(40)}
        if messages:
            call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Tool1", "input": {"command": words(30)}}
            messages.append({"role": "assistant", "content": [{"type": "text", "text": words(30)}, call]})
            last = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": words(chance.randrange(800))}
        messages.append({"role": "user", "content": [{**last, **_MARK}]})
        # In the client's order.
        body = {"model": "claude-opus-4-8", "messages": messages, "system": system, "tools": tools, "stream": True}
        encoded = json.dumps(body).encode()
        messages[-1]["content"] = [last]
        at += timedelta(seconds=7)
        tokens = len(encoded) // 4
        usage = Usage(12, min(cached, tokens), max(0, tokens - cached), 0, 60)
        cached = tokens
        exchange = replace(
            request_of(at, number),
            session_id="session",
            agent_id=None,
            usage=usage,
            cache_ttls=("5m",),
            price_basis=PriceBasis("", "anthropic", final=True),
        )
        yield exchange, encoded
        if len(encoded) > _LARGEST:
            messages = []
