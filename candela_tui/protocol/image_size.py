"""The size of an image in pixels, read from its first bytes."""

import struct

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(beginning: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP image, or None if these bytes don't state it."""
    try:
        if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", beginning, 16) if beginning[12:16] == b"IHDR" else None
        if beginning[:6] in (b"GIF87a", b"GIF89a"):
            return struct.unpack_from("<HH", beginning, 6)
        if beginning.startswith(b"\xff\xd8"):
            return _jpeg(beginning)
        if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
            return _webp(beginning)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker == 0xFF:
            place += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        else:
            (length,) = struct.unpack_from(">H", data, place + 2)
            place += 2 + length
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
