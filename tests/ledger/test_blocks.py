"""The windows of five hours of a subscription."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from candela_tui.ledger.blocks import LENGTH, Block, Blocks, pace
from candela_tui.ledger.totals import Totals

DAY = datetime(2026, 11, 21, tzinfo=UTC)
moments = some.integers(0, 3 * 86_400).map(lambda seconds: DAY + timedelta(seconds=seconds))
ends = some.integers(0, 18).map(lambda number: DAY + number * LENGTH)


def at(hour: int, minute: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute)


@given(some.lists(moments, min_size=1), some.lists(ends, max_size=4))
def test_every_request_is_in_one_block_and_blocks_do_not_overlap(begun: list[datetime], resets: list[datetime]) -> None:
    blocks = Blocks(begun, resets)
    found = [blocks.at(moment) for moment in begun]
    for moment, block in zip(begun, found, strict=True):
        assert block.starts_at <= moment < block.ends_at
        assert block.ends_at - block.starts_at <= LENGTH
        assert not block.measured or block.ends_at in resets
    ordered = sorted(set(found), key=lambda block: block.starts_at)
    for one, other in pairwise(ordered):
        assert one.ends_at <= other.starts_at


@given(some.lists(moments, min_size=1), some.lists(ends, max_size=4), some.randoms())
def test_blocks_do_not_depend_on_the_order_of_requests(
    begun: list[datetime], resets: list[datetime], random: Any
) -> None:
    blocks = Blocks(begun, resets)
    shuffled = begun.copy()
    random.shuffle(shuffled)
    others = Blocks(shuffled, reversed(resets))
    assert [blocks.at(moment) for moment in begun] == [others.at(moment) for moment in begun]


def test_without_a_stated_end_a_block_begins_at_the_full_hour_of_its_first_request() -> None:
    blocks = Blocks([at(9, 20), at(13, 59), at(14)], [])
    assert blocks.at(at(9, 20)) == blocks.at(at(13, 59)) == Block(at(9), at(14), measured=False)
    assert blocks.at(at(14)) == Block(at(14), at(19), measured=False)


def test_answers_that_round_an_end_differently_state_one_block() -> None:
    blocks = Blocks([at(12)], [at(14), at(14, 1)])
    assert blocks.at(at(9, 30)) == blocks.at(at(14)) == Block(at(9), at(14, 1), measured=True)


def test_a_pace_is_told_from_a_minute_on_and_a_sum_only_while_the_block_lasts() -> None:
    block = Block(at(9), at(14), measured=True)
    used = Totals(requests=2, output_tokens=6000, output_usd=Decimal(3), priced=2)
    assert pace(block, used, at(9), at(9), at(15)) is None
    ended = pace(block, used, at(9), at(10), at(15))
    assert ended is not None
    assert (ended.tokens_per_minute, ended.usd_per_hour, ended.projected_usd) == (100, 3, None)
    active = pace(block, used, at(9), at(9, 30), at(10))
    assert active is not None
    assert (active.projected_tokens, active.projected_usd) == (30_000, 15)
