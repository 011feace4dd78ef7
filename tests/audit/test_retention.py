"""[audit] keep_days: which entries are removed, what says so, and that nothing else can remove one."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.audit.log import AuditLog, LocalAuditLog
from candela_tui.audit.shared_log import SharedAuditLog
from candela_tui.config import Settings
from candela_tui.paths import default_paths
from candela_tui.store.audit_retention import AuditRetention
from candela_tui.store.impatient_engine import impatient_engine
from candela_tui.store.open_audit import open_audit_log
from candela_tui.text.times import Clock
from tests.standin.postgres import PostgresServer
from tests.store.recording import Reports, writing

LONG_AGO = datetime(2026, 8, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
CLOCK = Clock(lambda: NOW, UTC)


class Kept:
    """A log, whose entries are written at times of the test's choice."""

    def __init__(self, open_log: Callable[[Callable[[], datetime]], AuditLog], engine: Engine) -> None:
        self.now = LONG_AGO
        self.log = open_log(lambda: self.now)
        self.engine = engine

    def write(self, at: datetime, action: str, subject: str = "ci") -> None:
        """Write an entry of a moment."""
        self.now = at
        with self.log.writing() as write:
            write(action, subject, None, {"name": subject})

    def apply(self, days: int, clock: Clock = CLOCK) -> list[str]:
        """Apply the limit as a candela that has just started, and return what its user is told."""
        told: list[str] = []
        self.now = clock.now()
        AuditRetention(days, self.log, clock, told.append).step()
        return told

    @property
    def actions(self) -> list[str]:
        return [entry.action for entry in self.log.entries()]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """A log in each of the databases."""
    if request.param == "sqlite":
        file = tmp_path / "audit.db"
        engine = create_engine(f"sqlite:///{file}")
        yield Kept(lambda now: LocalAuditLog(file, "ada", "command", now), engine)
        engine.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    engine = impatient_engine(server.create())
    yield Kept(lambda now: SharedAuditLog(engine.begin, "ada", "command", now), engine)


def test_what_is_older_goes_and_an_entry_says_how_much_and_why(kept: Kept) -> None:
    first_kept = datetime(2026, 8, 31, tzinfo=UTC)
    kept.write(LONG_AGO, "key.create")
    kept.write(first_kept - timedelta(microseconds=1), "key.disable")
    kept.write(first_kept, "key.enable")

    assert kept.apply(90) == [
        "Removed 2 entries of the audit log from before 2026-08-31: [audit] keep_days is 90.",
    ]

    left, removal = kept.log.entries()
    assert (left.number, left.action) == (3, "key.enable")
    assert (removal.number, removal.action, removal.subject) == (4, "entries.remove", "[audit] keep_days = 90")
    assert (removal.before, removal.after) == ({"entries": 2, "from_before": first_kept.isoformat()}, None)
    assert removal.at == NOW
    assert kept.apply(90) == []


def test_without_a_limit_everything_stays(kept: Kept) -> None:
    assert kept.apply(0) == kept.apply(1) == []
    kept.write(LONG_AGO, "key.create")
    assert kept.apply(0) == []
    assert kept.actions == ["key.create"]


def test_nobody_else_can_remove_an_entry_afterwards(kept: Kept) -> None:
    kept.write(LONG_AGO, "key.create")
    kept.write(NOW, "key.disable")
    kept.apply(1)

    for statement in ("DELETE FROM audit", "UPDATE audit SET actor = 'eve'"):
        with pytest.raises(SQLAlchemyError, match="only grows"), kept.engine.begin() as connection:
            connection.execute(text(statement))
    assert kept.actions == ["key.disable", "entries.remove"]


def test_a_removal_that_fails_leaves_entries_and_what_guards_them(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write(LONG_AGO, "key.create")
    with monkeypatch.context() as patched:
        # The last step: the entry that says what was removed.
        patched.setattr(kept.log, "_add", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            kept.apply(1)

    with pytest.raises(SQLAlchemyError, match="only grows"), kept.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit"))
    assert kept.actions == ["key.create"]


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_present_state_of_the_rules_stays_known(kept: Kept) -> None:
    kept.log.record_states("rule", {"cache": {"kinds": ["title"]}, "models": {"deny": ["a"]}})
    kept.log.record_states("role", {"cache": {"role": "lead"}})
    kept.log.record_states("rule", {"cache": {"kinds": ["title"]}, "models": {"deny": ["b"]}})
    kept.log.record_states("rule", {"models": {"deny": ["b"]}})
    kept.apply(1)
    assert kept.actions == ["role.add", "rule.change", "entries.remove"]

    kept.log.record_states("rule", {"models": {"deny": ["b"]}})
    kept.log.record_states("role", {"cache": {"role": "lead"}})
    assert len(kept.actions) == 3
    kept.log.record_states("rule", {"models": {"deny": ["c"]}})
    assert kept.log.entries()[-1].before == {"deny": ["b"]}


def test_what_was_said_of_removals_goes_with_the_others_but_alone_is_no_reason(kept: Kept) -> None:
    kept.write(LONG_AGO, "key.create")
    kept.apply(1)
    much_later = Clock(lambda: NOW + timedelta(days=10), UTC)
    assert kept.apply(1, much_later) == []
    assert kept.actions == ["entries.remove"]

    kept.write(NOW, "key.revoke")
    assert kept.apply(1, much_later) != []
    assert kept.actions == ["entries.remove"]
    assert (kept.log.entries()[0].before or {})["entries"] == 1


def test_it_is_applied_again_once_the_day_changes(kept: Kept) -> None:
    now = [NOW]
    told: list[str] = []
    applying = AuditRetention(1, kept.log, Clock(lambda: now[0], UTC), told.append)
    kept.write(NOW - timedelta(days=1), "key.create")
    applying.step()
    assert told == []
    now[0] += timedelta(days=1)
    applying.step()
    assert len(told) == 1


def test_what_prevents_it_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "audit.db").write_text("no database, and rather long for one" * 40)
    told: list[str] = []
    applying = AuditRetention(1, LocalAuditLog(tmp_path / "audit.db", "ada", "command"), CLOCK, told.append)
    applying.step()
    applying.step()
    assert len(told) == 1
    assert told[0].endswith("What [audit] keep_days = 1 does not keep stays for now.")


def test_a_running_candela_applies_it(tmp_path: Path) -> None:
    settings = Settings.model_validate({"audit": {"keep_days": 3}})
    paths = default_paths(tmp_path / "config.toml", tmp_path)
    log = open_audit_log(settings, paths, "ada", "retention")
    with log.writing() as write:
        write("key.create", "ci", None, {})
    later = Clock(lambda: datetime.now(UTC) + timedelta(days=5), UTC)
    told = Reports()
    audit = AuditRetention(settings.audit.keep_days, log, later, told.problem)
    with writing(tmp_path / "candela.db", audit=audit):
        told.wait_for_problem("keep_days is 3")
    with sqlite3.connect(tmp_path / "audit.db") as connection:
        assert connection.execute("SELECT action FROM audit").fetchall() == [("entries.remove",)]
