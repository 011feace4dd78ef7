"""Decoders for Content-Encoding, fed as the bytes arrive. Source: RFC 9110, section 8.4.

Each decoder has ``feed(bytes) -> bytes``, and ``finish`` for the end of the body. Bytes that do not decode raise
``BadEncoding``, as does a body that decodes to more than any real answer: a few kilobytes may hide gigabytes.
"""

import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Protocol

import brotli
import zstandard

MOST_DECODED_BYTES = 64 * 1024 * 1024
_MOST_CODINGS = 4
# zstandard has no output limit; four bytes of input decode to at most a block of 128 KiB, so these to 8 MiB.
_ZSTD_SLICE = 256
_STEP_BYTES = 4096
"""Input bytes. Gzip and deflate decode them to at most 4 MB: their ratio is at most 1032 to 1."""


class BadEncoding(ValueError):
    """The bytes do not match the Content-Encoding header."""


class CutShort(BadEncoding):
    """The body ended before its encoding did."""


class Decoder(Protocol):
    """An incremental decoder for one content coding."""

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes, as far as possible. Raises BadEncoding."""

    def finish(self) -> bytes:
        """Return the remaining output at the end of the body. Raises CutShort if the encoding is incomplete."""


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Budget:
    """The number of bytes that a body may still decode to."""

    def __init__(self) -> None:
        self.left = MOST_DECODED_BYTES

    def spend(self, decoded: bytes) -> bytes:
        self.left -= len(decoded)
        if self.left < 0:
            raise BadEncoding(f"it decodes to more than {MOST_DECODED_BYTES // 1024**2} MiB")
        return decoded


class _Gzip:
    def __init__(self) -> None:
        self._budget = _Budget()
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._between = True
        """Whether no member is open."""
        self._first = True
        self._over = False

    def feed(self, data: bytes) -> bytes:
        out = []
        while data and not self._over:
            # A body may consist of several members (RFC 1952, section 2.2); anything else after one is padding.
            if self._between and not self._first and not data.startswith(b"\x1f"):
                self._over = True
                break
            self._first = False
            try:
                out.append(self._budget.spend(self._inflate.decompress(data, self._budget.left + 1)))
            except zlib.error as error:
                raise BadEncoding("it is not valid gzip") from error
            data = b""
            self._between = self._inflate.eof
            if self._between:
                data = self._inflate.unused_data
                self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return b"".join(out)

    def finish(self) -> bytes:
        if not self._between:
            raise CutShort("its gzip encoding is cut short")
        return b""


class _Deflate:
    """Both 'zlib' (as RFC 9110 says) and raw 'deflate' are seen in the wild; the first two bytes tell them apart."""

    def __init__(self) -> None:
        self._budget = _Budget()
        self._inflate: zlib._Decompress | None = None
        self._head = b""

    def feed(self, data: bytes) -> bytes:
        if self._inflate is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return b""
            is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if self._inflate.eof:
            return b""
        try:
            return self._budget.spend(self._inflate.decompress(data, self._budget.left + 1))
        except zlib.error as error:
            raise BadEncoding("it is not valid deflate") from error

    def finish(self) -> bytes:
        if self._head and not (self._inflate is not None and self._inflate.eof):
            raise CutShort("its deflate encoding is cut short")
        return b""


class _Brotli:
    def __init__(self) -> None:
        self._budget = _Budget()
        self._decompressor = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        self._begun = True
        try:
            decoded = bytes(self._decompressor.process(data, output_buffer_limit=self._budget.left + 1))
        except brotli.error as error:
            raise BadEncoding("it is not valid brotli") from error
        return self._budget.spend(decoded)

    def finish(self) -> bytes:
        if self._begun and not self._decompressor.is_finished():
            raise CutShort("its brotli encoding is cut short")
        return b""


class _Zstd:
    def __init__(self) -> None:
        self._budget = _Budget()
        self._new_frame = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj
        self._frame = self._new_frame()
        self._between = True
        """Whether no frame is open."""

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._slice(data[at : at + _ZSTD_SLICE]) for at in range(0, len(data), _ZSTD_SLICE))

    def _slice(self, data: bytes) -> bytes:
        out = []
        while data:
            try:
                out.append(self._budget.spend(self._frame.decompress(data)))
            except zstandard.ZstdError as error:
                raise BadEncoding("it is not valid zstd") from error
            data = b""
            self._between = self._frame.eof
            if self._between:
                data = self._frame.unused_data
                self._frame = self._new_frame()
        return b"".join(out)

    def finish(self) -> bytes:
        if not self._between:
            raise CutShort("its zstd encoding is cut short")
        return b""


class _Chain:
    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def finish(self) -> bytes:
        data = b""
        for decoder in self._decoders:
            data = decoder.feed(data) + decoder.finish()
        return data


_MAGIC: tuple[tuple[bytes, type["_Gzip"] | type["_Zstd"]], ...] = ((b"\x1f\x8b", _Gzip), (b"\x28\xb5\x2f\xfd", _Zstd))
"""The first bytes of gzip (RFC 1952) and zstd (RFC 8878); deflate and brotli have none."""
_LONGEST_MAGIC = max(len(magic) for magic, _ in _MAGIC)


class _ByFirstBytes:
    """Decodes a body whose coding no header names, by its first bytes.

    Uncompressed bodies pass. If the header names an unknown coding (``named``), only those that look like text do.
    """

    def __init__(self, named: str = "") -> None:
        self._named = named
        self._head = b""
        self._decoder: Decoder | None = None

    def feed(self, data: bytes) -> bytes:
        if self._decoder is not None:
            return self._decoder.feed(data)
        self._head += data
        unsure = self._named or any(magic.startswith(self._head) for magic, _ in _MAGIC)
        return b"" if unsure and len(self._head) < _LONGEST_MAGIC else self._begin()

    def _begin(self) -> bytes:
        found = next((coding for magic, coding in _MAGIC if self._head.startswith(magic)), _Identity)
        if found is _Identity and self._named and not _looks_like_text(self._head):
            raise BadEncoding(f"unknown content encoding {self._named!r}")
        self._decoder = found()
        head, self._head = self._head, b""
        return self._decoder.feed(head)

    def finish(self) -> bytes:
        data = self._begin() if self._decoder is None and self._head else b""
        return data + (self._decoder.finish() if self._decoder is not None else b"")


def _looks_like_text(head: bytes) -> bool:
    """Return whether the beginning of a body is ASCII after a byte order mark, as in JSON, events and web pages."""
    beginning = head.removeprefix(BOM_UTF8)[:_LONGEST_MAGIC]
    return all(0x20 <= octet < 0x7F or octet in b"\t\n\r" for octet in beginning)


_DECODERS: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli] | type[_Zstd] | type[_Identity]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
    "identity": _Identity,
}


def decoder_for(content_encoding: str) -> Decoder:
    """Return a decoder for a Content-Encoding ("" is identity). Raises BadEncoding for an unknown coding."""
    try:
        return _chained([_DECODERS[name]() for name in _codings(content_encoding)])
    except KeyError as error:
        raise BadEncoding(f"unknown content encoding {error.args[0]!r}") from None


def answer_decoder_for(content_encoding: str) -> Decoder:
    """Return a decoder for an answer's Content-Encoding, which gateways get wrong.

    If the header names no coding, or an unknown one, the first bytes decide. (Claude Code 2.1.332 then reads the bytes
    as they are.) Raises BadEncoding if the header names too many.
    """
    decoders: list[Decoder] = []
    for name in _codings(content_encoding):
        if name not in _DECODERS:
            decoders.append(_ByFirstBytes(name))
            break
        if name != "identity":
            decoders.append(_DECODERS[name]())
    return _chained(decoders or [_ByFirstBytes()])


def _codings(content_encoding: str) -> list[str]:
    """Return the codings that a header names, in the order in which to decode them."""
    names = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    if len(names) > _MOST_CODINGS:
        raise BadEncoding(f"{len(names)} content encodings, one over the other")
    return names[::-1]


def _chained(decoders: list[Decoder]) -> Decoder:
    if not decoders:
        return _Identity()
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


def decode_in_steps(content_encoding: str, body: bytes) -> Iterator[bytes]:
    """Decode a complete body, a few milliseconds of work at a time. Raises BadEncoding."""
    decoder = decoder_for(content_encoding)
    for at in range(0, len(body), _STEP_BYTES):
        yield decoder.feed(body[at : at + _STEP_BYTES])
    yield decoder.finish()


def decode_whole(content_encoding: str, body: bytes) -> bytes:
    """Decode a complete body, or as much of it as has arrived. Raises BadEncoding."""
    return decoder_for(content_encoding).feed(body)
