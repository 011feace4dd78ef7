"""Header fields with bytes that are not UTF-8, such as the Latin-1 of Claude Code's ANTHROPIC_CUSTOM_HEADERS.

aiohttp reads such bytes as surrogates and drops them when it writes. The function that writes the head of requests
and answers is private; tests/proxy/test_header_bytes.py states which behaviour this module relies on.
"""

import re

from aiohttp import http_writer
from multidict import CIMultiDict

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Control characters that a header field can't have (RFC 9110, section 5.5); a tab is allowed."""
_of_text = http_writer._serialize_headers


def keep_header_bytes() -> None:
    """Make aiohttp write the bytes that it read, in the whole process. Plain ASCII still takes aiohttp's own path."""
    http_writer._serialize_headers = _serialized


def has_control_character(text: str) -> bool:
    """Return whether text has a character that no header field or status line may have."""
    return _FORBIDDEN.search(text) is not None


def _serialized(status_line: str, headers: "CIMultiDict[str]") -> bytes:
    if status_line.isascii() and all(map(str.isascii, headers.values())):
        return _of_text(status_line, headers)
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
    if any(map(has_control_character, lines)):
        raise ValueError("a header field has a control character")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
