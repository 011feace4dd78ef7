"""The record of sign-ins: who writes it at the same time, and what becomes of a damaged one."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.credentials.accounts import Account, Accounts, DamagedAccounts
from candela_tui.file_lock import locked
from candela_tui.providers.identity import Provider

ACCOUNT = Account("file", "vault.json", "API key", datetime(2026, 11, 29, tzinfo=UTC))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.json"


def test_sign_ins_at_the_same_time_are_all_recorded(file: Path, lock_asked: threading.Semaphore) -> None:
    others = [threading.Thread(target=Accounts(file).put, args=(provider, ACCOUNT)) for provider in Provider]
    with locked(file):
        lock_asked.acquire()
        for other in others:
            other.start()
        for _ in others:
            assert lock_asked.acquire(timeout=60)
        assert not file.exists()
    for other in others:
        other.join()
    assert set(Accounts(file).all()) == set(Provider)


def test_a_sign_out_keeps_the_sign_in_that_another_process_recorded_before_it(file: Path) -> None:
    mine, another = Accounts(file), Accounts(file)
    mine.put(Provider.ANTHROPIC, ACCOUNT)
    another.put(Provider.FOUNDRY, ACCOUNT)
    mine.remove(Provider.ANTHROPIC)
    assert set(another.all()) == {Provider.FOUNDRY}


def test_a_sign_in_returns_the_one_that_it_replaces(file: Path) -> None:
    accounts = Accounts(file)
    assert accounts.put(Provider.BEDROCK, ACCOUNT) is None
    assert accounts.put(Provider.BEDROCK, Account("keyring", "keyring", "again", ACCOUNT.since)) == ACCOUNT


def test_a_damaged_record_says_what_to_run_and_can_be_set_aside(file: Path) -> None:
    file.write_text("{")
    accounts = Accounts(file)
    with pytest.raises(DamagedAccounts, match="is damaged: `candela auth logout --all`"):
        accounts.put(Provider.ANTHROPIC, ACCOUNT)
    aside = accounts.set_aside()
    assert aside.read_text() == "{"
    assert accounts.all() == {}
