"""Amazon's event streams, with Amazon's own decoder as the judge."""

import random
import struct
import tracemalloc
import uuid
from binascii import crc32
from datetime import UTC, datetime

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.bedrock.event_stream import CorruptFrame, Frame, FrameDecoder
from tests.protocol.chunks import cuts
from tests.standin.event_frames import Typed, corrupted, frame

AT = datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC)
ALL_TYPES = {
    "true": True,
    "false": False,
    "byte": Typed(2, -128),
    "short": Typed(3, -32768),
    "integer": Typed(4, 2**31 - 1),
    "long": Typed(5, -(2**63)),
    "bytes": b"\x00\xff",
    "string": "Grüße 😀",
    "timestamp": AT,
    "uuid": uuid.UUID("01234567-89ab-cdef-0123-456789abcdef"),
}

NAMES = st.text(min_size=1, max_size=20).filter(lambda name: len(name.encode()) < 256)
VALUES = (
    st.booleans()
    | st.integers(-128, 127).map(lambda value: Typed(2, value))
    | st.integers(-(2**15), 2**15 - 1).map(lambda value: Typed(3, value))
    | st.integers(-(2**31), 2**31 - 1).map(lambda value: Typed(4, value))
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40)
    | st.uuids()
    | st.integers(0, 4_102_444_800).map(lambda at: datetime.fromtimestamp(at, UTC))
)
FRAMES = st.builds(frame, st.dictionaries(NAMES, VALUES, max_size=4), st.binary(max_size=60))


def decoded(*chunks: bytes) -> list[Frame]:
    decoder = FrameDecoder()
    return [one for chunk in chunks for one in decoder.feed(chunk)]


def until_corrupt(*chunks: bytes) -> tuple[list[Frame], str]:
    decoder, frames = FrameDecoder(), []
    for chunk in chunks:
        try:
            frames += decoder.feed(chunk)
        except CorruptFrame as corrupt:
            return frames + corrupt.frames, str(corrupt)
    return frames, ""


def by_amazon(data: bytes) -> list[Frame]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [Frame(message.headers, message.payload) for message in buffer]


def test_headers_of_all_ten_types_are_read_as_amazon_reads_them():
    data = frame(ALL_TYPES, b"payload")
    assert decoded(data) == by_amazon(data)
    assert decoded(data)[0].headers == {
        "true": True,
        "false": False,
        "byte": -128,
        "short": -32768,
        "integer": 2**31 - 1,
        "long": -(2**63),
        "bytes": b"\x00\xff",
        "string": "Grüße 😀",
        "timestamp": int(AT.timestamp() * 1000),
        "uuid": bytes.fromhex("0123456789abcdef0123456789abcdef"),
    }


@given(st.data(), st.lists(FRAMES, max_size=4).map(b"".join))
def test_any_chunking_of_a_stream_gives_the_frames_that_amazon_reads(data, stream):
    assert decoded(*data.draw(cuts(stream))) == by_amazon(stream)


@given(st.data(), st.lists(FRAMES, min_size=1, max_size=3))
def test_what_was_changed_on_the_way_is_noticed_after_the_frames_before_it_in_any_chunking(data, frames):
    bad = data.draw(st.integers(0, len(frames) - 1))
    flipped = corrupted(frames[bad], data.draw(st.integers(0, len(frames[bad]) - 1)))
    stream = b"".join([*frames[:bad], flipped, *frames[bad + 1 :]])
    before, why = until_corrupt(*data.draw(cuts(stream)))
    assert before == by_amazon(b"".join(frames[:bad]))
    assert "checksum" in why
    with pytest.raises(ParserError):
        by_amazon(stream)


@given(st.binary(max_size=200))
def test_garbage_is_no_frame_but_no_crash_either(data):
    frames, why = until_corrupt(data)
    assert frames == []
    assert bool(why) == (len(data) >= 12)


def test_a_frame_that_the_stream_breaks_off_is_not_given():
    whole, cut = frame({"a": "1"}), frame({"b": "2"}, b"x" * 100)
    for length in range(len(cut)):
        assert decoded(whole, cut[:length]) == by_amazon(whole)


def test_after_a_corrupt_frame_nothing_is_read():
    decoder = FrameDecoder()
    for data in (corrupted(frame({})), frame({})):
        with pytest.raises(CorruptFrame, match="checksum"):
            decoder.feed(data)


def prelude(total: int, headers: int) -> bytes:
    lengths = struct.pack("!II", total, headers)
    return lengths + struct.pack("!I", crc32(lengths))


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        pytest.param(2**32 - 1, 0, id="a payload of 4 GB"),
        pytest.param(24 * 2**20 + 17, 0, id="a payload one byte over the limit"),
        pytest.param(128 * 2**10 + 17, 128 * 2**10 + 1, id="headers one byte over the limit"),
        pytest.param(15, 0, id="shorter than a frame can be"),
        pytest.param(0, 0, id="no length at all"),
        pytest.param(20, 5, id="headers longer than the frame"),
    ],
)
def test_a_length_that_can_not_be_is_refused_with_its_twelfth_byte(total, headers):
    decoder = FrameDecoder()
    decoder.feed(prelude(total, headers)[:11])
    with pytest.raises(CorruptFrame):
        decoder.feed(prelude(total, headers)[11:])


def test_a_length_that_lies_takes_no_memory():
    tracemalloc.start()
    try:
        decoder = FrameDecoder()
        decoder.feed(prelude(24 * 2**20, 0) + b"x" * 100)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def with_headers(head: bytes) -> bytes:
    body = prelude(16 + len(head), len(head)) + head
    return body + struct.pack("!I", crc32(body))


@pytest.mark.parametrize(
    ("head", "why"),
    [
        pytest.param(b"\x01a\x0a", "unknown type 10", id="an unknown type"),
        pytest.param(b"\x01a\x00\x01a\x01", "twice", id="a name twice"),
        pytest.param(b"\x01a\x07\x00\x09x", "longer", id="a string longer than the headers"),
        pytest.param(b"\x01a\x09x", "longer", id="half a UUID"),
        pytest.param(b"\x01\xff\x00", "utf-8", id="a name that is no text"),
        pytest.param(b"\x01a\x07\x00\x01\xff", "utf-8", id="a string that is no text"),
        pytest.param(b"\xffa", "range", id="a name longer than the frame"),
        pytest.param(b"\x01a\x05\x00", "8 bytes", id="half a number"),
    ],
)
def test_headers_that_are_none_make_a_frame_corrupt_whatever_its_checksum(head, why):
    with pytest.raises(CorruptFrame, match=why):
        decoded(with_headers(head))


def test_a_big_frame_in_many_chunks_is_put_together():
    payload = random.Random(5).randbytes(2_000_000)
    stream = frame({"a": True}, payload) + frame({})
    frames = decoded(*(stream[at : at + 1000] for at in range(0, len(stream), 1000)))
    assert [one.payload for one in frames] == [payload, b""]
