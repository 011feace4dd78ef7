"""Reads the body of a request, up to a limit."""

from aiohttp import web


class BodyTooLarge(Exception):
    """A request body is larger than the limit."""


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the whole request body as received. Raises BodyTooLarge beyond ``limit`` bytes."""
    if (request.content_length or 0) > limit:
        raise BodyTooLarge
    if not request.can_read_body:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts: list[bytes] = []
    size = 0
    while True:
        part = await request.content.readany()
        if not part:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
