"""Heads of messages that can't be passed on as they are, though aiohttp reads them."""

import re
from collections.abc import Mapping

import aiohttp

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def coded(headers: Mapping[str, str]) -> bool:
    """Whether a message has a transfer coding other than chunked (RFC 9112, section 7), which is between two hops."""
    return headers.get("Transfer-Encoding", "chunked").strip().lower() not in ("chunked", "identity")


def unpassable(answer: aiohttp.ClientResponse) -> str | None:
    """Why this answer can't go on to the client, as a clause; None: it can."""
    if answer.status == 101:
        return "it switches to another protocol, which nobody asked for (101)"
    if coded(answer.headers):
        return "its body has a transfer coding other than chunked, which candela does not pass on"
    if _CONTROL.search(b"".join([value for _, value in answer.raw_headers])):
        return "a header field of its answer has a control character"
    if _CONTROL.search((answer.reason or "").encode("utf-8", "surrogateescape")):
        return "its status line has a control character"
    return None
