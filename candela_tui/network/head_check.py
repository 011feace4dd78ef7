"""Checks for heads of messages that aiohttp accepts and that still can't be passed on."""

from collections.abc import Mapping

import aiohttp

from candela_tui.network.header_bytes import has_control_character


def coded(headers: Mapping[str, str]) -> bool:
    """Return whether a message has a transfer coding other than chunked (RFC 9112, section 7): it ends at this hop."""
    return headers.get("Transfer-Encoding", "chunked").strip().lower() not in ("chunked", "identity")


def unpassable(answer: aiohttp.ClientResponse) -> str | None:
    """Return why this answer can't go on to the client, as a clause, or None if it can."""
    if answer.status == 101:
        return "it switches to another protocol, which was not requested (101)"
    if coded(answer.headers):
        return "its body has a transfer coding other than chunked, which candela does not pass on"
    if has_control_character(b"".join([value for _, value in answer.raw_headers]).decode("latin-1")):
        return "a header field of its answer has a control character"
    if has_control_character(answer.reason or ""):
        return "its status line has a control character"
    return None
