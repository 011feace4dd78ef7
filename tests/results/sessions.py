"""Sessions whose requests grow, change and miss the cache, in a store."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as some

from candela_tui.analysis.cache_baselines import closest, readable_requests
from candela_tui.analysis.cache_changes import Asked
from candela_tui.analysis.cache_miss import diagnose, rewrite_usd
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import prompt_of
from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Marks
from candela_tui.exchange.cache_diagnosis import CacheResult
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.store.recording import STARTED, ended, exchange, store_whole, writing

PRICER = Pricer(PricingSettings())
MARK = {"cache_control": {"type": "ephemeral"}}
BODY: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "tools": [{"name": name, "description": f"{name}s something."} for name in ("Read", "Write", "Bash")],
    "system": [{"type": "text", "text": "You are a lighthouse."}, {"type": "text", "text": "# Keeper", **MARK}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "light the lamp", **MARK}]}],
}


class Sent(NamedTuple):
    """A request as it is stored."""

    exchange: Exchange
    body: bytes


def grown(body: dict[str, Any], words: str) -> dict[str, Any]:
    """The next request of a conversation: its mark moved to the new end."""
    after = deepcopy(body)
    for block in after["messages"][-1]["content"]:
        block.pop("cache_control", None)
    after["messages"].append({"role": "assistant", "content": [{"type": "text", "text": f"{words}?"}]})
    after["messages"].append({"role": "user", "content": [{"type": "text", "text": words, **MARK}]})
    return after


CHANGES = ("nothing", "tool", "system", "message", "thinking", "no marks", "short", "model", "top mark")


def changed(body: dict[str, Any], how: str, number: int) -> dict[str, Any]:
    """A body with one thing changed."""
    after = deepcopy(body)
    if how == "tool":
        after["tools"][number % 3]["description"] = f"Version {number}."
    elif how == "system":
        after["system"][1]["text"] = f"# Keeper {number}"
    elif how == "message":
        after["messages"][0]["content"][0]["text"] = f"dim the lamp {number}"
    elif how == "thinking":
        after["thinking"] = {"type": "enabled", "budget_tokens": 1024 + number}
    elif how == "no marks":
        after = json.loads(json.dumps(after).replace(', "cache_control": {"type": "ephemeral"}', ""))
    elif how == "short":
        after["messages"] = after["messages"][-1:]
    elif how == "model":
        after["model"] = "claude-sonnet-4-6"
    elif how == "top mark":
        after["cache_control"] = {"type": "ephemeral"}
    return after


@some.composite
def sessions(draw: Any) -> list[Sent]:
    """Requests of two agents and of another session, side requests among them, in the order of their ids."""
    bodies: dict[tuple[str, str | None], dict[str, Any]] = {}
    found: list[Sent] = []
    at = STARTED
    for number in range(draw(some.integers(2, 8))):
        at += draw(some.sampled_from([timedelta(seconds=20), timedelta(minutes=7), timedelta(hours=2)]))
        agent = draw(some.sampled_from([("one", None), ("one", None), ("one", "agent"), ("two", None)]))
        body = bodies.get(agent, BODY)
        if draw(some.booleans()):
            body = grown(body, f"step {number}")
        bodies[agent] = body = changed(body, draw(some.sampled_from(CHANGES)), number)
        read, written = draw(some.sampled_from([(0, 9000), (9000, 300), (4000, 5000), (9300, 0), (0, 0)]))
        live = exchange(
            number + 1,
            started_at=at,
            session_id=agent[0],
            agent_id=agent[1],
            kind=draw(some.sampled_from([Kind.MESSAGES, Kind.MESSAGES, Kind.MESSAGES, Kind.SIDE])),
            model=body["model"],
            marks=Marks(1.0, draw(some.sampled_from([500.0, 60_000.0])), 600.0, 70_000.0),
            cache_ttls=("5m",),
            usage=draw(some.none() | some.just(Usage(12, read, written, 0, 40))),
            price_basis=PriceBasis("test", "anthropic", final=True),
        )
        found.append(Sent(live, json.dumps(body).encode()))
    return found


def growing(requests: int) -> list[Sent]:
    """The requests of one conversation, each of which reads what the one before it left."""
    found: list[Sent] = []
    body, cached = BODY, 0
    for number in range(requests):
        live = exchange(
            number + 1,
            started_at=STARTED + number * timedelta(seconds=20),
            model=body["model"],
            marks=Marks(1.0, 500.0, 600.0, 7_000.0),
            cache_ttls=("5m",),
            usage=Usage(12, cached, 9000 if not cached else 300, 0, 40),
            price_basis=PriceBasis("test", "anthropic", final=True),
        )
        found.append(Sent(live, json.dumps(body).encode()))
        cached = cached + 300 if cached else 9000
        body = grown(body, f"step {number}")
    return found


def store(path: Path, requests: Sequence[Sent], **options: Any) -> None:
    """Store requests."""
    with writing(path, **options) as (writer, _):
        for sent in requests:
            store_whole(writer, sent.exchange, sent.body)


def expected(requests: Sequence[Sent]) -> dict[str, CacheResult]:
    """What is worked out of each request with everything at hand and nothing shared, by id."""
    return dict(_expected(requests))


def _expected(requests: Sequence[Sent]) -> Iterator[tuple[str, CacheResult]]:
    bodies = {sent.exchange.id: sent.body for sent in requests}
    every = [ended(sent.exchange) for sent in requests]

    def asked(of: Exchange) -> Asked:
        items = Items()
        for _ in read_items(bodies[of.id], items, Items()):
            pass
        return Asked(of, prompt_of(items))

    for now in every:
        others = map(asked, readable_requests(every, now))
        diagnosis = diagnose(asked(now), closest(asked(now), others))
        tokens = diagnosis.rewritten_tokens
        yield now.id, CacheResult(diagnosis, rewrite_usd(now, tokens, PRICER) if tokens is not None else None)
