"""A sign-in to AWS in a real Secret Service."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.vault.choice import open_vault
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, SigningKeys
from candela_tui.providers.bedrock.credentials.sso import SsoRole, SsoToken
from candela_tui.providers.bedrock.credentials.stored import StoredSso, keep, kept
from candela_tui.providers.identity import Provider
from tests.credentials.endpoint import Endpoint
from tests.credentials.identity_center import SECRET, START_URL, IdentityCenter
from tests.credentials.vault.secret_service import gnome_keyring, session_bus


async def test_tokens_as_long_as_aws_s_are_kept_in_the_keyring_and_renewed_there(
    home: Path, tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", endpoint.url)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.defpath)
    center = IdentityCenter(endpoint)
    refresh = "aorA" + "x" * 1800
    center.refresh_tokens = {refresh}
    now = time.time()
    token = SsoToken("aoaA" + "y" * 1500, now + 60, refresh, "client", "client-secret", now + 7_776_000)
    role = SsoRole(START_URL, "us-east-1", "222222222222", "Developer")
    accounts = Accounts(tmp_path / "accounts.json")
    file = tmp_path / "vault.json"
    with session_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with gnome_keyring(tmp_path, address):
            vault = open_vault("keyring", file, lambda: None)
            keep(vault, StoredSso(role, token))
            accounts.put(Provider.BEDROCK, Account("keyring", vault.place, "jo", datetime.now(UTC)))
            credentials = AwsCredentials(AwsSettings(), accounts=accounts, vault_file=file)
            first = await credentials.keys()
            assert first == SigningKeys("ASIADEVELOPER", SECRET, "session")
            renewed = kept(vault)
            assert isinstance(renewed, StoredSso)
            assert renewed.token.refresh_token == "refresh-token-1"
        with gnome_keyring(tmp_path, address, unlocked=False), pytest.raises(CredentialsError, match="is locked"):
            await credentials.renewed(first)
        await credentials.close()
    assert not file.exists()
