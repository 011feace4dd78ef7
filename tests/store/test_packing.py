"""What is stored comes back to the byte, in any form that a version of candela packed it, or is said to be damaged."""

import hashlib
import struct
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as some

import candela_tui.store.dictionaries
from candela_tui.store.bodies import DamagedBody, Part, digest, pack, pack_part, pack_with, unpack, unpack_part
from candela_tui.store.dictionaries import Dictionary

EVENTS = [b"event: ping\ndata: {}\n\n", b"data: a\n\n\n\n", b"\n", b"\n\n", b"x", b"", b"\r\n\r\n"]
chunks = some.lists(some.sampled_from(EVENTS) | some.binary(max_size=40), max_size=30)
moments = some.floats(-1e6, 1e9, allow_nan=False)


@given(chunks, some.data())
def test_chunks_and_their_times_come_back(chunks: list[bytes], data: some.DataObject) -> None:
    times = data.draw(some.lists(moments, min_size=len(chunks), max_size=len(chunks)))
    found, found_times = unpack_part(pack_part(chunks, times))
    assert found == chunks
    assert found_times == [round(time * 1000) / 1000 for time in times]


@given(chunks)
def test_chunks_as_the_first_schemas_stored_them_are_read(chunks: list[bytes]) -> None:
    steps = [after - before for before, after in pairwise(range(0, 7 * len(chunks) + 1, 7))]
    marks = zstandard.compress(struct.pack(f"<{len(chunks)}I{len(steps)}q", *map(len, chunks), *steps))
    body = b"".join(chunks)
    found, times = unpack_part(Part(len(body), digest(body), pack(body), marks))
    assert found == chunks
    assert times == [number * 7 / 1000 for number in range(1, len(chunks) + 1)]


@given(some.lists(some.binary(max_size=60), min_size=1, max_size=6), some.integers(0, 10**6), some.integers(1, 255))
def test_a_changed_byte_of_a_part_is_damage_or_changes_nothing(chunks: list[bytes], place: int, change: int) -> None:
    times = [float(number) for number in range(len(chunks))]
    part = pack_part(chunks, times)
    stored = bytearray(part.data + part.chunks)
    stored[place % len(stored)] ^= change
    size = len(part.data)
    try:
        found = unpack_part(Part(part.size, part.digest, bytes(stored[:size]), bytes(stored[size:])))
    except DamagedBody:
        return
    # Such as a bit of a frame's head that zstd does not use.
    assert found == (chunks, times)


@given(some.binary(max_size=500), some.sampled_from(Dictionary))
def test_a_body_packed_with_a_dictionary_comes_back(body: bytes, dictionary: Dictionary) -> None:
    assert unpack(pack_with(dictionary, body), len(body)) == body


def test_a_body_of_a_dictionary_that_is_not_known_is_damage() -> None:
    with pytest.raises(DamagedBody):
        unpack(b"\xfe" + pack(b"body"), 4)
    with pytest.raises(DamagedBody):
        unpack(b"", 0)


def test_released_dictionaries_never_change() -> None:
    # What was packed against one can't be read with another. A change needs a file and a mark of its own.
    (directory,) = map(Path, candela_tui.store.dictionaries.__path__)
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in directory.glob("*.txt")}
    assert found == {"headers-1.txt": "c17f1ff5c03bc431", "response-1.txt": "fce598eee99d996b"}


def test_a_short_answer_takes_less_than_half_of_its_bytes() -> None:
    delta = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    events = [f"event: content_block_delta\ndata: {delta % word}\n\n".encode() for word in ("one", "two")]
    part = pack_part(events, [600.0, 630.0])
    assert len(part.data) + len(part.chunks) < part.size / 2
