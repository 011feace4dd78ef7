"""What crossed towards a provider in another form than towards the client is kept beside it, byte for byte."""

import json
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from candela_tui.exchange import ProviderSide
from candela_tui.store.database import connect_to_write
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.schema import exchanges
from tests.store.recording import ended, exchange, writing

CLIENTS = json.dumps({"model": "claude-opus-4-8", "messages": [f"turn {n} of a talk" for n in range(5000)]}).encode()
PROVIDERS = CLIENTS.replace(b'"model": "claude-opus-4-8", ', b'"anthropic_version": "vertex-2023-10-16", ')

pieces = st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 10**9)), max_size=6)


def of(step: list[tuple[bytes, int]]) -> tuple[list[bytes], list[float]]:
    return [chunk for chunk, _ in step], [tick / 1000 for _, tick in step]


@settings(max_examples=40, deadline=None)
@given(
    client=st.binary(max_size=9000),
    provider=st.binary(max_size=9000),
    alike=st.booleans(),
    steps=st.lists(st.tuples(pieces, pieces), min_size=1, max_size=5),
    told_at=st.integers(0, 4),
)
def test_both_sides_come_back_byte_for_byte_and_chunk_for_chunk(
    client: bytes,
    provider: bytes,
    alike: bool,
    steps: list[tuple[list[tuple[bytes, int]], list[tuple[bytes, int]]]],
    told_at: int,
) -> None:
    live = exchange()
    sent = provider + client if alike else provider
    told_at %= len(steps)
    crossed = [each for _, theirs in steps[told_at:] for each in theirs]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candela.db"
        with writing(path) as (writer, reports):
            writer.begin(live, client)
            for number, (ours, theirs) in enumerate(steps):
                side = None
                if number >= told_at:
                    side = ProviderSide(sent if number == told_at else None, False, *of(theirs))
                if number == len(steps) - 1:
                    writer.end(ended(live), *of(ours), side)
                else:
                    writer.grow(live, *of(ours), side)
        reader = StoreReader(path)
        assert reports.problems == []
        assert reader.request_body(live.id) == client
        assert reader.response_chunks(live.id) == of([each for ours, _ in steps for each in ours])
        assert reader.provider_request_body(live.id) == sent
        assert reader.provider_response_chunks(live.id) == of(crossed)
        assert reader.provider_response_body(live.id) == b"".join(chunk for chunk, _ in crossed)


def test_an_answer_that_passed_as_it_came_is_stored_once_and_read_from_either_side(
    path: Path, reader: StoreReader
) -> None:
    live = exchange()
    with writing(path) as (writer, _):
        writer.begin(live, CLIENTS)
        writer.grow(live, [b"one ", b"two "], [1.0, 2.0], ProviderSide(PROVIDERS, True))
        writer.end(ended(live), [b"three"], [3.0], ProviderSide(None, True))
    assert reader.provider_response_chunks(live.id) == reader.response_chunks(live.id)
    assert reader.provider_response_chunks(live.id, 2) == ([b"three"], [3.0])
    assert reader.provider_response_body(live.id) == b"one two three"
    assert reader.provider_request_body(live.id) == PROVIDERS
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM provider_parts").fetchone() == (0,)


def test_a_mapped_request_costs_the_store_next_to_nothing_beside_the_clients(path: Path) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(), CLIENTS)
        writer.end(ended(exchange()), [], [], ProviderSide(PROVIDERS, True))
    with sqlite3.connect(path) as connection:
        (size,) = connection.execute("SELECT length(data) FROM provider_requests").fetchone()
    assert len(PROVIDERS) > 100_000
    assert size < 200


@pytest.mark.both_databases
def test_an_exchange_without_a_mapping_has_nothing_of_the_providers_own(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(), CLIENTS)
        writer.end(ended(exchange()), [b"answer"], [1.0])
    assert reader.provider_request_body(exchange().id) is None
    assert reader.provider_response_body(exchange().id) is None
    assert reader.provider_response_chunks(exchange().id) == ([], [])


@pytest.mark.both_databases
def test_what_came_from_the_provider_is_read_while_the_answer_grows(path: Path, reader: StoreReader) -> None:
    live = exchange(1)
    with writing(path) as (writer, reports):
        writer.begin(live, CLIENTS)
        writer.grow(live, [b"event"], [5.0], ProviderSide(PROVIDERS, False, [b"frame"], [4.0]))
        writer.begin(exchange(2), b"{}")
        writer.end(ended(exchange(2)), [], [])
        reports.wait_until_stored(exchange(2).id)
        assert reader.provider_request_body(live.id) == PROVIDERS
        assert reader.provider_response_chunks(live.id) == ([b"frame"], [4.0])
        writer.end(ended(live), [], [])


def test_bodies_of_the_providers_side_count_towards_what_may_wait(path: Path) -> None:
    path.mkdir(parents=True)
    with writing(path, most_queued=100_000) as (writer, reports):
        writer.begin(exchange(), b"{}")
        writer.grow(exchange(), [], [], ProviderSide(b"x" * 60_000, False, [b"y" * 60_000], [1.0]))
        reports.wait_for_problem("More arrives than")
        path.rmdir()
        writer.end(ended(exchange()), [b"z"], [1.0])
    reader = StoreReader(path)
    assert [each.id for each in reader.exchanges()] == [exchange().id]
    assert reader.provider_request_body(exchange().id) is None
    assert reader.provider_response_body(exchange().id) is None


def test_a_damaged_byte_is_told_and_not_given(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(), CLIENTS)
        writer.end(ended(exchange()), [], [], ProviderSide(PROVIDERS, True))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE provider_requests SET digest = zeroblob(16)")
    with pytest.raises(StoreError, match=f"provider of exchange {exchange().id} is damaged"):
        reader.provider_request_body(exchange().id)


def test_what_is_deleted_leaves_nothing_of_the_providers_side(path: Path) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(), CLIENTS)
        writer.end(ended(exchange()), [b"a"], [1.0], ProviderSide(PROVIDERS, False, [b"b"], [1.0]))
    connection = connect_to_write(path)
    with connection.begin():
        connection.execute(delete(exchanges))
    connection.close()
    with sqlite3.connect(path) as store:
        for table in ("provider_requests", "provider_parts"):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
