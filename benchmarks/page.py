"""How fast a browser shows the page of a large session: ``uv run python -m benchmarks page``."""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.chromium import CHROMIUM, tab
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import RouteName
from candela_tui.reports.page.document import page_pieces
from candela_tui.reports.report import export_of
from candela_tui.store.history import NoBodies
from candela_tui.text import amounts

_STRETCH = 10
"""Turns after which the conversation starts again, as after a compaction: each turn repeats those before it."""
_RESULT = 50_000
"""Characters of the tool result in each turn."""
_ANSWER = 400
_START = datetime(2026, 11, 20, 9, tzinfo=UTC)
_HEADERS = (("content-type", "application/json"),)
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_SEARCHED = "document.querySelector('output').value.endsWith('hits')"


class LargeSession(NoBodies):
    """Turns that each add a tool result."""

    def __init__(self, turns: int) -> None:
        chance = random.Random(8181)
        words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz_", k=chance.randint(2, 10))) for _ in range(5000)]
        self._results = [_text(chance, words, _RESULT) for _ in range(20)]
        self._answers = [_text(chance, words, _ANSWER) for _ in range(20)]
        self.exchanges = [
            Exchange(
                id=f"{number:08}",
                started_at=_START + timedelta(seconds=10 * number),
                method="POST",
                path="/v1/messages",
                route=RouteName.DIRECT,
                kind=Kind.MESSAGES,
                session_id="large",
                outcome=Outcome.OK,
                status=200,
                response_headers=_HEADERS,
            )
            for number in range(turns)
        ]

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        """Return a request."""
        return self.exchanges[int(id_or_prefix)]

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """Return a request with the turns before it."""
        number = int(exchange_id)
        first = number - number % _STRETCH
        messages: list[Any] = [{"role": "user", "content": self._answers[first // _STRETCH % 20]}]
        for before in range(first, number):
            messages.append({"role": "assistant", "content": self._answer(before)})
            result = {"type": "tool_result", "tool_use_id": f"t{before}", "content": self._results[before % 20]}
            messages.append({"role": "user", "content": [result]})
        return _json({"model": "claude-opus-4-8", "messages": messages})

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return an answer with the next call."""
        return [_json({"type": "message", "content": self._answer(int(exchange_id))})], [0.0]

    def _answer(self, number: int) -> list[Any]:
        call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "pytest"}}
        return [{"type": "text", "text": self._answers[number % 20]}, call]


def _text(chance: random.Random, words: list[str], characters: int) -> str:
    return "\n".join(_lines(chance, words, characters))


def _lines(chance: random.Random, words: list[str], characters: int) -> Iterator[str]:
    while characters > 0:
        line = " ".join(chance.choices(words, k=12))
        characters -= len(line) + 1
        yield line


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


async def _shown(page: Path, profile: Path) -> None:
    async with tab(profile) as opened:
        await opened.resize(1200, 900)
        begun = time.perf_counter()
        await opened.open(page.as_uri())
        await opened.until(f"location.protocol === 'file:' && {_FIRST_PAINT}")
        print(f"first paint       {await opened.value(_FIRST_PAINT) / 1000:6.2f} s")
        await opened.until("document.readyState === 'complete'")
        print(f"all of it parsed  {time.perf_counter() - begun:6.2f} s")
        begun = time.perf_counter()
        await opened.press("/")
        await opened.value("document.querySelector('form').elements.words.value = 'zzz zzz zzz'")
        await opened.value("document.querySelector('form').elements.words.dispatchEvent(new Event('input'))")
        await opened.until(_SEARCHED)
        print(f"all of it searched{time.perf_counter() - begun:6.2f} s")


def main(arguments: list[str]) -> None:
    """Write the page of a session, open it, and print how long that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("--turns", type=int, default=2200, help="50 kB each (default: %(default)s)")
    turns = parser.parse_args(arguments).turns
    if CHROMIUM is None:
        raise SystemExit("There is no Chromium (Debian: apt install chromium).")
    session = LargeSession(turns)
    with tempfile.TemporaryDirectory(prefix="candela-page-") as directory:
        page = Path(directory) / "page.html"
        begun = time.process_time()
        with page.open("wb") as file:
            file.writelines(page_pieces(export_of(session.exchanges, session)))
        print(f"{turns:,} turns, {amounts.size(page.stat().st_size)}")
        print(f"written in        {time.process_time() - begun:6.2f} s of a processor")
        asyncio.run(_shown(page, Path(directory) / "profile"))
