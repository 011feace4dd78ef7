"""What was recorded is what is read."""

import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.exchange import Cost, Delegation, Difference, Exchange, Kept, Marks, Outcome, ToolDuration
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Iteration, Usage
from candela_tui.providers.identity import Dialect, Provider, RouteName
from candela_tui.redaction import redact_headers, redact_text, redact_url
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from tests.store.recording import STARTED, ended, exchange, store_whole, writing

# With lone surrogates: that is how stray bytes in a header field arrive.
words = st.text(st.characters(exclude_categories=()), max_size=30)
maybe_words = st.none() | words
counts = st.none() | st.integers(0, 2**53 - 1)
sizes = st.integers(0, 2**40)
moments = st.none() | st.floats(0, 1e9)
fields = st.lists(st.tuples(words, words), max_size=4).map(tuple)
# Capture stores no secret, and a name or value may look like one by chance.
headers = fields.map(redact_headers)
urls = words.map(redact_url)
money = st.integers(0, 10**17).map(lambda picodollars: Decimal(picodollars).scaleb(-12))

plain_usages = st.builds(
    Usage, counts, counts, counts, counts, counts, counts, maybe_words, maybe_words, maybe_words, st.integers(0, 99)
)
iterations = st.lists(st.builds(Iteration, words, maybe_words, plain_usages), max_size=2).map(tuple)
usages = st.builds(replace, plain_usages, beyond=iterations)
lists = st.lists(words, max_size=3).map(tuple)
costs = st.builds(Cost, money, money, money, money, money, st.booleans())
exchanges = st.builds(
    Exchange,
    id=st.text("0123456789abcdef-", min_size=8, max_size=30),
    started_at=st.integers(0, 2**52).map(lambda us: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)),
    method=words,
    path=urls,
    route=st.sampled_from(RouteName),
    dialect=st.sampled_from(Dialect),
    kind=st.sampled_from(Kind),
    url=urls,
    session_id=maybe_words,
    agent_id=maybe_words,
    parent_agent_id=maybe_words,
    model=maybe_words,
    model_used=maybe_words,
    streamed=st.booleans(),
    status=st.none() | st.integers(100, 999),
    outcome=st.sampled_from(Outcome),
    stop_reason=maybe_words,
    error=st.none() | st.builds(ApiError, words, words.map(redact_text)),
    usage=st.none() | usages,
    cost=st.none() | costs,
    unpriced_model=maybe_words,
    marks=st.builds(Marks, moments, moments, moments, moments),
    request_bytes=sizes,
    response_bytes=sizes,
    output_characters=sizes,
    request_headers=headers,
    response_headers=headers,
    request_id=maybe_words,
    rate_limits=fields,
    retry=st.integers(0, 1000),
    differences=st.lists(st.builds(Difference, words, words, words), max_size=3).map(tuple),
    cost_notes=lists,
    saved=st.none() | money | money.map(lambda amount: -amount),
    cache_ttls=lists,
    tools_called=lists,
    delegations=st.lists(st.builds(Delegation, words, maybe_words, maybe_words), max_size=2).map(tuple),
    task=maybe_words,
    clues=st.none() | st.builds(SessionClues, maybe_words, maybe_words, maybe_words, maybe_words),
    session_title=maybe_words,
    subscription=st.booleans(),
    pid=st.just(os.getpid()),
    provider=st.sampled_from(Provider),
    region=maybe_words,
    model_sent=maybe_words,
    adaptations=st.lists(
        st.builds(Adaptation, st.sampled_from(["beta", "field", "message", "retry"]), words, words), max_size=3
    ).map(tuple),
    provider_status=st.none() | st.integers(100, 999),
    provider_request_headers=headers,
    provider_response_headers=headers,
    provider_metrics=fields,
    agent_type=maybe_words,
    request_class=maybe_words,
    prompt_id=maybe_words,
    asked=maybe_words,
    left_out=st.lists(words, max_size=2).map(tuple),
    tool_durations=st.lists(st.builds(ToolDuration, words, st.integers(0, 2**53 - 1)), max_size=2).map(tuple),
    client=maybe_words,
    inferred=lists,
    model_stated=maybe_words,
    gateway=maybe_words,
    client_cost=st.none() | money,
    unread=maybe_words,
    answer_facts=fields,
    betas=st.none() | lists,
    kept=st.sampled_from([Kept.FULL, Kept.HEADERS]),
)


HEADERS = ("request_headers", "response_headers", "provider_request_headers", "provider_response_headers")


@settings(max_examples=40, deadline=None)
@given(st.lists(exchanges, min_size=1, max_size=12, unique_by=lambda each: each.id))
def test_every_field_of_every_exchange_comes_back(recorded: list[Exchange]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candela.db"
        with writing(path) as (writer, reports):
            for each in recorded:
                writer.begin(each, b"")
        reader = StoreReader(path)
        assert reports.problems == []
        assert [reader.exchange(each.id) for each in recorded] == recorded
        bare = [replace(each, **dict.fromkeys(HEADERS)) for each in recorded]
        assert reader.exchanges() == sorted(bare, key=lambda each: each.id)
        for session_id in {each.session_id for each in recorded}:
            of_session = [each for each in reader.exchanges() if each.session_id == session_id]
            assert reader.exchanges(ExchangeQuery(session_id)) == of_session


@settings(max_examples=25, deadline=None)
@given(
    request=st.binary(max_size=20_000),
    steps=st.lists(st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 10**9)), max_size=8), max_size=6),
)
def test_bodies_come_back_byte_for_byte_and_chunk_for_chunk(
    request: bytes, steps: list[list[tuple[bytes, int]]]
) -> None:
    live = exchange()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candela.db"
        with writing(path) as (writer, _):
            writer.begin(live, request)
            for step in steps[:-1]:
                writer.grow(live, [chunk for chunk, _ in step], [tick / 1000 for _, tick in step])
            last = steps[-1] if steps else []
            writer.end(ended(live), [chunk for chunk, _ in last], [tick / 1000 for _, tick in last])
        reader = StoreReader(path)
        crossed = [each for step in steps for each in step]
        assert reader.request_body(live.id) == request
        assert reader.response_body(live.id) == b"".join(chunk for chunk, _ in crossed)
        chunks, times = reader.response_chunks(live.id)
        assert chunks == [chunk for chunk, _ in crossed]
        assert times == [tick / 1000 for _, tick in crossed]


@pytest.mark.both_databases
def test_a_response_that_was_stored_in_several_steps_reads_as_one(path: Path, reader: StoreReader) -> None:
    live = exchange(1)
    with writing(path) as (writer, reports):
        writer.begin(live, b"question")
        for step in range(5):
            writer.grow(live, [b"part %d " % step, b"!"], [step * 10.0, step * 10.0 + 1])
            store_whole(writer, exchange(step + 2))
            reports.wait_until_stored(exchange(step + 2).id)
            chunks, times = reader.response_chunks(live.id)
            assert chunks[-2:] == [b"part %d " % step, b"!"]
            assert times[-2:] == [step * 10.0, step * 10.0 + 1]
        writer.end(ended(live), [b"end"], [99.0])
    chunks, times = reader.response_chunks(live.id)
    assert b"".join(chunks) == b"part 0 !part 1 !part 2 !part 3 !part 4 !end"
    assert len(chunks) == len(times) == 11


def test_a_store_that_does_not_exist_is_empty_and_stays_away(path: Path, reader: StoreReader) -> None:
    assert reader.exchanges() == []
    assert reader.exchange("0001") is None
    assert reader.request_body("0001") is None
    assert reader.response_body("0001") is None
    assert reader.response_chunks("0001") == ([], [])
    assert not path.parent.exists()


def test_a_file_without_anything_in_it_is_empty(path: Path, reader: StoreReader) -> None:
    path.parent.mkdir()
    path.touch()
    assert reader.exchanges() == []
    assert path.stat().st_size == 0


@pytest.fixture
def twelve(path: Path) -> None:
    with writing(path) as (writer, _):
        for number in range(12):
            store_whole(writer, exchange(number, session_id=("a", "b", None)[number % 3]))


@pytest.mark.both_databases
@pytest.mark.usefixtures("twelve")
class TestChoosing:
    def test_all_come_oldest_first(self, reader: StoreReader) -> None:
        assert [each.id for each in reader.exchanges()] == [exchange(number).id for number in range(12)]

    def test_a_limit_keeps_the_newest(self, reader: StoreReader) -> None:
        assert [each.id for each in reader.exchanges(ExchangeQuery(limit=2))] == [exchange(10).id, exchange(11).id]

    def test_a_session_has_only_its_own(self, reader: StoreReader) -> None:
        assert [each.id for each in reader.exchanges(ExchangeQuery("b"))] == [
            exchange(number).id for number in (1, 4, 7, 10)
        ]

    def test_none_means_those_that_named_no_session(self, reader: StoreReader) -> None:
        assert [each.id for each in reader.exchanges(ExchangeQuery(None, limit=1))] == [exchange(11).id]
        assert {each.session_id for each in reader.exchanges(ExchangeQuery(None))} == {None}

    def test_since_leaves_out_what_is_older(self, reader: StoreReader) -> None:
        assert len(reader.exchanges(ExchangeQuery(since=STARTED + timedelta(seconds=9)))) == 3

    def test_an_id_that_none_has_is_none(self, reader: StoreReader) -> None:
        assert reader.exchange("9") is None
        assert reader.exchange("") is None
        assert reader.exchange("not unicode \udcff") is None
        assert reader.request_body("9") is None
        assert reader.response_body("9") is None


@pytest.mark.both_databases
def test_a_beginning_that_two_ids_share_is_an_error_that_names_them(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(10))
        store_whole(writer, exchange(11))
        store_whole(writer, exchange(20))
    with pytest.raises(StoreError, match=f"{exchange(10).id} and {exchange(11).id}"):
        reader.exchange("0001-00001")
    found = reader.exchange("0001-00002")
    assert found is not None
    assert found.id == exchange(20).id


def test_the_store_is_for_its_owner_only(path: Path) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange())
        reports.wait_until_stored(exchange().id)
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes["candela.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_store_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o644)
    with writing(path) as (writer, _):
        store_whole(writer, exchange())
    assert path.stat().st_mode & 0o777 == 0o600
