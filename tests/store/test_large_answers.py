"""Answers that are too large to be whole in memory."""

import random
import sqlite3
from pathlib import Path

from candela_tui.exchange import ProviderSide, Recording
from candela_tui.store.reader import StoreReader
from tests.store.recording import ended, exchange, writing

PIECE = 3_000_000


def test_its_parts_are_told_once_they_are_stored_and_stay_parts(path: Path, reader: StoreReader) -> None:
    pieces = [random.Random(number).randbytes(PIECE) for number in range(4)]
    told: list[tuple[str, int, int]] = []
    live = exchange(1)
    with writing(path, on_part_stored=lambda *part: told.append(part)) as (writer, reports):
        writer.begin(live, b"{}")
        for number, piece in enumerate(pieces[:3]):
            half = [piece[: PIECE // 2], piece[PIECE // 2 :]]
            side = ProviderSide(b"{}" if number == 0 else None, False, [piece], [float(number)])
            writer.grow(live, half, [float(number)] * 2, side)
            other = exchange(10 + number)
            writer.begin(other, b"{}")
            writer.end(ended(other), [], [])
            reports.wait_until_stored(other.id)
            assert reader.response_body(live.id) == b"".join(pieces[: number + 1])
        writer.end(ended(live), [pieces[3]], [3.0])
        reports.wait_until_stored(live.id)
    # Both sides together are large from the first part on.
    assert told == [(live.id, 2, 1), (live.id, 4, 2), (live.id, 6, 3)]
    assert reader.response_body(live.id) == b"".join(pieces)
    assert reader.provider_response_body(live.id) == b"".join(pieces[:3])
    assert reader.response_chunks(live.id, 6) == ([pieces[3]], [3.0])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM response_parts").fetchone() == (4,)
    connection.close()


def test_a_small_answer_is_told_of_only_when_it_is_whole(path: Path, reader: StoreReader) -> None:
    told: list[str] = []
    with writing(path, on_part_stored=lambda exchange_id, *_: told.append(exchange_id)) as (writer, _):
        writer.begin(exchange(1), b"{}")
        writer.grow(exchange(1), [b"some"], [1.0])
        writer.end(ended(exchange(1)), [b" more"], [2.0])
    assert told == []
    assert reader.response_body(exchange(1).id) == b"some more"


def test_a_recording_lets_go_only_of_what_capture_has_read() -> None:
    recording = Recording(b"{}", provider=Recording(b"{}"))
    assert recording.provider is not None
    recording.provider.chunks, recording.provider.times = recording.chunks, recording.times
    for number in range(5):
        recording.add(b"%d" % number, float(number))
    recording.decoded = 3
    recording.let_go(4)
    assert recording.chunks == [b"", b"", b"", b"3", b"4"]
    assert (recording.stored, recording.provider.stored) == (3, 3)
    recording.let_go(2)
    assert recording.stored == 3
    recording.decoded = 5
    recording.let_go(4)
    assert recording.chunks == [b"", b"", b"", b"", b"4"]
