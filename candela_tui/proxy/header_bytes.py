"""Header fields with bytes that are not UTF-8, such as the Latin-1 of Claude Code's ANTHROPIC_CUSTOM_HEADERS.

aiohttp reads such bytes as surrogates and leaves them out when it writes. Its one function that writes the head of
requests and answers is private; tests/proxy/test_header_bytes.py says what is relied on.
"""

import re

from aiohttp import http_writer
from multidict import CIMultiDict

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_of_text = http_writer._serialize_headers


def keep_header_bytes() -> None:
    """Let aiohttp write the bytes that it read. For the whole process; what is plain ASCII stays with aiohttp."""
    http_writer._serialize_headers = _serialized


def _serialized(status_line: str, headers: "CIMultiDict[str]") -> bytes:
    if status_line.isascii() and all(map(str.isascii, headers.values())):
        return _of_text(status_line, headers)
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
    if any(map(_FORBIDDEN.search, lines)):
        raise ValueError("a header field has a control character")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
