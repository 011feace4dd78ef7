"""The audit log: what it has, and that it only grows."""

import contextlib
import sqlite3
import stat
from pathlib import Path

import pytest

from candela_tui.audit.body_read import record_body_read
from candela_tui.audit.entry import AuditError
from candela_tui.audit.log import AuditLog, LocalAuditLog
from candela_tui.audit.rules import rules_in
from tests.rules.budgets.making import NOON


def log_in(data: Path, actor: str = "ada", via: str = "command") -> AuditLog:
    return LocalAuditLog(data / "audit.db", actor, via, now=lambda: NOON)


def what(log: AuditLog) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in log.entries()]


def test_an_entry_says_who_how_when_and_what_it_was_before_and_after(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    with log.writing() as write:
        write("key.disable", "ci", {"state": "active"}, {"state": "disabled"})

    [entry] = log.entries(since=NOON)

    assert (entry.number, entry.at, entry.actor, entry.via) == (1, NOON, "ada", "command")
    assert (entry.action, entry.subject) == ("key.disable", "ci")
    assert (entry.before, entry.after) == ({"state": "active"}, {"state": "disabled"})
    assert stat.S_IMODE((tmp_path / "audit.db").stat().st_mode) == 0o600


def test_what_a_client_names_its_session_keeps_nobody_from_reading_it(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    record_body_read(log, "1", key="ci", user="eve", session_id="half \udcff\0é")

    assert [entry.after for entry in log.entries()] == [{"key": "ci", "user": "eve", "session_id": "half ?\0é"}]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit"])
def test_no_entry_is_changed_or_removed(tmp_path: Path, statement: str) -> None:
    log = log_in(tmp_path)
    with log.writing() as write:
        write("key.create", "ci", None, {})
    with (
        sqlite3.connect(tmp_path / "audit.db") as connection,
        pytest.raises(sqlite3.IntegrityError, match="only grows"),
    ):
        connection.execute(statement)

    assert what(log) == [("ada", "key.create", "ci")]


def test_a_change_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    with contextlib.suppress(KeyError), log.writing() as write:
        write("key.create", "ci", None, {})
        raise KeyError

    assert log.entries() == []


def test_what_is_no_database_is_said_to_be_unusable(tmp_path: Path) -> None:
    (tmp_path / "audit.db").write_text("no database, and rather long for one" * 40)
    with pytest.raises(AuditError, match=r"audit\.db: the audit log can't be read"):
        log_in(tmp_path).entries()
    with pytest.raises(AuditError, match="can't be written"), log_in(tmp_path).writing():
        pass


def test_each_change_of_the_rules_is_recorded_once_whoever_looks(tmp_path: Path) -> None:
    file, by_file = log_in(tmp_path), log_in(tmp_path, "eve", "config.toml")
    file.record_states("rule", {})
    assert not (tmp_path / "audit.db").exists()

    file.record_states("rule", {"budgets month": {"limit_usd": 20}})
    by_file.record_states("rule", {"budgets month": {"limit_usd": 20}})
    by_file.record_states("rule", {"budgets month": {"limit_usd": 50}, "cache": {"kinds": ["title"]}})
    file.record_states("rule", {"cache": {"kinds": ["title"]}})
    file.record_states("rule", {"budgets month": {"limit_usd": 20}, "cache": {"kinds": ["title"]}})

    assert what(file) == [
        ("ada", "rule.add", "budgets month"),
        ("eve", "rule.change", "budgets month"),
        ("eve", "rule.add", "cache"),
        ("ada", "rule.remove", "budgets month"),
        ("ada", "rule.add", "budgets month"),
    ]
    assert file.entries()[1].before == {"limit_usd": 20}


def test_rules_are_recorded_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[keys]\nrequired = true\n[[rules.budgets]]\nname = "month"\nlimit_usd = 20.5\n'
        'webhook = "https://hooks.example.com/services/T00/B00/secret"\n'
        '[rules.models]\ndeny = ["sk-ant-api03-0a1B2c3D"]\n'
    )

    found = rules_in(file)

    assert found is not None
    assert set(found) == {"budgets month", "models", "keys"}
    assert found["keys"] == {"required": True}
    assert found["budgets month"]["limit_usd"] == "20.5"
    assert found["budgets month"]["webhook"].startswith("https://hooks.example.com/… (")
    assert found["models"] == {"deny": ["[redacted]"]}
    file.write_text("[[rules")
    assert rules_in(file) is None
