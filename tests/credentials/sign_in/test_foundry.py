"""Signing in to Foundry: a key, or what Microsoft Entra ID gives; and the resource that either is for."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import Settings, load
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.foundry import findings
from candela_tui.providers.foundry.endpoint import foundry_endpoint, resource_in
from candela_tui.providers.foundry.sign_in import SIGN_IN
from candela_tui.providers.identity import Provider
from tests.credentials.sign_in.user import User
from tests.standin.foundry import CLIENT, Foundry

KEY = "0123456789abcdef0123456789abcdef"
NOWHERE = Path("/nonexistent")


@pytest.fixture(autouse=True)
def no_azure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_", "ANTHROPIC_FOUNDRY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "azure"))
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")


@pytest.fixture
def vault(tmp_path: Path) -> EncryptedFile:
    """Where the key goes."""
    return EncryptedFile(tmp_path / "vault.json", lambda: "correct horse", cost=16)


@pytest.fixture
def context(tmp_path: Path, vault: EncryptedFile) -> SignInContext:
    """The files of a user who has set up nothing."""

    async def chosen() -> tuple[Store, Vault]:
        return "file", vault

    async def opened(_account: Account) -> Vault:
        return vault

    accounts = Accounts(tmp_path / "accounts.json")
    return SignInContext(Settings(), tmp_path / "config.toml", accounts, chosen, opened)


async def run(method: str, context: SignInContext, user: User) -> Account | None:
    """Sign in."""
    [chosen] = [one for one in await SIGN_IN.methods(context) if one.id == method]
    return await chosen.run(context, user)


async def test_a_key_is_kept_with_the_resource_out_of_the_address_in_the_portal(
    context: SignInContext, vault: EncryptedFile
) -> None:
    user = User("https://my-reef.services.ai.azure.com/anthropic/v1/messages", KEY)
    account = await run("key", context, user)
    assert account is not None
    assert (account.label, vault.read(vault_entry(Provider.FOUNDRY))) == ("API key …cdef", KEY)
    assert load(context.config).foundry.resource == "my-reef"
    [line] = await SIGN_IN.who(context)
    assert (line.state, line.words) == ("ok", "sending to https://my-reef.services.ai.azure.com/anthropic")
    assert "was deleted from" in await SIGN_IN.forget(context)
    assert vault.read(vault_entry(Provider.FOUNDRY)) is None


async def test_the_managed_identity_signs_in_and_a_stored_key_goes(
    context: SignInContext, vault: EncryptedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run("key", context, User("my-reef", KEY))
    async with Foundry() as foundry:
        for name, value in foundry.managed_identity().items():
            monkeypatch.setenv(name, value)
        user = User("my-reef")
        assert await run("entra", context, user) is None
        lines = await SIGN_IN.who(context)
    assert f"Microsoft Entra ID signed {CLIENT} in." in user.heard
    assert [line.words for line in lines][1:] == [f"signed in to Microsoft Entra ID as {CLIENT}"]
    assert vault.read(vault_entry(Provider.FOUNDRY)) is None


async def test_without_a_resource_nothing_that_is_found_counts(
    context: SignInContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that whoever uses Azure for other things is not told about Foundry."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://id")
    assert await SIGN_IN.find(context) == []
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_API_KEY", KEY)
    found = await SIGN_IN.find(context)
    assert [(one.source, one.usable) for one in found] == [("resource", False), ("ANTHROPIC_FOUNDRY_API_KEY", False)]
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_RESOURCE", "my-reef")
    assert [one.usable for one in await SIGN_IN.find(context)] == [True]
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_API_KEY", "candela")
    assert await SIGN_IN.find(context) == []


@pytest.mark.parametrize(
    ("environ", "source", "detail"),
    [
        (
            {"AZURE_CLIENT_ID": "an-app", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "s"},
            "AZURE_CLIENT_ID",
            "the service principal an-app, by AZURE_CLIENT_SECRET",
        ),
        (
            {"AZURE_CLIENT_ID": "an-app", "AZURE_FEDERATED_TOKEN_FILE": "/token"},
            "AZURE_FEDERATED_TOKEN_FILE",
            "workload identity, as in Kubernetes",
        ),
        ({"IDENTITY_ENDPOINT": "http://id"}, "IDENTITY_ENDPOINT", "the managed identity of this machine"),
    ],
)
def test_what_azure_identity_would_find_is_named(environ: dict[str, str], source: str, detail: str) -> None:
    [found] = findings.entra_findings({**environ, "AZURE_CONFIG_DIR": str(NOWHERE)}, NOWHERE)
    assert (found.source, found.detail, found.usable) == (source, detail, True)


def test_the_user_of_the_azure_cli_is_read_from_its_file(tmp_path: Path) -> None:
    def subscription(name: str, *, default: bool) -> dict[str, Any]:
        return {"isDefault": default, "user": {"name": name, "type": "user"}}

    document = {
        "subscriptions": [
            subscription("bob@example.com", default=False),
            subscription("ada@example.com", default=True),
        ]
    }
    # The Azure CLI writes a byte order mark.
    (tmp_path / "azureProfile.json").write_text(json.dumps(document), "utf-8-sig")
    [found] = findings.entra_findings({"AZURE_CONFIG_DIR": str(tmp_path)}, NOWHERE)
    assert (found.source, found.detail) == ("Azure CLI", "the login of ada@example.com")


def test_a_virtual_machine_of_azure_is_known_by_its_asset_tag(tmp_path: Path) -> None:
    tag = tmp_path / "chassis_asset_tag"
    tag.write_text("7783-7084-3265-9085-8269-3286-77\n")
    [found] = findings.entra_findings({"AZURE_CONFIG_DIR": str(NOWHERE)}, tag)
    assert found.source == "Azure"


def test_without_azure_identity_the_command_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "has_library", lambda: False)
    environ = {"IDENTITY_ENDPOINT": "http://id", "AZURE_CONFIG_DIR": str(NOWHERE)}
    found = findings.entra_findings(environ, NOWHERE)
    assert [one.usable for one in found] == [False, False]
    assert "installs it" in found[0].detail
    assert findings.entra_findings({"AZURE_CONFIG_DIR": str(NOWHERE)}, NOWHERE) == []


@pytest.mark.parametrize("resource", ["a/b", "my-reef.example.com", "-a", "a b", "a@b", "a" * 65])
def test_no_resource_leads_a_key_elsewhere(resource: str) -> None:
    settings = Settings().foundry.model_copy(update={"resource": resource})
    with pytest.raises(ValueError, match="is not the name of a Foundry resource"):
        foundry_endpoint(settings, {})


@pytest.mark.parametrize(
    ("typed", "resource"),
    [
        ("my-reef", "my-reef"),
        ("my-reef.services.ai.azure.com", "my-reef"),
        ("https://my-reef.services.ai.azure.com/anthropic/v1/messages", "my-reef"),
        ("https://evil.example/my-reef.services.ai.azure.com", "https://evil.example/my-reef.services.ai.azure.com"),
    ],
)
def test_the_resource_in_what_was_typed(typed: str, resource: str) -> None:
    assert resource_in(typed) == resource
