"""Compare the provider's log, the clients' log and candela's store, request by request."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.soak.client import Seen
from benchmarks.soak.instruction import HEADER, Behaviour, read_instruction
from candela_tui.exchange import Exchange, Outcome
from candela_tui.store.reader import StoreReader

_ENDS_WELL = {Behaviour.STREAM: Outcome.OK, Behaviour.OVERLOADED: Outcome.ERROR, Behaviour.HALF_EVENT: Outcome.CUT}
"""The outcomes of answers that arrived complete, as far as HTTP is concerned."""


def disagreements(log: Path, seen: Sequence[Seen], store: Path) -> list[str]:
    """Return in words where the three differ; empty: they agree."""
    answered: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        answered[entry["id"]].append(entry)
    reader = StoreReader(store)
    try:
        return list(_compare(answered, seen, reader))
    finally:
        reader.close()


def _compare(answered: dict[str, list[dict[str, Any]]], seen: Sequence[Seen], reader: StoreReader) -> Iterator[str]:
    stored: dict[str, Exchange] = {}
    count: Counter[str] = Counter()
    for listed in reader.exchanges():
        exchange = reader.exchange(listed.id)
        value = (
            next((value for name, value in (exchange.request_headers or ()) if name.lower() == HEADER), None)
            if exchange
            else None
        )
        if exchange is None or value is None:
            # Not of the soak, such as the history that it began with.
            continue
        instruction = read_instruction(value)
        stored[instruction.id] = exchange
        count[instruction.id] += 1
    yield from (f"{request_id}: stored {times} times" for request_id, times in count.items() if times != 1)
    for one in seen:
        words = f"{one.instruction.id} ({one.instruction.behaviour}, {one.ended} at the client)"
        if one.instruction.id not in stored:
            yield f"{words}: not in the store"
            continue
        for difference in _differences(one, answered.get(one.instruction.id, []), stored[one.instruction.id], reader):
            yield f"{words}: {difference}"
    known = {one.instruction.id for one in seen}
    yield from (f"{request_id}: stored, but no client sent it" for request_id in stored.keys() - known)


def _differences(one: Seen, answers: list[dict[str, Any]], exchange: Exchange, reader: StoreReader) -> Iterator[str]:
    if not answers:
        yield "not in the provider's log"
    elif len(answers) > 1 and one.instruction.behaviour is not Behaviour.RESET_BEFORE:
        yield f"{len(answers)} times in the provider's log"
    if {answer["request"] for answer in answers} - {one.request}:
        yield "the provider got another body"
    if _digest(reader.request_body(exchange.id)) != one.request:
        yield "another request is stored"
    body = reader.response_body(exchange.id) or b""
    if one.ended == "done":
        if one.status != exchange.status:
            yield f"the client saw the status {one.status}, stored is {exchange.status}"
        if _digest(body) != one.digest:
            yield f"the client got {one.size} bytes, other {len(body)} are stored"
        if one.instruction.behaviour is not Behaviour.RESET_BEFORE and answers and one.digest != answers[-1]["digest"]:
            yield f"the provider sent {answers[-1]['size']} bytes, the client got other {one.size}"
        expected = _ENDS_WELL.get(one.instruction.behaviour)
        if expected is not None and exchange.outcome is not expected:
            yield f"its outcome is {exchange.outcome}, not {expected}"
    elif one.ended == "left":
        if exchange.outcome is not Outcome.CANCELLED:
            yield f"its outcome is {exchange.outcome}, and the client left"
    else:
        if exchange.outcome not in (Outcome.CUT, Outcome.ERROR):
            yield f"its outcome is {exchange.outcome}, and it broke off"
        if one.size > len(body):
            yield f"the client got {one.size} bytes, only {len(body)} are stored"
    if one.size != exchange.response_bytes and one.ended == "done":
        yield f"{one.size} bytes of the answer came, {exchange.response_bytes} are counted"


def _digest(body: bytes | None) -> str:
    return hashlib.sha256(body or b"").hexdigest()
