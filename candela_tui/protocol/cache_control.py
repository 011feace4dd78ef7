"""The cache lifetimes that a request asks for.

Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

import re
from collections.abc import Iterator

from candela_tui.protocol.raw_json import decode_json

LIFETIMES = ("5m", "1h")
"""The values of ``ttl``, shortest first; the first is the default."""

_WINDOW = 128 * 1024
_LONGEST_MARK = 256
# Inside a string the quotes are escaped, so text that mentions cache_control does not match.
_MARK = re.compile(rb'"cache_control"\s{0,8}:\s{0,8}(\{[^{}]{0,200}\})')


def asked_lifetimes(body: bytes, found: set[str]) -> Iterator[None]:
    """Add the lifetimes in the ``cache_control`` marks of a request to ``found``, one step of work at a time.

    A step covers 128 KiB of the body and takes some 50 µs. Marks may be anywhere in 10 MB; the search is on bytes, so
    that nothing is decoded.
    """
    for start in range(0, len(body), _WINDOW):
        for match in _MARK.finditer(body, start, start + _WINDOW + _LONGEST_MARK):
            mark = decode_json(match[1])
            if isinstance(mark, dict) and mark.get("type") == "ephemeral":
                ttl = mark.get("ttl", LIFETIMES[0])
                if ttl in LIFETIMES:
                    found.add(ttl)
        yield
