"""Compressed bodies, decoded in a copy for display."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.encoding import (
    MOST_DECODED_BYTES,
    BadEncoding,
    CutShort,
    answer_decoder_for,
    decode_whole,
    decoder_for,
)
from tests.protocol.chunks import cuts


def raw_deflate(data: bytes) -> bytes:
    compress = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compress.compress(data) + compress.flush()


ENCODERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
TEXT = b'event: ping\ndata: {"type": "ping"}\n\n' * 20
CODINGS = pytest.mark.parametrize("coding", ENCODERS)
COMPRESSED = pytest.mark.parametrize("coding", [name for name in ENCODERS if name not in ("", "identity")])


def decoded(coding: str, chunks: list[bytes]) -> bytes:
    decoder = decoder_for(coding)
    return b"".join(decoder.feed(chunk) for chunk in chunks)


@CODINGS
@given(st.data(), st.binary() | st.just(TEXT))
def test_a_body_is_decoded_however_it_is_cut(coding, data, body):
    assert decoded(coding, data.draw(cuts(ENCODERS[coding](body)))) == body


@given(st.data(), st.binary())
def test_deflate_without_its_zlib_frame_is_decoded_too(data, body):
    assert decoded("deflate", data.draw(cuts(raw_deflate(body)))) == body


@COMPRESSED
def test_what_has_arrived_is_there_before_the_rest(coding):
    # A provider flushes after each event.
    if coding == "br":
        compressor = brotli.Compressor()
        first, rest = compressor.process(TEXT) + compressor.flush(), compressor.process(TEXT) + compressor.finish()
    elif coding == "zstd":
        stream = zstandard.ZstdCompressor().compressobj()
        first = stream.compress(TEXT) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        rest = stream.compress(TEXT) + stream.flush()
    else:
        deflate = zlib.compressobj(wbits=zlib.MAX_WBITS + (0 if coding == "deflate" else 16))
        first = deflate.compress(TEXT) + deflate.flush(zlib.Z_SYNC_FLUSH)
        rest = deflate.compress(TEXT) + deflate.flush()
    decoder = decoder_for(coding)
    assert decoder.feed(first) == TEXT
    assert decoder.feed(rest) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@given(data=st.data())
def test_several_members_one_after_the_other_are_one_body(coding, data):
    body = ENCODERS[coding](b"one ") + ENCODERS[coding](b"two")
    assert decoded(coding, data.draw(cuts(body))) == b"one two"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@given(data=st.data())
def test_padding_after_the_end_is_left_out(coding, data):
    assert decoded(coding, data.draw(cuts(ENCODERS[coding](TEXT) + b"\0\0\0"))) == TEXT


def test_codings_over_each_other_are_undone_in_turn():
    assert decode_whole("deflate, GZIP ,br", brotli.compress(gzip.compress(zlib.compress(TEXT)))) == TEXT


def outcome(coding: str, chunks: list[bytes]) -> bytes | None:
    try:
        return decoded(coding, chunks)
    except BadEncoding:
        return None


@CODINGS
@given(data=st.data(), garbage=st.binary(min_size=1), keep=st.integers(0, 100))
def test_garbage_is_refused_the_same_however_it_is_cut_and_never_otherwise(coding, data, garbage, keep):
    body = ENCODERS[coding](TEXT)[:keep] + garbage
    assert outcome(coding, data.draw(cuts(body))) == outcome(coding, [body])


@COMPRESSED
def test_a_body_that_breaks_off_gives_what_arrived(coding):
    assert TEXT.startswith(decode_whole(coding, ENCODERS[coding](TEXT)[:-1]))


@COMPRESSED
def test_a_small_body_that_hides_a_huge_one_is_refused(coding):
    zeros = bytes(MOST_DECODED_BYTES + 1)
    # With its usual quality, Brotli takes three seconds.
    bomb = brotli.compress(zeros, quality=1) if coding == "br" else ENCODERS[coding](zeros)
    assert len(bomb) < MOST_DECODED_BYTES // 500
    with pytest.raises(BadEncoding, match="more than 64 MiB"):
        decode_whole(coding, bomb)


@pytest.mark.parametrize("header", ["compress", "gzip, rot13", "gzip, gzip, gzip, gzip, gzip"])
def test_an_encoding_that_is_not_known_is_named(header):
    with pytest.raises(BadEncoding, match=r"compress|rot13|5 content encodings"):
        decoder_for(header)


def answered(header: str, chunks: list[bytes]) -> bytes | str:
    """What an answer decodes to, or why it does not."""
    try:
        decoder = answer_decoder_for(header)
        return b"".join(decoder.feed(chunk) for chunk in chunks) + decoder.finish()
    except BadEncoding as error:
        return str(error)


@CODINGS
@given(data=st.data(), body=st.binary() | st.just(TEXT))
def test_a_whole_body_ends_where_its_encoding_does(coding, data, body):
    decoder = decoder_for(coding)
    decoded = b"".join(decoder.feed(chunk) for chunk in data.draw(cuts(ENCODERS[coding](body))))
    assert decoded + decoder.finish() == body


@COMPRESSED
@given(data=st.data())
def test_a_body_that_is_cut_short_is_named_as_such(coding, data):
    whole = ENCODERS[coding](TEXT)
    decoder = decoder_for(coding)
    for chunk in data.draw(cuts(whole[: data.draw(st.integers(1, len(whole) - 1))])):
        decoder.feed(chunk)
    with pytest.raises(CutShort, match="is cut short"):
        decoder.finish()


@COMPRESSED
def test_a_body_without_a_byte_is_not_cut_short(coding):
    assert decoder_for(coding).finish() == b""


@pytest.mark.parametrize("header", ["", "identity", "utf-8", "none", "gzip, utf-8"])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@given(data=st.data())
def test_an_answer_whose_header_names_no_coding_is_decoded_by_its_first_bytes(header, coding, data):
    assert answered(header, data.draw(cuts(ENCODERS[coding](TEXT)))) == TEXT


@pytest.mark.parametrize("header", ["", "identity", "utf-8", "none"])
@given(data=st.data())
def test_an_answer_that_is_not_encoded_passes(header, data):
    body = data.draw(st.sampled_from([TEXT, b"{}", b"[", b"(", b"", b"\n\n", b"\xef\xbb\xbfdata: 1\n\n"]))
    assert answered(header, data.draw(cuts(body))) == body


@given(data=st.data())
def test_an_answer_in_a_coding_that_is_not_known_is_undecodable(data):
    assert answered("compress", data.draw(cuts(b"\x1f\x9d\x90ev"))) == "unknown content encoding 'compress'"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@given(data=st.data())
def test_an_answer_that_is_not_what_its_header_says_is_undecodable(coding, data):
    said = answered(coding, data.draw(cuts(TEXT)))
    assert isinstance(said, str)
    assert said.startswith("it is not valid")
