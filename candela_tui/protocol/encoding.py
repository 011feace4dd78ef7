"""Content-Encoding, undone as the bytes arrive, in a copy. Source: RFC 9110, section 8.4.

Each decoder has ``feed(bytes) -> bytes``. Bytes that do not decode raise ``BadEncoding``, and so does a body that
decodes to more than any real answer: a few kilobytes may hide gigabytes.
"""

import zlib
from typing import Protocol

import brotli
import zstandard

MOST_DECODED_BYTES = 64 * 1024 * 1024
_MOST_CODINGS = 4
# zstandard can't be told where to stop; four bytes of it hold at most a block of 128 KiB.
_ZSTD_SLICE = 4096


class BadEncoding(ValueError):
    """The bytes are not what the Content-Encoding header says."""


class Decoder(Protocol):
    """Undoes one content coding, incrementally."""

    def feed(self, data: bytes) -> bytes:
        """Return what these bytes decode to, as far as it is complete. Raises BadEncoding."""


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data


class _Budget:
    """How much a body may still decode to."""

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
        self._between = False
        self._over = False

    def feed(self, data: bytes) -> bytes:
        out = []
        while data and not self._over:
            # A body may be several members, one after the other (RFC 1952, section 2.2); what else follows is padding.
            if self._between and not data.startswith(b"\x1f"):
                self._over = True
                break
            try:
                out.append(self._budget.spend(self._inflate.decompress(data, self._budget.left + 1)))
            except zlib.error as error:
                raise BadEncoding(f"not gzip: {error}") from error
            data = b""
            self._between = self._inflate.eof
            if self._between:
                data = self._inflate.unused_data
                self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return b"".join(out)


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
            raise BadEncoding(f"not deflate: {error}") from error


class _Brotli:
    def __init__(self) -> None:
        self._budget = _Budget()
        self._decompressor = brotli.Decompressor()

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        try:
            decoded = bytes(self._decompressor.process(data, output_buffer_limit=self._budget.left + 1))
        except brotli.error as error:
            raise BadEncoding(f"not brotli: {error}") from error
        return self._budget.spend(decoded)


class _Zstd:
    def __init__(self) -> None:
        self._budget = _Budget()
        self._new_frame = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj
        self._frame = self._new_frame()

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._slice(data[at : at + _ZSTD_SLICE]) for at in range(0, len(data), _ZSTD_SLICE))

    def _slice(self, data: bytes) -> bytes:
        out = []
        while data:
            try:
                out.append(self._budget.spend(self._frame.decompress(data)))
            except zstandard.ZstdError as error:
                raise BadEncoding(f"not zstd: {error}") from error
            data = b""
            if self._frame.eof:
                data = self._frame.unused_data
                self._frame = self._new_frame()
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
    if len(names) > _MOST_CODINGS:
        raise BadEncoding(f"{len(names)} content encodings, one over the other")
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
