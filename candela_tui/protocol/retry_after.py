"""When to retry after a provider has reached its limits."""

import math
import re

DEFAULT_S = 5
"""Seconds, if the provider names no time. Bedrock and Vertex AI rarely name one: their limits are per minute and refill
constantly. Claude Code (2.1.197) waits at least that long, or its own growing delay."""

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d+)?)s?", re.ASCII)
_DATE = re.compile(r"[A-Z][\w,: +-]{10,40}", re.ASCII)


def retry_after(*given: str | None) -> tuple[str, str]:
    """Return a ``retry-after`` field from the first usable value: seconds (rounded up, "s" is optional), or a date."""
    for value in given:
        text = (value or "").strip()
        if match := _SECONDS.fullmatch(text):
            return "retry-after", str(math.ceil(float(match[1])))
        if _DATE.fullmatch(text):
            return "retry-after", text
    return "retry-after", str(DEFAULT_S)
