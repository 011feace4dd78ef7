"""Any damage to the database file: never a traceback; what is broken is set aside, and recording goes on."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy.dialects.sqlite import dialect

from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.schema import metadata
from tests.store.recording import Reports, exchange, store_whole, writing

NUMBERS = range(1, 6)
OLD = [exchange(number).id for number in NUMBERS]
NEW = exchange(99)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "candela.db"
    with writing(path) as (writer, _):
        for number in NUMBERS:
            store_whole(writer, exchange(number, task="größer"), random.Random(number).randbytes(5000))
    return path


def read_all(path: Path) -> list[str]:
    """Read everything there is; raise where the file itself is unreadable, not for one damaged body."""
    reader = StoreReader(path)
    found = [each.id for each in reader.exchanges()]
    reader.totals()
    for exchange_id in found:
        for read in (
            reader.exchange,
            reader.request_body,
            reader.response_body,
            reader.response_chunks,
            reader.provider_request_body,
            reader.provider_response_chunks,
        ):
            try:
                read(exchange_id)
            except StoreError as error:
                if of_file(error):
                    raise
    return found


def of_file(error: StoreError) -> bool:
    return "Start candela" in str(error)


def after_a_restart(path: Path) -> tuple[list[str], Reports]:
    """What can be read once a candela has stored one more exchange, and the file was looked through if it is broken."""
    with writing(path) as (writer, reports):
        store_whole(writer, NEW)
        reports.wait_until_stored(NEW.id)
        try:
            found = read_all(path)
        except StoreError:
            found = []
        if NEW.id in found:
            return found, reports
        # Damaged, or not there or empty at this moment, since the writer puts another in its place.
        reports.wait_for_problem("was damaged")
        # The damage was found after the exchange was stored.
        store_whole(writer, exchange(100))
        reports.wait_until_stored(exchange(100).id)
        return [*read_all(path), NEW.id], reports


def check(path: Path) -> None:
    try:
        before = read_all(path)
    except StoreError:
        before = []
    found, reports = after_a_restart(path)
    copies = [copy for copy in path.parent.glob("candela.db.broken-*") if not copy.name.endswith(("-wal", "-shm"))]
    assert NEW.id in found
    if copies:
        assert str(copies[-1]) in reports.wait_for_problem("was damaged")
    else:
        assert not [told for told in reports.problems if "damaged" in told]
        assert set(before) <= set(found)


def damaged_copy(whole: Path, directory: Path, damage: Callable[[bytearray], None]) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    path = directory / "candela.db"
    content = bytearray(whole.read_bytes())
    damage(content)
    path.write_bytes(content)
    path.chmod(0o600)
    return path


ONE_BY_ONE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@ONE_BY_ONE
@example(place=0.18, header=True, to=3)  # The version for writers: SQLite opens the file read-only.
@given(place=some.floats(0, 1, exclude_max=True), header=some.booleans(), to=some.integers(0, 255))
def test_any_byte_may_be_another(whole: Path, tmp_path: Path, place: float, header: bool, to: int) -> None:
    def change(content: bytearray) -> None:
        content[int(place * (100 if header else len(content)))] = to

    check(damaged_copy(whole, tmp_path / "data", change))


@ONE_BY_ONE
@given(
    place=some.floats(0, 1, exclude_max=True), to=some.sampled_from([0x00, 0x20, 0x2C, 0x41, 0x78, 0x80, 0xC3, 0xFF])
)
def test_any_byte_of_the_schema_may_be_another(whole: Path, tmp_path: Path, place: float, to: int) -> None:
    def change(content: bytearray) -> None:
        first = content.index(b"CREATE TABLE")
        last = content.rindex(b"CREATE TABLE") + 400
        content[first + int(place * (last - first))] = to

    check(damaged_copy(whole, tmp_path / "data", change))


def test_an_index_that_calls_an_unknown_function_is_noticed_when_it_is_written(whole: Path, tmp_path: Path) -> None:
    def change(content: bytearray) -> None:
        at = content.index(b"substr(clues")
        content[at : at + 6] = b"subst "

    check(damaged_copy(whole, tmp_path / "data", change))


@ONE_BY_ONE
@given(share=some.floats(0, 1))
def test_any_end_may_be_missing(whole: Path, tmp_path: Path, share: float) -> None:
    def cut(content: bytearray) -> None:
        del content[int(share * len(content)) :]

    check(damaged_copy(whole, tmp_path / "data", cut))


def changed(whole: Path, tmp_path: Path, *statements: str) -> Path:
    path = damaged_copy(whole, tmp_path / "data", lambda _: None)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE alembic_version SET version_num = '0104'"],
        ["UPDATE alembic_version SET version_num = 'x004'"],
        ["UPDATE alembic_version SET version_num = '0003'"],
        ["DELETE FROM alembic_version"],
        ["ALTER TABLE alembic_version RENAME TO alembic_versiom"],
        ["ALTER TABLE exchanges RENAME COLUMN model TO mod\u00e9l"],
        ["ALTER TABLE headers RENAME TO readers"],
        ["DROP TABLE provider_parts"],
        ["ALTER TABLE headers RENAME TO old", "CREATE TABLE headers AS SELECT * FROM old", "DROP TABLE old"],
    ],
)
def test_a_schema_that_is_not_what_its_revision_says_is_broken(
    whole: Path, tmp_path: Path, statements: list[str]
) -> None:
    path = changed(whole, tmp_path, *statements)
    found, reports = after_a_restart(path)
    assert found == [NEW.id]
    assert "a new store is begun" in reports.wait_for_problem("was damaged")


TYPES = sorted(
    {column.type.compile(dialect=dialect()) for table in metadata.tables.values() for column in table.columns}
)


@pytest.mark.parametrize("declared", TYPES)
def test_a_column_of_another_type_is_damage(whole: Path, tmp_path: Path, declared: str) -> None:
    def change(content: bytearray) -> None:
        first = content.index(b"CREATE TABLE exchanges")
        content[content.index(f" {declared}".encode(), first) + 2] = ord("q")

    check(damaged_copy(whole, tmp_path / "data", change))


def test_a_reference_to_no_column_is_damage(whole: Path, tmp_path: Path) -> None:
    def change(content: bytearray) -> None:
        content[content.index(b"REFERENCES request_bodies (exchange_id)") + len("REFERENCES request_bodies (e")] = 0xFF

    check(damaged_copy(whole, tmp_path / "data", change))


def test_text_of_the_schema_that_is_not_utf_8_is_damage_in_words(whole: Path, tmp_path: Path) -> None:
    def change(content: bytearray) -> None:
        content[content.index(b"PRIMARY KEY", content.index(b"CREATE TABLE exchanges"))] = 0xFF

    path = damaged_copy(whole, tmp_path / "data", change)
    with pytest.raises(StoreError, match=r"is damaged \(its schema is not UTF-8 text\)\. Start candela"):
        StoreReader(path).exchanges()
    assert after_a_restart(path)[0] == [NEW.id]


@pytest.mark.parametrize(
    "change",
    [
        "task = CAST(x'ff41' AS TEXT)",
        "id = CAST(x'ff41' AS TEXT)",
        "started_at_us = 'noon'",
        "started_at_us = 9223372036854775807",
        "clues = '[\"only one'",
        "kind = 'unheard of'",
        "status = 'two hundred'",
        "model = x'ff'",
        "session_id = CAST(x'ff' AS TEXT)",
    ],
)
def test_one_damaged_row_costs_only_that_row(whole: Path, tmp_path: Path, change: str) -> None:
    path = changed(whole, tmp_path, "PRAGMA foreign_keys = OFF", f"UPDATE exchanges SET {change} WHERE id = '{OLD[1]}'")
    told: list[str] = []
    reader = StoreReader(path, told.append)
    rest = [OLD[0], *OLD[2:]]
    assert [each.id for each in reader.exchanges()] == rest
    assert [each.id for each in reader.exchanges()] == rest
    (words,) = told
    assert "is damaged and can't be read" in words
    assert [each.session_id for each in reader.totals().sessions()] == [exchange(1).session_id]
    found, reports = after_a_restart(path)
    assert found == [*rest, NEW.id]
    assert reports.problems == []


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flipped(path: Path) -> None:
    """Change a byte of each page but the first."""
    chance = random.Random(1)
    with path.open("r+b") as file:
        for page in range(4096, path.stat().st_size, 4096):
            file.seek(page + chance.randrange(4096))
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 0xFF]))


@pytest.mark.parametrize("fault", [cut, flipped])
def test_what_breaks_while_it_is_written_costs_no_request_and_is_told(
    path: Path, fault: Callable[[Path], None]
) -> None:
    def store(numbers: range) -> None:
        for number in numbers:
            chance = random.Random(number)
            live = exchange(number, session_id=f"session-{number % 5}")
            store_whole(writer, live, chance.randbytes(8000), chance.randbytes(9000))
            reports.wait_until_stored(live.id)

    with writing(path) as (writer, reports):
        store(range(100))
        fault(path)
        store(range(100, 120))
    # SQLite sees damage where it reads. At the latest, the next start looks through the file.
    told = reports.problems
    with writing(path) as (writer, reports):
        store(range(200, 201))
        if not told:
            reports.wait_for_problem("was damaged")
        store(range(201, 203))
    (words,) = {*told, *reports.problems}
    assert "It is kept as" in words
    assert "\n" not in words
    assert len(words) < 400
    (aside,) = (copy for copy in path.parent.glob("candela.db.broken-*") if not copy.name.endswith(("-wal", "-shm")))
    assert aside.stat().st_size > 100_000
    assert {exchange(201).id, exchange(202).id} <= {each.id for each in StoreReader(path).exchanges()}
