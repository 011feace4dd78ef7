"""A store on disk with conversations, and its full-text index."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange, Outcome
from candela_tui.fulltext.finder import Finder, Hit
from candela_tui.fulltext.index import EVERYWHERE, IndexUnavailable, Scope
from candela_tui.fulltext.indexer import Indexer
from candela_tui.fulltext.query import parse_query
from candela_tui.store.reader import StoreReader
from tests.store.recording import PATIENCE_S, STARTED, exchange, writing

NOW = datetime(2026, 11, 22, tzinfo=UTC)

Block = dict[str, Any]


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def call(tool: str, call_id: str = "toolu_1", **arguments: Any) -> Block:
    return {"type": "tool_use", "id": call_id, "name": tool, "input": arguments}


def result(words: str, call_id: str = "toolu_1") -> Block:
    return {"type": "tool_result", "tool_use_id": call_id, "content": [text(words)]}


def prompt(words: str) -> Block:
    return {"role": "user", "content": words}


class RecordedHistory:
    """Records requests, and searches them."""

    def __init__(self, directory: Path, store: str = "candela.db") -> None:
        self.store = directory / store
        self.index = directory / "search.db"
        self.reader = StoreReader(self.store)
        self.finder = Finder(self.index, self.reader)
        self._number = 0

    def record(self, messages: Sequence[Block], *answer: Block, **facts: Any) -> Exchange:
        """Store a request with these messages and its answer."""
        document = {"type": "message", "role": "assistant", "content": list(answer), "usage": {"output_tokens": 5}}
        return self.record_bytes(messages, json.dumps(document).encode(), "application/json", **facts)

    def record_bytes(self, messages: Sequence[Block], answer: bytes, content_type: str, **facts: Any) -> Exchange:
        """Store a request whose answer has these bytes."""
        self._number += 1
        body = json.dumps({"model": "claude-opus-4-8", "messages": list(messages)}, ensure_ascii=False).encode()
        made = exchange(
            self._number,
            **{
                "outcome": Outcome.OK,
                "status": 200,
                "request_headers": (),
                "response_headers": (("content-type", content_type),),
                **facts,
            },
        )
        with writing(self.store) as (writer, _):
            writer.begin(made, body)
            writer.end(made, [answer], [1.0])
        return made

    def say(self, *prompts: str, **facts: Any) -> Exchange:
        """Store a request with one prompt, and no answer to it."""
        return self.record([prompt(words) for words in prompts], **facts)

    def index_all(self) -> None:
        """Bring the index up to date."""
        indexer = Indexer(self.index, self.reader)
        try:
            indexer.compare()
            while indexer.add_some():
                pass
            while indexer.tidy_some():
                pass
        finally:
            indexer.close()

    def note_what_is_missing(self) -> None:
        """Compare the index with the store, and add nothing."""
        indexer = Indexer(self.index, self.reader)
        indexer.compare()
        indexer.close()

    def find(self, words: str, scope: Scope = EVERYWHERE, matching: str = "") -> list[Hit]:
        """Search what is indexed."""
        return list(self.finder.find(parse_query(words), scope, parse(matching), now=NOW))

    def wait_until_found(self, words: str) -> None:
        """Wait until a search finds something."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._finds(words):
            assert time.monotonic() < deadline, f"{words} is not indexed"
            time.sleep(0.01)

    def _finds(self, words: str) -> bool:
        try:
            return bool(self.find(words))
        except IndexUnavailable:
            return False

    def snippets(self, words: str, scope: Scope = EVERYWHERE) -> list[str]:
        """Return what a search shows of each text that it finds."""
        return [hit.snippet.text for hit in self.find(words, scope)]


def started(number: int) -> datetime:
    """Return the time at which the request with this number began."""
    return STARTED + timedelta(seconds=number)
