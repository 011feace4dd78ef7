"""When each block of an answer came."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.block_times import BlockTime, BlockTimes
from candela_tui.protocol.answer_decoder import AnswerDecoder
from tests.ui.scene import stream

WHOLE = stream("It is ", "noon.", thinking="What time is it?", tool=("Bash", {"command": "date"}))


def _watched(chunks: list[tuple[bytes, float]]) -> list[BlockTime]:
    answer, times = AnswerDecoder(200, "text/event-stream"), BlockTimes()
    for chunk, at_ms in chunks:
        answer.feed(chunk)
        times.note(answer.fold, at_ms)
    return times.blocks


def test_each_block_has_the_times_of_the_chunks_that_began_and_ended_it() -> None:
    parts = WHOLE.split(b"event: ")[1:]
    assert _watched([(b"event: " + part, 100.0 + 10 * number) for number, part in enumerate(parts)]) == [
        BlockTime("thinking", None, 110.0, 130.0, len("What time is it?")),
        BlockTime("text", None, 140.0, 170.0, len("It is noon.")),
        BlockTime("tool_use", "Bash", 180.0, 210.0, len('{"command": "date"}')),
    ]


def test_a_block_that_grows_or_broke_off_has_no_end() -> None:
    (block,) = _watched([(stream("It is", end=False), 5.0)])
    assert block == BlockTime("text", None, 5.0, None, 5)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_however_the_stream_is_cut_nothing_is_lost_and_times_go_forward(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WHOLE)]
    blocks = _watched([(WHOLE[start:stop], float(number)) for number, (start, stop) in enumerate(pairwise(edges))])
    assert [(block.kind, block.characters) for block in blocks] == [("thinking", 16), ("text", 11), ("tool_use", 19)]
    times = [time for block in blocks for time in (block.start_ms, block.end_ms) if time is not None]
    assert len(times) == 6
    assert times == sorted(times)
