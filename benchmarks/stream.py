"""What every stand-in provider streams, and how its clients read the time at which a delta was sent."""

import re
from typing import Any

USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 3072, "cache_read_input_tokens": 4096, "output_tokens": 1}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": USAGE,
}
SENT_AT = re.compile(rb"@(\d{20});")
"""The time in a delta's text, in nanoseconds of the monotonic clock, which all processes of a machine share."""
