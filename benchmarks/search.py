"""What the full-text search costs: ``python -m benchmarks search [REQUESTS]``.

Makes a history of conversations about the source code of Python's standard library, indexes it, and searches it. Says
how large the index is beside the text that it covers, and what indexing and searching take of a core.
"""

import argparse
import json
import random
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.history import request_of
from candela_tui.fulltext.finder import Finder
from candela_tui.fulltext.index import EVERYWHERE
from candela_tui.fulltext.indexer import Indexer
from candela_tui.fulltext.query import parse_query
from candela_tui.store.reader import StoreReader
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import utc_now

_TURNS = 25
"""Requests of a session. Each repeats the conversation and adds a call, its result and a text."""
_RESULT = 6_000
"""Characters of a tool's result on average."""
_LISTED = 20
"""Hits that a search reads, as ``candela search`` does."""
_TIMES = 5
_QUERIES = (
    "flaky",
    "getrandbits",
    "raise valueerror",
    '"object is not callable"',
    "os.path.join",
    "io",
    "the",
    "self return import",
    "walrusnowhere",
)


def main(arguments: Sequence[str]) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks search", description=__doc__)
    parser.add_argument("requests", nargs="?", type=int, default=2_000, help="how many requests the history has")
    with tempfile.TemporaryDirectory() as directory:
        _measure(Path(directory), parser.parse_args(arguments).requests)


def _measure(directory: Path, requests: int) -> None:
    store, index = directory / "candela.db", directory / "search.db"
    covered = _fill(store, requests)
    reader = StoreReader(store)
    spent = time.process_time()
    indexer = Indexer(index, reader)
    indexer.compare()
    while indexer.add_some():
        pass
    while indexer.tidy_some():
        pass
    indexer.close()
    spent = time.process_time() - spent
    size = sum(file.stat().st_size for file in directory.glob("search.db*"))
    print(f"{requests:,} requests with {covered / 1e6:.1f} MB of text, each part of it counted once")
    print(f"index: {size / 1e6:.1f} MB, {size / covered:.1%} of the text")
    print(f"indexing: {spent / requests * 1000:.1f} ms of a core for each request")
    finder = Finder(index, reader)
    for words in _QUERIES:
        took, hits = zip(*(_search(finder, words) for _ in range(_TIMES)), strict=True)
        print(f"{words:26} {hits[0]:3} hits  {statistics.median(took) * 1000:6.0f} ms of a core")
    reader.close()


def _search(finder: Finder, words: str) -> tuple[float, int]:
    spent = time.process_time()
    hits = list(islice(finder.find(parse_query(words), EVERYWHERE, now=utc_now()), _LISTED))
    return time.process_time() - spent, len(hits)


def _fill(store: Path, requests: int) -> int:
    """Make the store. Return the bytes of all texts, each counted once a session."""
    problems: list[str] = []
    writer = StoreWriter(store, on_problem=problems.append, on_stored=lambda _: None)
    writer.start()
    passages, covered = _passages(), 0
    messages: list[dict[str, Any]] = []
    at = utc_now()
    for number in range(requests):
        if number % _TURNS == 0:
            question = next(passages)[:300]
            messages = [{"role": "user", "content": question}]
            covered += len(question.encode())
        texts = {name: next(passages) for name in ("thinking", "text", "result")}
        command = f"grep -n {texts['text'][:40]!r}"
        answer = [
            {"type": "thinking", "thinking": texts["thinking"][:1200], "signature": "x"},
            {"type": "text", "text": texts["text"][:800]},
            {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {"command": command}},
        ]
        covered += sum(len(text.encode()) for text in (texts["thinking"][:1200], texts["text"][:800], command))
        exchange = replace(
            request_of(at, number), session_id=f"session-{number // _TURNS}", response_headers=(), request_headers=()
        )
        writer.begin(exchange, json.dumps({"messages": messages}).encode())
        document = {"type": "message", "content": answer, "usage": {"output_tokens": 1}}
        writer.end(exchange, [json.dumps(document).encode()], [1.0])
        if number % _TURNS < _TURNS - 1:
            result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": texts["result"]}
            messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": [result]}]
            covered += len(texts["result"].encode())
        if number % 200 == 0:
            while writer.stored < number - 200 and not problems:
                time.sleep(0.01)
    writer.close(600)
    if problems:
        raise SystemExit("\n".join(problems))
    return covered


def _passages() -> Iterator[str]:
    """Yield passages of source code without end, of various lengths."""
    chance = random.Random(16)
    library = Path(sysconfig.get_path("stdlib"))
    sources = [file.read_text(encoding="utf-8", errors="replace") for file in sorted(library.rglob("*.py"))[:1500]]
    while True:
        source = chance.choice(sources)
        length = min(int(chance.paretovariate(1.5) * _RESULT / 3), 60_000)
        start = chance.randrange(max(1, len(source) - length))
        yield source[start : start + length] or "nothing"


if __name__ == "__main__":
    main(sys.argv[1:])
