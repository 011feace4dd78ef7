"""``candela db``: the store is checked, copied, repaired and rewritten, and nothing that was kept is lost."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from candela_tui.store.reader import StoreReader
from tests.cli.command import Home
from tests.reports.exchanges import exchange
from tests.store.recording import writing


def store_of(home: Home) -> Path:
    return home.data / "candela.db"


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def write_bytes(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def page_of(path: Path, name: str) -> int:
    """Return where the first page of a table or index is in the file."""
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((number - 1) * size)


async def test_a_whole_store_passes_its_check(recorded: Home) -> None:
    found = await recorded.run("db", "check")
    assert (found.code, found.out) == (0, "4 requests checked, all of them whole.\n")
    assert json.loads((await recorded.run("db", "check", "--json")).out)["problems"] == []


@pytest.mark.parametrize(
    ("damage", "request_id", "words"),
    [
        ("UPDATE request_bodies SET digest = zeroblob(16) WHERE exchange_id = '0198-0002'", "0198-0002", "its hash"),
        ("UPDATE response_parts SET data = x'00' WHERE exchange_id = '0198-0001'", "0198-0001", "response"),
        ("UPDATE headers SET fields = x'0102' WHERE exchange_id = '0198-0001'", "0198-0001", "row is damaged"),
        ("UPDATE exchanges SET cost_notes = '[' WHERE id = '0198-0003'", "0198-0003", "row is damaged"),
        ("UPDATE sums SET requests = 7", None, "sums differ"),
        ("DELETE FROM exchanges WHERE id = '0198-0004'", None, "without a request"),
    ],
)
async def test_each_kind_of_damage_is_named(recorded: Home, damage: str, request_id: str | None, words: str) -> None:
    change(store_of(recorded), "PRAGMA foreign_keys = OFF", damage)
    found = await recorded.run("db", "check", "--json")
    problems = json.loads(found.out)["problems"]
    assert found.code == 1
    assert any(each["request_id"] == request_id and words in each["problem"] for each in problems), problems
    told = await recorded.run("db", "check")
    assert (told.code, "db repair" in told.out) == (1, True)


async def test_a_backup_is_a_store_of_its_own(recorded: Home, tmp_path: Path) -> None:
    # A running candela goes on writing meanwhile.
    with writing(store_of(recorded)):
        assert (await recorded.run("db", "backup", str(tmp_path / "copy.db"))).code == 0
    recorded.record(exchange(5))
    assert [each.id for each in StoreReader(tmp_path / "copy.db").exchanges()] == [
        f"0198-{number:04}" for number in range(1, 5)
    ]
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    again = await recorded.run("db", "backup", str(tmp_path / "copy.db"))
    assert (again.code, "exists already" in again.err) == (1, True)
    nowhere = await recorded.run("db", "backup", str(tmp_path / "none" / "copy.db"))
    assert (nowhere.code, "can't be written" in nowhere.err) == (1, True)
    assert not list(tmp_path.glob(".copy.db*"))


async def test_a_backup_of_a_damaged_store_is_not_kept(recorded: Home, tmp_path: Path) -> None:
    write_bytes(store_of(recorded), page_of(store_of(recorded), "response_parts"), b"\xff" * 64)
    failed = await recorded.run("db", "backup", str(tmp_path / "copy.db"))
    assert (failed.code, "is damaged" in failed.err) == (1, True)
    assert not (tmp_path / "copy.db").exists()


async def test_only_a_store_that_nothing_has_open_is_rewritten(recorded: Home) -> None:
    with writing(store_of(recorded)) as (writer, _):
        writer.begin(exchange(9), b"{}")
        refused = await recorded.run("db", "vacuum")
    assert (refused.code, "Stop candela first" in refused.err) == (1, True)
    assert (await recorded.run("db", "vacuum")).code == 0
    assert len(StoreReader(store_of(recorded)).exchanges()) == 5


async def test_what_a_damaged_store_still_has_is_brought_back(recorded: Home) -> None:
    path = store_of(recorded)
    # One of the headers, and the schema's text.
    change(path, "UPDATE headers SET fields = x'0102' WHERE exchange_id = '0198-0001'")
    text = path.read_bytes()
    at = text.index(b"CREATE TRIGGER")
    write_bytes(path, at, b"CREATE TRIGGEX")
    broken = await recorded.run("sessions")
    assert (broken.code, "candela db repair" in broken.err) == (1, True)
    found = json.loads((await recorded.run("db", "repair", "--json")).out)
    assert [(each["requests"], each["added"]) for each in found] == [(4, 4)]
    assert ["0198-0001" in each for each in found[0]["lost"]] == [True]
    reader = StoreReader(path)
    assert [each.id for each in reader.exchanges()] == [f"0198-{number:04}" for number in range(1, 5)]
    assert reader.request_body("0198-0002") == b'{"model": "claude-opus-4-8"}'
    assert (await recorded.run("db", "check")).code == 0
    # Once more, nothing is added.
    again = json.loads((await recorded.run("db", "repair", "--json")).out)
    assert [(each["requests"], each["added"]) for each in again] == [(4, 0)]


async def test_requests_of_a_store_that_was_set_aside_join_those_that_came_since(recorded: Home) -> None:
    path = store_of(recorded)
    path.rename(path.with_name("candela.db.broken-20261129-120000"))
    recorded.record(exchange(7))
    with writing(path):
        assert (await recorded.run("db", "repair")).code == 0
    listed = json.loads((await recorded.run("requests", "--json")).out)
    assert [each["id"] for each in listed] == [f"0198-{number:04}" for number in (1, 2, 3, 4, 7)]


async def test_a_file_that_ends_early_gives_what_it_has(home: Home) -> None:
    home.record(*(exchange(number, session_id=f"s{number % 7}") for number in range(1, 200)))
    path = store_of(home)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    assert (await home.run("db", "check")).code == 1
    told = await home.run("db", "repair", "--json")
    assert told.code == 0, told.err
    (found,) = json.loads(told.out)
    assert 0 < found["added"] < 199
    assert any("can't be read" in words for words in found["lost"])
    assert (await home.run("db", "check")).code == 0


async def test_a_damaged_index_and_wrong_sums_are_made_again(recorded: Home) -> None:
    path = store_of(recorded)
    change(path, "UPDATE sums SET requests = 7")
    write_bytes(path, page_of(path, "ix_exchanges_session_id") + 3, b"\x00\x00")
    assert (await recorded.run("db", "check")).code == 1
    told = await recorded.run("db", "repair")
    assert (told.code, "indexes were rebuilt" in told.out, "sums were corrected" in told.out) == (0, True, True)
    assert (await recorded.run("db", "check")).code == 0
    assert (await recorded.run("db", "repair")).out.startswith("Nothing to repair.")


async def test_the_figures_are_those_of_the_store(recorded: Home) -> None:
    found = json.loads((await recorded.run("db", "stats", "--json")).out)
    assert (found["requests"], found["sessions"], found["bodies"]) == (4, 2, 4)
    assert found["file_bytes"] == store_of(recorded).stat().st_size
    assert found["stored_bytes"]["requests"] > 0
    words = (await recorded.run("db", "stats")).out
    assert "4 in 2 sessions" in words
    assert found["crossed_bytes"] > found["file_bytes"]
    assert "of what crossed" in words


async def test_a_file_that_is_larger_than_what_crossed_is_no_share_of_it(home: Home) -> None:
    home.record(exchange(request_bytes=2, response_bytes=0))
    found = json.loads((await home.run("db", "stats", "--json")).out)
    assert found["file_bytes"] > found["crossed_bytes"] > 0
    assert "of what crossed" not in (await home.run("db", "stats")).out


async def test_it_is_said_what_is_kept_for_how_long_and_how_much_there_is(recorded: Home) -> None:
    await recorded.run("keys", "create", "--name", "ci")
    found = json.loads((await recorded.run("db", "stats", "--json")).out)
    assert (found["audit_entries"], found["max_size_gb"]) == (1, None)
    assert found["kept_days"] == {"requests": None, "bodies": None, "audit": None}

    limits = {
        "CANDELA_HISTORY__KEEP_DAYS": "90",
        "CANDELA_HISTORY__BODY_DAYS": "7",
        "CANDELA_HISTORY__MAX_SIZE_GB": "5",
        "CANDELA_AUDIT__KEEP_DAYS": "1",
    }
    found = json.loads((await recorded.run("db", "stats", "--json", **limits)).out)
    assert (found["kept_days"], found["max_size_gb"]) == ({"requests": 90, "bodies": 7, "audit": 1}, 5)
    words = (await recorded.run("db", "stats", **limits)).out
    assert "for 90 days, at most 5 GiB" in words
    assert "for 7 days" in words
    assert "1 entry, kept for 1 day" in words


async def test_where_nothing_was_recorded_there_is_nothing_to_do(home: Home, tmp_path: Path) -> None:
    for command in (["check"], ["vacuum"], ["backup", str(tmp_path / "copy.db")]):
        found = await home.run("db", *command)
        assert (found.code, "Nothing has been recorded" in found.err) == (1, True)
    assert json.loads((await home.run("db", "stats", "--json")).out) is None


@pytest.mark.parametrize("command", [("backup", "copy.db"), ("repair",), ("vacuum",)])
async def test_what_is_for_a_file_says_so_where_the_store_is_in_postgresql(
    home: Home, command: tuple[str, ...]
) -> None:
    done = await home.run("db", *command, CANDELA_STORE__URL="postgresql://someone@db.example.com/candela")
    assert done.code == 1
    assert f"`candela db {command[0]}` is for SQLite, and the store is postgresql://db.example.com/candela." in done.err


async def test_a_copy_of_a_file_has_everything(recorded: Home) -> None:
    done = await recorded.run("db", "copy", str(store_of(recorded)), str(recorded.data / "other.db"))
    assert done.out == "Copied 4 requests; 0 were there. Counts and sums agree.\n"
