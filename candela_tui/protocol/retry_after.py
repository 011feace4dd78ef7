"""When to try again after a provider has refused for its limits."""

import re

DEFAULT_S = 5
"""Where the provider names no time, as Bedrock and Vertex AI rarely do: their limits are by the minute and refill all
the time. Claude Code (2.1.197) waits that long at least, else as long as its own growing delay."""

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)s?\s*")


def retry_after(*given: str | None) -> tuple[str, str]:
    """The field with the first of these that says anything: seconds (rounded up, with or without "s"), or a date."""
    for value in given:
        if value is None or not value.strip():
            continue
        match = _SECONDS.fullmatch(value)
        return "retry-after", str(-int(-float(match[1]) // 1)) if match else value.strip()
    return "retry-after", str(DEFAULT_S)
