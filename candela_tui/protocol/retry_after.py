"""When to try again after a provider has refused for its limits."""

import math
import re

DEFAULT_S = 5
"""Where the provider names no time, as Bedrock and Vertex AI rarely do: their limits are by the minute and refill all
the time. Claude Code (2.1.197) waits that long at least, else as long as its own growing delay."""

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d+)?)s?", re.ASCII)
_DATE = re.compile(r"[A-Z][\w,: +-]{10,40}", re.ASCII)


def retry_after(*given: str | None) -> tuple[str, str]:
    """The field with the first of these that says anything: seconds (rounded up, with or without "s"), or a date."""
    for value in given:
        text = (value or "").strip()
        if match := _SECONDS.fullmatch(text):
            return "retry-after", str(math.ceil(float(match[1])))
        if _DATE.fullmatch(text):
            return "retry-after", text
    return "retry-after", str(DEFAULT_S)
