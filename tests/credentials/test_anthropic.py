"""The API key that candela puts in: from a command, or from the vault that its user signed in with."""

import asyncio
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.api_key import ApiKey, vault_entry
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.anthropic.upstreams import key_source
from candela_tui.providers.identity import Provider

PASSPHRASE = "correct horse"


def keep(folder: Path, key: str) -> None:
    EncryptedFile(folder / "vault.json", lambda: PASSPHRASE, cost=16).write(vault_entry(Provider.ANTHROPIC), key)


def sign_in(folder: Path, key: str) -> None:
    keep(folder, key)
    account = Account("file", str(folder / "vault.json"), "API key …", datetime.now(UTC))
    Accounts(folder / "accounts.json").put(Provider.ANTHROPIC, account)


def key_of(folder: Path, told: list[CredentialState] | None = None, **settings: object) -> ApiKey:
    anthropic = Settings.model_validate({"anthropic": settings}).anthropic
    tell = told.append if told is not None else None
    return ApiKey(key_source(anthropic), Accounts(folder / "accounts.json"), folder / "vault.json", tell)


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)


async def test_who_never_signed_in_has_none_and_is_asked_nothing(tmp_path: Path) -> None:
    assert await key_of(tmp_path).get() is None
    assert list(tmp_path.iterdir()) == []


async def test_a_sign_in_while_candela_runs_counts_at_once(tmp_path: Path) -> None:
    told: list[CredentialState] = []
    key = key_of(tmp_path, told)
    assert await key.get() is None
    sign_in(tmp_path, "sk-ant-1")
    assert await key.get() == "sk-ant-1"
    sign_in(tmp_path, "sk-ant-2")
    assert await key.get() == "sk-ant-2"
    assert [state.standing for state in told] == [Standing.SIGNED_IN, Standing.SIGNED_IN]
    Accounts(tmp_path / "accounts.json").remove(Provider.ANTHROPIC)
    assert await key.get() is None
    await key.close()


async def test_who_waits_for_a_key_while_its_user_signs_in_again_gets_the_new_one(tmp_path: Path) -> None:
    EncryptedFile(tmp_path / "vault.json", lambda: PASSPHRASE, cost=2**15).write(
        vault_entry(Provider.ANTHROPIC), "sk-ant-1"
    )
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.put(Provider.ANTHROPIC, Account("file", "vault.json", "the first", datetime.now(UTC)))
    key = key_of(tmp_path)
    waiting = asyncio.create_task(key.get())
    await asyncio.sleep(0)
    accounts.put(Provider.ANTHROPIC, Account("file", "vault.json", "the second", datetime.now(UTC)))
    assert await asyncio.gather(waiting, key.get()) == ["sk-ant-1", "sk-ant-1"]
    await key.close()


async def test_who_signed_out_is_shown_as_not_signed_in(tmp_path: Path) -> None:
    sign_in(tmp_path, "sk-ant-1")
    told: list[CredentialState] = []
    key = key_of(tmp_path, told)
    await key.get()
    Accounts(tmp_path / "accounts.json").remove(Provider.ANTHROPIC)
    assert [await key.get(), await key.get()] == [None, None]
    assert [state.standing for state in told] == [Standing.SIGNED_IN, Standing.NONE]
    await key.close()


async def test_a_vault_that_no_longer_has_the_key_says_what_to_run(tmp_path: Path) -> None:
    sign_in(tmp_path, "sk-ant-1")
    (tmp_path / "vault.json").unlink()
    told: list[CredentialState] = []
    with pytest.raises(CredentialsError, match="no longer has the API key: run `candela auth login"):
        await key_of(tmp_path, told).get()
    assert told[-1].standing is Standing.REFUSED
    assert "candela auth login" in told[-1].words


async def test_a_locked_vault_says_so_and_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(tmp_path, "sk-ant-1")
    monkeypatch.delenv("CANDELA_PASSPHRASE")
    with pytest.raises(CredentialsError, match="is locked"):
        await key_of(tmp_path).get()


async def test_damaged_accounts_are_named(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("{")
    with pytest.raises(CredentialsError, match=r"accounts\.json is damaged: `candela auth logout --all`"):
        await key_of(tmp_path).get()


async def test_a_command_is_asked_once_for_many_and_again_after_its_lifetime(tmp_path: Path) -> None:
    counter = tmp_path / "asked"
    command = f"echo x >> {shlex.quote(str(counter))}; echo sk-ant-from-command"
    key = key_of(tmp_path, key_command=command, key_lifetime_s=3600)
    assert set(await asyncio.gather(*(key.get() for _ in range(20)))) == {"sk-ant-from-command"}
    assert counter.read_text() == "x\n"
    short = key_of(tmp_path, key_command=command, key_lifetime_s=0.001)
    await short.get()
    await short.get()
    assert counter.read_text() == "x\n" * 3
    await key.close()
    await short.close()


async def test_a_command_is_not_handed_the_passphrase(tmp_path: Path) -> None:
    assert await key_of(tmp_path, key_command='echo "key-${CANDELA_PASSPHRASE:-none}"').get() == "key-none"


async def test_a_command_goes_before_a_stored_key(tmp_path: Path) -> None:
    sign_in(tmp_path, "sk-ant-stored")
    assert await key_of(tmp_path, key_command="echo sk-ant-command").get() == "sk-ant-command"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo no such vault >&2; exit 3", r"gave no API key \(exit 3\): no such vault"),
        ("true", r"\(exit 0\): it printed nothing"),
        ("echo two words", "it did not print one word"),
        (r"printf 'sk-\000x'", "it did not print one word"),
        (r"printf '\033[1msk-ant\033[0m'", "it did not print one word"),
        (r"printf '\377\376'", "it did not print one word"),
        ("printf '%05000d' 1", "it did not print one word"),
        ("yes", r"\(exit -9\): it did not print one word"),
        ("yes | head -c 300000 >&2; exit 4", r"\(exit 4\): y y y"),
        ("echo token sk-ant-api03-Abcdefghijklmnop0123456789 >&2; exit 1", r"token \[redacted\]"),
    ],
)
async def test_a_command_that_gives_none_is_told_without_a_secret(tmp_path: Path, command: str, words: str) -> None:
    with pytest.raises(CredentialsError, match=words):
        await key_of(tmp_path, key_command=command).get()


async def test_a_refused_key_is_asked_for_once_more_and_then_told(tmp_path: Path) -> None:
    sign_in(tmp_path, "sk-ant-old")
    told: list[CredentialState] = []
    key = key_of(tmp_path, told)
    await key.get()
    keep(tmp_path, "sk-ant-new")
    assert await key.renewed("sk-ant-old") == "sk-ant-new"
    with pytest.raises(CredentialsError, match="Anthropic refused candela's API key"):
        await key.renewed("sk-ant-new")
    assert told[-1].standing is Standing.REFUSED
    await key.close()
