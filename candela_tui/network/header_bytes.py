"""Heads of HTTP messages, with bytes that are not UTF-8, such as the Latin-1 of Claude Code's ANTHROPIC_CUSTOM_HEADERS.

aiohttp reads such bytes as surrogates and drops them when it writes. Where aiohttp writes the head (candela's own
answers, which may have header fields of a provider's error), its private function for that is replaced;
tests/proxy/test_header_bytes.py states which behaviour this module relies on.
"""

from collections.abc import Iterable

from aiohttp import http_writer
from multidict import CIMultiDict

_CONTROL = bytes(code for code in (*range(0x20), 0x7F) if code != 0x09)
"""Control characters that a header field can't have (RFC 9110, section 5.5); a tab is allowed."""
_LINE_END = "\r\n"
_of_text = http_writer._serialize_headers


def keep_header_bytes() -> None:
    """Make aiohttp write the bytes that it read, in the whole process. Plain ASCII still takes aiohttp's own path."""
    http_writer._serialize_headers = _serialized


def has_control_character(text: str) -> bool:
    """Return whether text has a control character that no header field or status line may have."""
    data = text.encode("utf-8", "surrogateescape")
    return len(data.translate(None, _CONTROL)) != len(data)


def head(first_line: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a message with its empty line. Raises ValueError if a line has a control character."""
    lines = [first_line, *[f"{name}: {value}" for name, value in fields], "", ""]
    data = _LINE_END.join(lines).encode("utf-8", "surrogateescape")
    if len(data.translate(None, _CONTROL)) != len(data) - len(_LINE_END) * (len(lines) - 1):
        raise ValueError("a header field has a control character")
    return data


def _serialized(status_line: str, headers: "CIMultiDict[str]") -> bytes:
    if status_line.isascii() and all(map(str.isascii, headers.values())):
        return _of_text(status_line, headers)
    return head(status_line, headers.items())
