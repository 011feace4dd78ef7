"""[history] bodies: how much of a request is on the disk."""

import asyncio
import json
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from candela_tui.exchange import Kept
from tests.proxy.running import running
from tests.standin import Provider, message, text, usage

BODY = json.dumps(
    {
        "model": "claude-opus-4-8",
        "max_tokens": 64,
        "stream": True,
        "messages": [{"role": "user", "content": "what the user said " * 400}],
    }
).encode()


@pytest.mark.parametrize("kept", list(Kept))
async def test_what_is_not_to_be_kept_never_reaches_the_disk(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession, kept: Kept
) -> None:
    # Large enough that some of it would be let go while it is live.
    provider.answer(message(text(*["what the model said " * 3000] * 100), usage=usage(1200)))
    async with running(provider, tmp_path, sections={"history": {"bodies": kept.value}}) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=BODY, headers={"X-Mark": "a header"}) as answer:
            got = await answer.read()
        ended = await candela.exchange()
        await candela.stored(ended.id)
        assert candela.problems == []
        reader = candela.reader
        stored = await asyncio.to_thread(reader.exchange, ended.id)
    assert stored is not None
    assert (stored.kept, stored.outcome, stored.usage, stored.cost) == (kept, ended.outcome, ended.usage, ended.cost)
    assert (stored.request_bytes, stored.response_bytes) == (len(BODY), len(got))
    full, headed = kept is Kept.FULL, kept is not Kept.NONE
    assert reader.request_body(ended.id) == (BODY if full else None)
    assert reader.response_body(ended.id) == (got if full else None)
    assert reader.provider_response_body(ended.id) is None
    assert b"".join(reader.response_chunks(ended.id)[0]) == (got if full else b"")
    assert (stored.request_headers is not None) is headed
    assert any(value == "a header" for _, value in stored.request_headers or ()) is headed
    connection = sqlite3.connect(tmp_path / "candela.db")
    for table in ("request_bodies", "response_parts"):
        assert connection.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (full,)
    assert connection.execute("SELECT count(*) > 0 FROM headers").fetchone() == (headed,)
    connection.close()
