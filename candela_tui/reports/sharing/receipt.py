"""A receipt of requests: counts, hashes and costs, without a word of text.

Who has the bodies can compute the same hashes: SHA-256 of the bytes as they crossed.
"""

import hashlib
from collections.abc import Iterable, Iterator

from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import BY_NAME, Context, Unit, Value
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.reports.record_table import Column, RecordTable
from candela_tui.reports.records import Record
from candela_tui.store.history import Bodies

_AS_THEY_ARE = (
    *("id", "started_at", "provider", "kind", "model_used", "status", "outcome"),
    *("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens"),
    *("cost_usd", "cost_at_least", "saved_usd", "duration_ms", "request_bytes", "response_bytes"),
)
_HASHED = ("session_id", "agent_id")
_BODIES = ("request_sha256", "response_sha256")


def receipt_table(sessions: Iterable[SessionRequests], bodies: Bodies) -> RecordTable:
    """Return a table with a receipt for each request. Ids that a client chose are hashed."""
    columns = (
        *(Column(name, BY_NAME[name].unit) for name in _AS_THEY_ARE),
        *(Column(f"{name}_sha256", Unit.TEXT) for name in _HASHED),
        *(Column(name, Unit.TEXT) for name in _BODIES),
    )
    return RecordTable(columns, _records(sessions, bodies))


def _records(sessions: Iterable[SessionRequests], bodies: Bodies) -> Iterator[Record]:
    for read in sessions:
        for exchange in read.exchanges:
            yield _record(exchange, read.contexts[exchange.id], bodies)


def _record(exchange: Exchange, context: Context, bodies: Bodies) -> Record:
    request = bodies.request_body(exchange.id)
    chunks, _ = bodies.response_chunks(exchange.id)
    return {
        **{name: BY_NAME[name].get(exchange, context) for name in _AS_THEY_ARE},
        **{f"{name}_sha256": _hash_of_text(BY_NAME[name].get(exchange, context)) for name in _HASHED},
        _BODIES[0]: None if request is None else hashlib.sha256(request).hexdigest(),
        _BODIES[1]: hashlib.sha256(b"".join(chunks)).hexdigest() if chunks else None,
    }


def _hash_of_text(value: Value) -> str | None:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest() if isinstance(value, str) else None
