"""What a diff keeps of two sequences."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.alignment import Pair, aligned

FEW = st.lists(st.sampled_from("abcd"), max_size=30)
MANY = st.lists(st.integers(0, 200), max_size=60)


def pairs_of(old, new):
    pairs: list[Pair] = []
    for _ in aligned(old, new, pairs):
        pass
    return pairs


def kept(old, new):
    return [old[pair.old] for pair in pairs_of(old, new) if pair.old is not None and pair.new is not None]


@given(st.tuples(FEW, FEW) | st.tuples(MANY, MANY))
def test_every_item_of_both_comes_once_in_its_order_and_pairs_are_of_equal_items(sides):
    old, new = sides
    pairs = pairs_of(old, new)
    assert [pair.old for pair in pairs if pair.old is not None] == list(range(len(old)))
    assert [pair.new for pair in pairs if pair.new is not None] == list(range(len(new)))
    for pair in pairs:
        assert pair != (None, None)
        if pair.old is not None and pair.new is not None:
            assert old[pair.old] == new[pair.new]


@given(MANY, MANY, MANY)
def test_what_both_begin_and_end_with_is_kept(begin, middle, end):
    assert kept(begin + end, begin + middle + end) == begin + end


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abcdef", "abXdef", "abdef"),
        ("abcabba", "cbabac", "aba"),
        ("abc", "xyz", ""),
        ("", "abc", ""),
        # What moved is kept where the longest order is.
        ("abcdef", "bcdefa", "bcdef"),
    ],
)
def test_as_much_as_possible_is_kept(old, new, expected):
    assert len(kept(old, new)) >= len(expected)


def test_thousands_of_items_with_changes_all_over_are_aligned_by_what_is_unique():
    old = list(range(20_000))
    new = [-item if item % 7 == 3 else item for item in old]
    assert len(kept(old, new)) == sum(item % 7 != 3 for item in old)


def test_thousands_of_items_without_anything_unique_do_not_take_for_ever():
    dice = random.Random(1)
    old, new = ([dice.choice("ab") for _ in range(5_000)] for _ in range(2))
    assert len(pairs_of(old, new)) <= 10_000
