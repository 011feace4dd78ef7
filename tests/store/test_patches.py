"""A body as what differs from an earlier one."""

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.store import patches
from candela_tui.store.bodies import DamagedBody, unpack
from candela_tui.store.patches import NotOfThisBase, pack_patch, unpack_patch

pieces = some.lists(some.sampled_from([b"a", b"ab", b'{"text":"', b"\n", b"0123456789" * 30]), max_size=12).map(
    b"".join
)
MEGABYTE = random.Random(7).randbytes(1_500_000)


def patched(body: bytes, base: bytes) -> bytes:
    patch = pack_patch(body, base)
    assert patch is not None
    assert unpack_patch(patch, len(body), base) == body
    return patch


@given(pieces, pieces, pieces, pieces)
def test_a_body_comes_back_however_it_follows_from_its_base(
    beginning: bytes, before: bytes, after: bytes, end: bytes
) -> None:
    patched(beginning + after + end, beginning + before + end)


@given(pieces, pieces, some.integers(0, 40), some.integers(0, 40))
def test_so_it_does_where_the_difference_is_too_long_to_be_spliced(
    before: bytes, after: bytes, start: int, end: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "_MOST_CHANGED", 8)
        patch.setattr(patches, "_AROUND", 4)
        patch.setattr(patches, "_COMPARED_AT_ONCE", 3)
        patched(b"b" * start + after + b"e" * end, b"b" * start + before + b"e" * end)


def test_new_messages_in_a_long_conversation_are_all_that_is_stored() -> None:
    base = b'{"messages":[' + MEGABYTE + b'],"tools":[]}'
    body = b'{"messages":[' + MEGABYTE + b',"and now?"],"tools":[]}'
    assert len(patched(body, base)) < 60
    assert len(patched(base, base)) < 30


def test_what_is_said_again_refers_to_what_is_around_it() -> None:
    said = random.Random(8).randbytes(20_000)
    assert len(patched(MEGABYTE + said + said, MEGABYTE + said)) < 100


def test_a_change_at_the_beginning_and_one_at_the_end_refer_to_all_of_the_base() -> None:
    assert len(patched(b"x" + MEGABYTE + b"y", b"z" + MEGABYTE)) < 2000


def test_a_patch_of_an_earlier_version_is_read() -> None:
    base, body = MEGABYTE[:9000], MEGABYTE[:9000] + b"more"
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    assert unpack_patch(zstandard.ZstdCompressor(dict_data=dictionary).compress(body), len(body), base) == body


@given(pieces, pieces, some.integers(0, 10**6), some.integers(1, 255))
def test_a_changed_byte_is_damage_or_another_body_and_never_a_crash(
    base: bytes, new: bytes, place: int, change: int
) -> None:
    body = base + new
    stored = bytearray(patched(body, base))
    stored[place % len(stored)] ^= change
    try:
        unpack(bytes(stored), len(body), base)
    except DamagedBody:
        return


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_a_patch_that_is_cut_off_is_damage(cut: int) -> None:
    with pytest.raises(DamagedBody):
        unpack(patched(b"one two three", b"one three")[:cut], 13, b"one three")


def test_a_patch_of_another_base_is_refused() -> None:
    patch = patched(MEGABYTE + b"more", MEGABYTE)
    with pytest.raises(NotOfThisBase, match="does not fit its base"):
        unpack_patch(patch, len(MEGABYTE) + 4, MEGABYTE[:100])
