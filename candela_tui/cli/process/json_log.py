"""Log records as lines of JSON."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

from candela_tui.cli.process.logging_setup import EXCHANGE
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import BY_NAME, Context, iso_time
from candela_tui.redaction import redact_text
from candela_tui.reports.json_text import json_line

_LOGGED: Final = (
    "id",
    "session_id",
    "agent_id",
    "key",
    "client",
    "method",
    "path",
    "route",
    "provider",
    "region",
    "model",
    "model_used",
    "status",
    "outcome",
    "stop_reason",
    "error",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "cost_usd",
    "ttft_ms",
    "duration_ms",
    "request_id",
)
"""The facts of a request in a line of JSON."""
_ALONE: Final = Context()


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON with credentials redacted: time, level, logger, message, and the facts of a
    request that ended."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        document: dict[str, Any] = {
            "time": iso_time(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact_text(record.getMessage()),
        }
        exchange = getattr(record, EXCHANGE, None)
        if isinstance(exchange, Exchange):
            document["request"] = {name: BY_NAME[name].get(exchange, _ALONE) for name in _LOGGED}
        return json_line(document).decode()
