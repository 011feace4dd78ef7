"""Exchanges for tests of what is printed and exported."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from candela_tui.exchange import Cost, Exchange, Marks, Outcome
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.reports.report import Report, export_of

SESSION = "1f0c7a2e-0000-4000-8000-000000000001"


def exchange(number: int = 1, **changes: Any) -> Exchange:
    """A streamed answer of claude-opus-4-8 whose cost is known to the last digit."""
    fields: dict[str, Any] = {
        "id": f"0198-{number:04}",
        "session_id": SESSION,
        "started_at": datetime(2026, 11, 21, 12, 1, number % 60, 250_000, tzinfo=UTC),
        "method": "POST",
        "path": "/v1/messages?beta=true",
        "route": "anthropic-direct",
        "kind": Kind.MESSAGES,
        "url": "https://api.anthropic.com/v1/messages",
        "model": "claude-opus-4-8",
        "model_used": "claude-opus-4-8",
        "streamed": True,
        "status": 200,
        "outcome": Outcome.OK,
        "stop_reason": "end_turn",
        "usage": Usage(
            input_tokens=12,
            cache_read_tokens=4096,
            cache_write_5m_tokens=1024,
            cache_write_1h_tokens=2048,
            output_tokens=15,
        ),
        "cost": Cost(
            input=Decimal("0.000060"),
            cache_read=Decimal("0.002048"),
            cache_write=Decimal("0.026880"),
            output=Decimal("0.000375000000"),
            web_searches=Decimal(0),
        ),
        "marks": Marks(connected=1.25, first_byte=101.25, first_token=151.5, end=1201.0),
        "request_bytes": 90_000,
        "response_bytes": 4_200,
        "request_id": "req_011",
        "clues": SessionClues("fix the flaky test", "/home/me/src/api", "fix/flaky"),
    }
    return Exchange(**{**fields, **changes})


def written(report: Report, *exchanges: Exchange) -> str:
    """The text that a report without bodies has of some exchanges."""
    return b"".join(report.pieces(export_of(exchanges))).decode()


@dataclass
class Crossed:
    """The bodies of one exchange, for every id that a report asks for."""

    whole: Exchange
    """The exchange with its header fields."""
    request: bytes | None = None
    chunks: tuple[bytes, ...] = ()
    times: tuple[float, ...] = ()

    def exchange(self, id_or_prefix: str) -> Exchange:
        return self.whole

    def request_body(self, exchange_id: str) -> bytes | None:
        return self.request

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        return list(self.chunks[after:]), list(self.times[after:])
