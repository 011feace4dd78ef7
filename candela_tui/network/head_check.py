"""Checks for heads of messages that can be read and still can't be passed on."""

import re

from candela_tui.network.header_bytes import has_control_character
from candela_tui.protocol.headers import HeaderList, header

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header field (RFC 9110, section 5.6.2)."""


def coded(headers: HeaderList) -> bool:
    """Return whether a message has a transfer coding other than chunked (RFC 9112, section 7): it ends at this hop."""
    return (header(headers, "transfer-encoding") or "chunked").strip().lower() not in ("chunked", "identity")


def unpassable(status: int, reason: str, headers: HeaderList) -> str | None:
    """Return why an answer with this head can't go on to the client, as a clause, or None if it can."""
    if status < 100:
        return "its status is not a number of three digits"
    if status == 101:
        return "it switches to another protocol, which was not requested (101)"
    # Lenient parsers take "Content-Length : 2" for a field of another name, and other clients for the length.
    if not all(_TOKEN.fullmatch(name) for name, _ in headers):
        return "the name of a header field of its answer is malformed"
    if coded(headers):
        return "its body has a transfer coding other than chunked, which candela does not pass on"
    if has_control_character("".join([value for _, value in headers])):
        return "a header field of its answer has a control character"
    if has_control_character(reason):
        return "its status line has a control character"
    return None
