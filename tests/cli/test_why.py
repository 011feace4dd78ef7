"""``candela why``: what became of a request's cache."""

import json
from datetime import UTC, datetime
from typing import Any

from candela_tui.exchange import Exchange, Marks
from candela_tui.pricing import PriceBasis
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.cli.command import Home
from tests.reports.exchanges import exchange

MARK = {"cache_control": {"type": "ephemeral"}}


def body(description: str) -> bytes:
    tools = [{"name": "Read", "description": description}]
    messages = [{"role": "user", "content": [{"type": "text", "text": "oil the weather vane", **MARK}]}]
    return json.dumps({"model": "claude-opus-4-8", "tools": tools, "messages": messages}).encode()


def asked(id: str, usage: Usage, **facts: Any) -> Exchange:
    basis = PriceBasis("", "anthropic", final=True)
    known = {"model": "claude-opus-4-8", "kind": Kind.MESSAGES, "marks": Marks(1, 2, 3, 4), "price_basis": basis}
    at = datetime(2026, 11, 20, 9, int(id), tzinfo=UTC)
    return exchange(id=id, started_at=at, usage=usage, **{**known, **facts})


async def test_it_names_the_cause_the_place_and_the_price(home: Home) -> None:
    home.record(asked("0001", Usage(5, 0, 1_000_000, 0, 9)), request=body("Reads a file."))
    home.record(asked("0002", Usage(5, 0, 1_000_000, 0, 9)), request=body("Reads a file from\nthe disk."))
    (found,) = [json.loads((await home.run("why", "0002", "--json")).out)]
    assert found == {
        "id": "0002",
        "previous_id": "0001",
        "state": "miss",
        "cause": "tools_changed",
        "where": "tools[0].description",
        "idle_s": 60.0,
        "ttl": "5m",
        "expected_read_tokens": 1_000_000,
        "read_tokens": 0,
        "write_5m_tokens": 1_000_000,
        "write_1h_tokens": 0,
        "rewritten_tokens": 1_000_000,
        "rewritten_usd": 5.75,
        "provider_reason": None,
        "confidence": "certain",
    }
    told = (await home.run("why", "0002")).out.splitlines()
    assert told[0] == "miss: a tool changed, so nothing behind it could be read"
    assert "  again      1,000,000, $5.75 more than reading them" in told
    assert "  where      tools[0].description" in told
    assert any(line.startswith("  - ") and "Reads a file." in line for line in told)
    assert any(line.startswith("  + ") and "the disk." in line for line in told)


async def test_the_first_request_and_a_hit_are_explained_too(home: Home) -> None:
    home.record(asked("0001", Usage(5, 0, 9000, 0, 9)), request=body("Reads."))
    home.record(asked("0002", Usage(5, 9000, 300, 0, 9)), request=body("Reads."))
    assert (await home.run("why", "0001")).out.startswith("cold: the first request of this agent")
    assert (await home.run("why", "0002")).out.startswith("hit: all that was in the cache was read\n")


async def test_a_request_that_is_not_recorded_is_an_error(home: Home) -> None:
    refused = await home.run("why", "0001")
    assert (refused.code, refused.out) == (1, "")
    assert "No recorded request has an id that begins with '0001'" in refused.err
