"""Signing in to Anthropic: what is kept where something can't be written or read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.anthropic.sign_in import SIGN_IN
from candela_tui.providers.identity import Provider
from tests.credentials.sign_in.user import User

KEY = "sk-ant-api03-0123456789"
NOBODY = "http://127.0.0.1:1"


def context(
    accounts: Path,
    vault: EncryptedFile,
    anthropic: Mapping[str, Any] = {"base_url": NOBODY},
    proxy: Mapping[str, Any] = {},
) -> SignInContext:
    async def chosen() -> tuple[Store, Vault]:
        return "file", vault

    async def opened(_account: Account) -> Vault:
        return vault

    settings = Settings.model_validate({"anthropic": anthropic, "proxy": proxy})
    return SignInContext(settings, accounts.parent / "config.toml", Accounts(accounts), chosen, opened)


async def test_a_key_is_not_kept_where_the_account_can_not_be(tmp_path: Path) -> None:
    vault = EncryptedFile(tmp_path / "vault.json", lambda: "correct horse", cost=16)
    here = context(tmp_path / "none" / "accounts.json", vault)
    [method] = await SIGN_IN.methods(here)
    with pytest.raises(CredentialsError, match=r"accounts\.json can't be written"):
        await method.run(here, User(KEY))
    assert vault.read(vault_entry(Provider.ANTHROPIC)) is None


async def test_damaged_accounts_are_told_before_a_key_is_asked_for(tmp_path: Path) -> None:
    vault = EncryptedFile(tmp_path / "vault.json", lambda: "correct horse", cost=16)
    (tmp_path / "accounts.json").write_text("{")
    here = context(tmp_path / "accounts.json", vault)
    user = User(KEY)
    [method] = await SIGN_IN.methods(here)
    with pytest.raises(CredentialsError, match="is damaged"):
        await method.run(here, user)
    assert user.heard == []
    assert vault.read(vault_entry(Provider.ANTHROPIC)) is None


async def test_the_wait_for_anthropic_says_so_and_for_how_long(tmp_path: Path) -> None:
    vault = EncryptedFile(tmp_path / "vault.json", lambda: "correct horse", cost=16)
    here, user = context(tmp_path / "accounts.json", vault), User(KEY)
    [method] = await SIGN_IN.methods(here)
    await method.run(here, user)
    assert user.heard[-1] == "Waiting for Anthropic, 20 seconds at most."
