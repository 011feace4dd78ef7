"""A picture for the demo's conversations: an invented flame graph, as PNG."""

import random
import struct
import zlib

_WIDTH, _HEIGHT, _ROW = 480, 160, 16
_WARM = ((233, 84, 32), (240, 140, 40), (246, 180, 70), (250, 205, 110))
_PAPER = (252, 250, 244)


def flame_graph(seed: int) -> bytes:
    """Return a PNG file. The same seed gives the same picture."""
    chances = random.Random(seed)  # noqa: S311
    spans = [(0, _WIDTH)]
    rows: list[bytes] = []
    for _ in range(_HEIGHT // _ROW - 1):
        line = bytearray(bytes(_PAPER) * _WIDTH)
        for start, end in spans:
            line[start * 3 : (end - 1) * 3] = bytes(chances.choice(_WARM)) * (end - 1 - start)
        edge = bytes(_PAPER) * _WIDTH
        rows = [edge, *[bytes(line)] * (_ROW - 1), *rows]
        spans = [part for span in spans for part in _split(span, chances)]
    return _png(rows)


def _split(span: tuple[int, int], chances: random.Random) -> list[tuple[int, int]]:
    """Split the width of a call among the calls that it makes."""
    start, end = span
    parts = []
    while end - start > 6:
        stop = min(end, start + chances.randint(6, max(7, end - start)))
        parts.append((start, stop))
        start = stop + chances.randint(0, 12)
    return parts


def _png(rows: list[bytes]) -> bytes:
    """Encode rows as PNG: 8-bit RGB, no filter, not interlaced. Source: https://www.w3.org/TR/png-3/"""
    header = struct.pack(">IIBBBBB", _WIDTH, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
