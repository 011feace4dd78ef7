"""The audit log in PostgreSQL: what every replica writes, and nobody changes."""

from dataclasses import replace
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


def test_a_key_and_its_entry_are_kept_together_or_not_at_all(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    settings, paths = settings_for(postgres_url), default_paths(tmp_path / "config.toml", tmp_path)
    log, store = open_audit_log(settings, paths, "ada", "command"), open_key_store(settings, paths)

    def changed() -> None:
        with log.writing() as write:
            made, _ = store.create(wanted())
            write("key.create", made.name, None, None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        changed()
    assert (store.keys(), log.entries()) == ([], [])
    KeyChanges(store, log).create(wanted())
    assert (len(store.keys()), len(log.entries())) == (1, 1)


def test_it_is_said_what_is_wrong_with_the_database_and_what_to_do(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    def said(settings: Settings) -> str:
        with pytest.raises(KeysError) as caught:
            open_key_store(settings, default_paths(tmp_path / "config.toml", tmp_path)).keys()
        return str(caught.value)

    with impatient_engine(postgres_url).begin() as connection:
        role = f"reader_{postgres_url.name}"
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    elsewhere = Settings.model_validate({"store": {"url": "postgresql://candela@127.0.0.1:1/candela"}})
    assert said(elsewhere) == (
        "postgresql://127.0.0.1:1/candela: the keys can't be used"
        " (Connection refused; check that the server runs, and [store] url)."
    )
    assert said(settings_for(replace(postgres_url, user=role))).endswith(
        "the keys can't be used (permission denied for table keys; check the user in [store] url, PGPASSWORD or the"
        " password file, and that the user owns the tables)."
    )
    with impatient_engine(postgres_url).begin() as connection:
        connection.execute(text("ALTER TABLE keys RENAME COLUMN document TO document_2"))
    assert said(settings_for(postgres_url)).endswith(
        "the keys can't be used"
        ' (column "document" does not exist; its tables are of another version of candela: update this one).'
    )
    assert 'database "none" does not exist; check that' in said(settings_for(replace(postgres_url, name="none")))


def test_without_the_database_nothing_is_changed_and_it_is_said(tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"url": "postgresql://candela@127.0.0.1:1/candela"}})
    log = open_audit_log(settings, default_paths(tmp_path / "config.toml", tmp_path), "ada", "command")
    with pytest.raises(AuditError, match=r"the audit log can't be used .*check that the server runs"):
        log.entries()


def test_without_the_driver_it_is_said_how_to_add_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("candela_tui.store.postgres.find_spec", lambda _: None)
    settings = Settings.model_validate({"store": {"url": "postgresql://candela@127.0.0.1:1/no-driver"}})
    paths = default_paths(tmp_path / "config.toml", tmp_path)
    with pytest.raises(AuditError, match="needs the package pg8000"):
        open_audit_log(settings, paths, "ada", "command").entries()
    with pytest.raises(KeysError, match="needs the package pg8000"):
        open_key_store(settings, paths).keys()
