"""A conversation that is sent again on each turn takes little room, and no body hangs on many others."""

import random
import sqlite3
from pathlib import Path

import pytest

from candela_tui.store.errors import StoreError
from candela_tui.store.lanes import LONGEST_CHAIN, base_position
from candela_tui.store.reader import StoreReader
from candela_tui.store.writer import StoreWriter
from tests.store.recording import PATIENCE_S, Reports, exchange, store_whole, writing

TURNS = 200


def conversation(turns: int, seed: int = 1, step: int = 3000) -> list[bytes]:
    """Bodies as a client sends them: each the one before and something new, which compresses as text does."""
    chance = random.Random(seed)
    vocabulary = ["".join(chance.choices("abcdefghijklmnop", k=chance.randrange(2, 9))) for _ in range(500)]
    said = b'{"system":"' + " ".join(chance.choices(vocabulary, k=12_000)).encode() + b'","messages":['
    bodies = []
    for _ in range(turns):
        said += b'{"text":"' + " ".join(chance.choices(vocabulary, k=step // 6)).encode() + b'"},'
        bodies.append(said[:-1] + b'],"stream":true}')
    return bodies


def chains(path: Path) -> dict[str, list[str]]:
    """Of each request body in the file: itself and those that it is built on."""
    connection = sqlite3.connect(path)
    bases: dict[str, str | None] = dict(connection.execute("SELECT exchange_id, base_id FROM request_bodies"))
    connection.close()
    found = {}
    for exchange_id in bases:
        chain, each = [], exchange_id
        while each is not None:
            chain.append(each)
            each = bases[each]
        found[exchange_id] = chain
    return found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    path = tmp_path_factory.mktemp("chains") / "candela.db"
    bodies = conversation(TURNS)
    with writing(path) as (writer, reports):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body)
            # One after the other, as turns come: what waits in bulk is stored without patches.
            reports.wait_until_stored(exchange(number).id)
    assert reports.problems == []
    return path, bodies


def test_every_turn_is_read_as_it_was_sent(stored: tuple[Path, list[bytes]]) -> None:
    path, bodies = stored
    reader = StoreReader(path)
    assert [reader.request_body(exchange(number).id) for number in range(TURNS)] == bodies


def test_a_conversation_takes_a_fiftieth_of_what_crossed(stored: tuple[Path, list[bytes]]) -> None:
    path, bodies = stored
    connection = sqlite3.connect(path)
    (taken,) = connection.execute("SELECT sum(length(data)) FROM request_bodies").fetchone()
    connection.close()
    assert taken < sum(map(len, bodies)) / 50


def test_no_chain_is_longer_than_promised(stored: tuple[Path, list[bytes]]) -> None:
    path, _ = stored
    assert max(map(len, chains(path).values())) == LONGEST_CHAIN


def test_no_position_ever_needs_a_longer_chain() -> None:
    def depth(position: int) -> int:
        base = base_position(position)
        return 1 if base is None else 1 + depth(base)

    assert max(map(depth, range(10_000))) == LONGEST_CHAIN


def test_a_damaged_body_is_named_and_touches_only_those_built_on_it(
    stored: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    source, bodies = stored
    path = tmp_path / "candela.db"
    path.write_bytes(source.read_bytes())
    damaged = exchange(72).id
    connection = sqlite3.connect(path)
    (data,) = connection.execute("SELECT data FROM request_bodies WHERE exchange_id = ?", (damaged,)).fetchone()
    broken = bytearray(data)
    broken[len(data) // 2] ^= 0xFF
    connection.execute("UPDATE request_bodies SET data = ? WHERE exchange_id = ?", (bytes(broken), damaged))
    connection.commit()
    connection.close()

    reader, chain_of = StoreReader(path), chains(path)
    touched = 0
    for number, body in enumerate(bodies):
        exchange_id = exchange(number).id
        if damaged in chain_of[exchange_id]:
            touched += 1
            with pytest.raises(StoreError, match=damaged) as caught:
                reader.request_body(exchange_id)
            assert exchange_id in str(caught.value)
        else:
            assert reader.request_body(exchange_id) == body
    assert 1 <= touched < 64


def test_a_conversation_goes_on_against_what_an_earlier_run_stored(path: Path, reader: StoreReader) -> None:
    bodies = conversation(20)
    for number, body in enumerate(bodies):
        with writing(path) as (writer, _):
            store_whole(writer, exchange(number), body)
    assert [reader.request_body(exchange(number).id) for number in range(20)] == bodies
    alone = [exchange_id for exchange_id, chain in chains(path).items() if len(chain) == 1]
    assert alone == [exchange(0).id]


def test_a_damaged_base_is_not_built_upon(path: Path, reader: StoreReader) -> None:
    bodies = conversation(2)
    with writing(path) as (writer, _):
        store_whole(writer, exchange(0), bodies[0])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE request_bodies SET digest = x'00'")
    connection.commit()
    connection.close()
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1), bodies[1])
    assert reports.problems == []
    assert reader.request_body(exchange(1).id) == bodies[1]


def test_a_body_that_shares_nothing_with_the_one_before_stands_alone(path: Path, reader: StoreReader) -> None:
    bodies = [conversation(1, seed=1)[0], random.Random(2).randbytes(60_000), conversation(1, seed=3)[0]]
    with writing(path) as (writer, _):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body)
    assert [len(chain) for chain in chains(path).values()] == [1, 1, 1]
    assert [reader.request_body(exchange(number).id) for number in range(3)] == bodies


def test_sessions_and_agents_are_not_built_on_one_another(path: Path) -> None:
    body = conversation(1)[0]
    with writing(path) as (writer, _):
        store_whole(writer, exchange(0), body)
        store_whole(writer, exchange(1, agent_id="agent-1"), body)
        store_whole(writer, exchange(2, session_id="session-2"), body)
        store_whole(writer, exchange(3), body)
    assert chains(path)[exchange(3).id] == [exchange(3).id, exchange(0).id]
    assert [len(chains(path)[exchange(number).id]) for number in (1, 2)] == [1, 1]


def test_bodies_of_nine_megabytes_are_kept(path: Path, reader: StoreReader) -> None:
    chance = random.Random(5)
    image = chance.randbytes(6_500_000).hex().encode()
    bodies = [image[:9_000_000], image[:9_000_000] + b"one more turn", image]
    answer = chance.randbytes(8_500_000)
    with writing(path) as (writer, reports):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body, answer)
    assert reports.problems == []
    assert [reader.request_body(exchange(number).id) for number in range(3)] == bodies
    assert reader.response_body(exchange(2).id) == answer
    connection = sqlite3.connect(path)
    sizes = connection.execute("SELECT length(data) FROM request_bodies ORDER BY exchange_id").fetchall()
    connection.close()
    assert sizes[1][0] < 10_000


def test_a_damaged_response_is_an_error_that_names_the_exchange(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1), response=b"first answer " * 40)
        store_whole(writer, exchange(2), response=b"second answer " * 40)
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE response_parts SET data = (SELECT data FROM response_parts WHERE exchange_id = ?)"
        " WHERE exchange_id = ?",
        (exchange(1).id, exchange(2).id),
    )
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=exchange(2).id):
        reader.response_body(exchange(2).id)
    with pytest.raises(StoreError, match=exchange(2).id):
        reader.response_chunks(exchange(2).id)
    assert reader.response_body(exchange(1).id) == b"first answer " * 40


def test_what_waits_in_bulk_is_stored_alone_and_the_next_turns_build_on_it(path: Path, reader: StoreReader) -> None:
    bodies = [body + bytes(400_000) for body in conversation(104)]
    many, more = bodies[:100], bodies[100:]
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
    for number, body in enumerate(many):
        store_whole(writer, exchange(number), body)
    writer.start()
    reports.wait_until_stored(*(exchange(number).id for number in range(100)))
    for number, body in enumerate(more, 100):
        store_whole(writer, exchange(number), body)
        reports.wait_until_stored(exchange(number).id)
    writer.close(PATIENCE_S)
    assert [reader.request_body(exchange(number).id) for number in range(104)] == bodies
    chain_of = chains(path)
    assert [len(chain_of[exchange(number).id]) for number in range(10)] == [1] * 10
    assert len(chain_of[exchange(103).id]) > 1
