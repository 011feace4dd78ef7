"""Checks for heads of messages that aiohttp accepts and that still can't be passed on."""

import re
from collections.abc import Mapping

import aiohttp

from candela_tui.network.header_bytes import has_control_character

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header field (RFC 9110, section 5.6.2)."""


def coded(headers: Mapping[str, str]) -> bool:
    """Return whether a message has a transfer coding other than chunked (RFC 9112, section 7): it ends at this hop."""
    return headers.get("Transfer-Encoding", "chunked").strip().lower() not in ("chunked", "identity")


def unpassable(answer: aiohttp.ClientResponse) -> str | None:
    """Return why this answer can't go on to the client, as a clause, or None if it can."""
    if answer.status < 100:
        return "its status is not a number of three digits"
    if answer.status == 101:
        return "it switches to another protocol, which was not requested (101)"
    # aiohttp's parser takes "Content-Length : 2" for a field of another name, and other clients for the length.
    if not all(_TOKEN.fullmatch(name) for name, _ in answer.raw_headers):
        return "the name of a header field of its answer is malformed"
    if coded(answer.headers):
        return "its body has a transfer coding other than chunked, which candela does not pass on"
    if has_control_character(b"".join([value for _, value in answer.raw_headers]).decode("latin-1")):
        return "a header field of its answer has a control character"
    if has_control_character(answer.reason or ""):
        return "its status line has a control character"
    return None
