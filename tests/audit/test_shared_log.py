"""The audit log in PostgreSQL: what every replica writes, and nobody changes."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.audit.entry import AuditError
from candela_tui.config import Settings
from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.errors import KeysError
from candela_tui.paths import default_paths
from candela_tui.store.impatient_engine import impatient_engine
from candela_tui.store.open_audit import open_audit_log
from candela_tui.store.open_keys import open_key_store
from tests.keys.made import wanted

pytestmark = pytest.mark.xdist_group("postgres")


def settings_for(url: DatabaseUrl) -> Settings:
    return Settings.model_validate(
        {"store": {"url": f"postgresql://{url.user}@:{url.port}/{url.name}?host={url.host}"}}
    )


def test_replicas_write_one_log_that_only_grows(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    settings, paths = settings_for(postgres_url), default_paths(tmp_path / "config.toml", tmp_path)
    one, other = (open_audit_log(settings, paths, actor, "command") for actor in ("ada", "grace"))
    assert one.entries() == []

    key, _ = KeyChanges(open_key_store(settings, paths), one).create(wanted())
    KeyChanges(open_key_store(settings, paths), other).revoke(key)
    for log in (one, other):
        log.record_states("rule", {"cache": {"kinds": ["title"]}})

    assert [(entry.number, entry.actor, entry.action) for entry in other.entries()] == [
        (1, "ada", "key.create"),
        (2, "grace", "key.revoke"),
        (3, "ada", "rule.add"),
    ]
    for statement in ("UPDATE audit SET actor = 'eve'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(SQLAlchemyError, match="only grows"), impatient_engine(postgres_url).begin() as connection:
            connection.execute(text(statement))
    assert len(one.entries()) == 3
    assert not paths.audit.exists()


def test_without_the_database_nothing_is_changed_and_it_is_said(tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"url": "postgresql://candela@127.0.0.1:1/candela"}})
    log = open_audit_log(settings, default_paths(tmp_path / "config.toml", tmp_path), "ada", "command")
    with pytest.raises(AuditError, match="PostgreSQL does not answer"):
        log.entries()


def test_without_the_driver_it_is_said_how_to_add_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("candela_tui.store.postgres.find_spec", lambda _: None)
    settings = Settings.model_validate({"store": {"url": "postgresql://candela@127.0.0.1:1/no-driver"}})
    paths = default_paths(tmp_path / "config.toml", tmp_path)
    with pytest.raises(AuditError, match="needs the package pg8000"):
        open_audit_log(settings, paths, "ada", "command").entries()
    with pytest.raises(KeysError, match="needs the package pg8000"):
        open_key_store(settings, paths).keys()
