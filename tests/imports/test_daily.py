"""The import in the background: once a day, and without bringing back what was deleted."""

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import true

from candela_tui.file_lock import locked_now
from candela_tui.imports.daily import DailyImport
from candela_tui.paths import Paths
from candela_tui.store.database import connect_to_write
from candela_tui.store.reader import StoreReader
from candela_tui.store.removal import remove
from tests.imports.written import BEGAN, PRICER, Transcript

PATIENCE_S = 30.0
ONE = (
    "Imported 1 request of 1 session from Claude Code's transcripts: $0.029. "
    "An open dashboard lists them after a restart."
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(config=tmp_path / "config.toml", data=tmp_path / "data")
    found.make_data_directory()
    return found


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    return tmp_path / "projects"


@contextmanager
def importing(paths: Paths, projects: Path, now: datetime) -> Iterator["queue.Queue[str]"]:
    """Import in the background inside the block; what it tells is in the queue."""
    told: queue.Queue[str] = queue.Queue()
    running = DailyImport(paths, projects, PRICER, told.put, quiet_s=0, now=lambda: now)
    running.start()
    try:
        yield told
    finally:
        running.close(PATIENCE_S)


def wait_for_import(paths: Paths, at: datetime) -> None:
    """Wait until the last import is that of this time."""
    for _ in iter(lambda: _last(paths), at):
        pass


def _last(paths: Paths) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(paths.last_import.read_bytes())["at"])
    except OSError:
        return None


def stored(paths: Paths) -> list[str | None]:
    reader = StoreReader(paths.store)
    try:
        return [each.message_id for each in reader.exchanges()]
    finally:
        reader.close()


def test_what_was_imported_is_told(paths: Paths, projects: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1")
    transcript.write(projects)
    with importing(paths, projects, BEGAN + timedelta(hours=1)) as told:
        assert told.get(timeout=PATIENCE_S) == ONE
    assert stored(paths) == ["msg_1"]
    assert _last(paths) == BEGAN + timedelta(hours=1)


def test_each_import_takes_what_came_since_the_last(paths: Paths, projects: Path) -> None:
    first = BEGAN + timedelta(hours=5)
    transcript = Transcript()
    transcript.assistant("msg_1")
    transcript.write(projects)
    with importing(paths, projects, first):
        wait_for_import(paths, first)
    connection = connect_to_write(paths.store)
    remove(connection, true(), first)
    connection.close()
    later = Transcript(began=BEGAN + timedelta(days=2))
    later.assistant("msg_2")
    transcript.lines += later.lines
    transcript.write(projects)
    with importing(paths, projects, BEGAN + timedelta(days=3)) as told:
        assert told.get(timeout=PATIENCE_S) == ONE
    assert stored(paths) == ["msg_2"]


def test_an_import_of_today_is_not_repeated(paths: Paths, projects: Path) -> None:
    first = BEGAN + timedelta(hours=1)
    transcript = Transcript()
    transcript.assistant("msg_1")
    transcript.write(projects)
    with importing(paths, projects, first):
        wait_for_import(paths, first)
    paths.store.unlink()
    with importing(paths, projects, first + timedelta(hours=23)) as told:
        pass
    assert told.empty()
    assert not paths.store.exists()


def test_what_another_process_imports_is_left_to_it(paths: Paths, projects: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1")
    transcript.write(projects)
    with locked_now(paths.last_import) as held, importing(paths, projects, BEGAN + timedelta(hours=1)) as told:
        assert held
    assert told.empty()
    assert not paths.store.exists()


def test_a_store_that_can_not_be_used_is_told(paths: Paths, projects: Path) -> None:
    Transcript().write(projects)
    paths.store.mkdir()
    with importing(paths, projects, BEGAN) as told:
        assert told.get(timeout=PATIENCE_S).startswith("Claude Code's transcripts can't be imported: ")
