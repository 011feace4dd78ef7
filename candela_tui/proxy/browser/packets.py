"""The protocol between a dashboard process and its tab.

The process draws with Textual's web driver (textual 8.2, ``textual/drivers/web_driver.py``): packets of a type, a
length of four bytes (big endian) and bytes. The page is textual-serve's (1.1, ``static/js/textual.js``): it sends JSON
arrays, and gets what is drawn as binary messages.
"""

import asyncio
from typing import Any

import msgspec

READY = b"__GANGLION__\n"
"""The line that the driver writes before its first packet."""
DRAWN = b"D"
META = b"M"
_HEAD = 5
_MOST_PACKET = 64 * 1024 * 1024
_MOST_BEFORE_READY = 64 * 1024
_FEWEST_CELLS, _MOST_CELLS = 2, 1000


class BrokenPacket(Exception):
    """The process wrote something else than packets."""


def packet(kind: bytes, payload: bytes) -> bytes:
    """Return a packet for the driver."""
    return b"%b%b%b" % (kind, len(payload).to_bytes(4, "big"), payload)


def meta(kind: str, **values: Any) -> bytes:
    """Return a packet that tells the driver about something, such as a new size."""
    return packet(META, msgspec.json.encode({"type": kind, **values}))


QUIT = meta("quit")


async def read_until_ready(reader: asyncio.StreamReader) -> bool:
    """Skip what the process prints before it draws. Return False if it ends instead."""
    skipped = 0
    while line := await reader.readline():
        if line == READY:
            return True
        skipped += len(line)
        if skipped > _MOST_BEFORE_READY:
            raise BrokenPacket
    return False


async def read_packet(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """Return the type and bytes of the next packet, or None at the end. Raises BrokenPacket."""
    try:
        head = await reader.readexactly(_HEAD)
        size = int.from_bytes(head[1:], "big")
        if size > _MOST_PACKET:
            raise BrokenPacket
        return head[:1], await reader.readexactly(size)
    except asyncio.IncompleteReadError:
        return None


def from_page(text: str) -> list[Any]:
    """Return the members of a message of the page; [] if it is not valid."""
    try:
        return msgspec.json.decode(text, type=list[Any])
    except msgspec.DecodeError:
        return []


def for_driver(message: list[Any]) -> bytes | None:
    """Return the packet for a message of the page, or None if the driver gets none."""
    match message:
        case ["stdin", str(typed)]:
            return packet(DRAWN, typed.encode())
        case ["resize", {"width": int(width), "height": int(height)}]:
            return meta("resize", width=cells(width), height=cells(height))
        case ["focus" | "blur" as kind, *_]:
            return meta(kind)
    return None


def for_page(payload: bytes) -> tuple[str, str | None]:
    """Return the kind of a packet about something, and the message of the page for it, if there is one."""
    try:
        told = msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError:
        raise BrokenPacket from None
    match told:
        case {"type": "open_url", "url": str(url), **rest} if url.startswith(("http://", "https://")):
            new_tab = bool(rest.get("new_tab", True))
            return "open_url", msgspec.json.encode(["open_url", {"url": url, "new_tab": new_tab}]).decode()
        case {"type": str(kind)}:
            return kind, None
    raise BrokenPacket


def cells(number: int) -> int:
    """Return a width or height that a terminal can have: a page could ask for one that needs all of the memory."""
    return min(max(number, _FEWEST_CELLS), _MOST_CELLS)
