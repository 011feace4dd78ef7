"""``candela sessions delete``: sessions that are gone when it returns."""

import json
import os
import sqlite3

import pytest

from candela_tui.exchange import Exchange, Outcome
from candela_tui.paths import default_paths
from candela_tui.store.writer import StoreWriter
from tests.cli.command import Home, on_a_terminal
from tests.reports.exchanges import SESSION, exchange
from tests.store.recording import PATIENCE_S

OTHER = "2aaa0000-0000-4000-8000-000000000002"


@pytest.fixture
def recorded(home: Home) -> Home:
    """Two sessions, and one request that named none."""
    home.record(
        exchange(1), exchange(2), exchange(3, session_id=OTHER), exchange(4, session_id=None), response=b"answer"
    )
    return home


async def listed(home: Home) -> list[str | None]:
    return [session["session_id"] for session in json.loads((await home.run("sessions", "--json")).out)]


@pytest.mark.parametrize(
    ("command", "lists"),
    [
        *((command, "requests") for command in ("show", "why", "context")),
        *((command, "sessions") for command in ("agents", "reconcile")),
    ],
)
async def test_a_command_without_the_id_that_it_needs_says_what_lists_them(
    home: Home, command: str, lists: str
) -> None:
    told = await home.run(command)
    assert (told.code, f"`candela {lists}` lists them." in told.err) == (2, True)


async def test_a_session_is_deleted_by_the_beginning_of_its_id(recorded: Home) -> None:
    told = await recorded.run("sessions", "delete", "1f0c", "--yes")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Deleted session {SESSION} (2 requests, ")
    assert await listed(recorded) == [None, OTHER]
    assert (await recorded.run("show", "0198-0001")).code == 1
    assert (await recorded.run("requests", "--session", "1f0c")).code == 1
    assert (await recorded.run("show", "0198-0003", "--raw", "response")).raw == b"answer"


async def test_the_command_itself_frees_the_space_if_no_candela_runs(recorded: Home) -> None:
    await recorded.run("sessions", "delete", "1f0c", OTHER, "none", "--yes")
    connection = sqlite3.connect(recorded.data / "candela.db")
    assert connection.execute("SELECT count(*) FROM response_parts").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM removals").fetchone() == (0,)
    connection.close()


async def test_programs_get_what_was_deleted_as_json(recorded: Home) -> None:
    told = await recorded.run("sessions", "delete", "2aaa", "none", "--yes", "--json")
    (first, second) = json.loads(told.out)
    assert (first["session_id"], first["requests"]) == (OTHER, 1)
    assert (second["session_id"], second["requests"]) == (None, 1)
    assert first["bytes"] > 0


async def test_without_a_terminal_it_deletes_only_with_yes(recorded: Home) -> None:
    told = await recorded.run("sessions", "delete", "1f0c")
    assert (told.code, "--yes" in told.err) == (2, True)
    assert await listed(recorded) == [None, OTHER, SESSION]


@pytest.mark.parametrize("beginning", ["ffff", ""])
async def test_nothing_is_deleted_if_one_of_the_ids_is_unknown_or_ambiguous(recorded: Home, beginning: str) -> None:
    told = await recorded.run("sessions", "delete", "1f0c", beginning, "--yes")
    assert (told.code, told.out) == (1, "")
    assert await listed(recorded) == [None, OTHER, SESSION]


async def test_a_session_with_a_request_in_flight_is_not_deleted(recorded: Home) -> None:
    paths = default_paths(recorded.config, recorded.data)
    stored: list[str] = []
    writer = StoreWriter(paths.store, on_problem=stored.append, on_stored=stored.append)
    writer.start()
    live: Exchange = exchange(7, outcome=Outcome.LIVE, pid=os.getpid(), session_id=OTHER)
    writer.begin(live, b"{}")
    writer.close(PATIENCE_S)
    told = await recorded.run("sessions", "delete", "1f0c", "2aaa", "--yes")
    assert (told.code, "request in flight" in told.err) == (1, True)
    assert await listed(recorded) == [OTHER, None, SESSION]


@pytest.mark.parametrize(("answer", "left"), [("y", [None, OTHER]), ("", [None, OTHER, SESSION])])
async def test_on_a_terminal_it_asks_with_the_title(recorded: Home, answer: str, left: list[str | None]) -> None:
    code, shown = on_a_terminal(recorded, "sessions", "delete", "1f0c", typed=f"{answer}\n")
    assert f"Session {SESSION}: fix the flaky test (2 requests)" in shown
    assert "Delete this session for good? [y/N]" in shown
    assert (code, "Nothing was deleted" in shown) == ((0, False) if answer else (1, True))
    assert await listed(recorded) == left
