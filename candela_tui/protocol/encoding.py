"""Content-Encoding, undone as the bytes arrive, in a copy. Source: RFC 9110, section 8.4.

Each decoder has ``feed(bytes) -> bytes``. Bytes that do not decode raise ``BadEncoding``.
"""

import zlib
from typing import Protocol

import brotli
import zstandard


class BadEncoding(ValueError):
    """The bytes are not what the Content-Encoding header says."""


class Decoder(Protocol):
    """Undoes one content coding, incrementally."""

    def feed(self, data: bytes) -> bytes:
        """Return what these bytes decode to, as far as it is complete. Raises BadEncoding."""


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data


class _Gzip:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> bytes:
        out = []
        try:
            while data:
                out.append(self._inflate.decompress(data))
                # A gzip body may be several members, one after the other (RFC 1952, section 2.2).
                data = self._inflate.unused_data if self._inflate.eof else b""
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        except zlib.error as error:
            raise BadEncoding(f"not gzip: {error}") from error
        return b"".join(out)


class _Deflate:
    """Either 'zlib' or raw 'deflate' is seen in the wild: https://stackoverflow.com/questions/1838699"""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj()
        self._seen = b""

    def feed(self, data: bytes) -> bytes:
        try:
            if self._seen is not None and len(self._seen) < 2:
                self._seen += data
                if len(self._seen) < 2:
                    return b""
                data, zlib_header = (
                    self._seen,
                    self._seen[0] & 0x0F == 8 and int.from_bytes(self._seen[:2]) % 31 == 0,
                )
                if not zlib_header:
                    self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate.decompress(data)
        except zlib.error as error:
            raise BadEncoding(f"not deflate: {error}") from error


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def feed(self, data: bytes) -> bytes:
        try:
            return bytes(self._decompressor.process(data))
        except brotli.error as error:
            raise BadEncoding(f"not brotli: {error}") from error


class _Zstd:
    def __init__(self) -> None:
        self._new = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj
        self._frame = self._new()

    def feed(self, data: bytes) -> bytes:
        out = []
        try:
            while data:
                out.append(self._frame.decompress(data))
                data = self._frame.unused_data if self._frame.eof else b""
                if self._frame.eof:
                    self._frame = self._new()
        except zstandard.ZstdError as error:
            raise BadEncoding(f"not zstd: {error}") from error
        return b"".join(out)


class _Chain:
    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data


_DECODERS: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli] | type[_Zstd] | type[_Identity]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
    "identity": _Identity,
}


def decoder_for(content_encoding: str) -> Decoder:
    """A decoder for the value of a Content-Encoding header ("" is identity). Raises BadEncoding if one is unknown."""
    names = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    try:
        decoders: list[Decoder] = [_DECODERS[name]() for name in reversed(names)]
    except KeyError as error:
        raise BadEncoding(f"unknown content encoding {error.args[0]!r}") from None
    if not decoders:
        return _Identity()
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


def decode_whole(content_encoding: str, body: bytes) -> bytes:
    """Undo a Content-Encoding of a complete (or broken off) body. Raises BadEncoding."""
    return decoder_for(content_encoding).feed(body)
