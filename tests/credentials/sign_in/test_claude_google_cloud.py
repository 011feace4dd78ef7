"""Signing in to Claude on Google Cloud: Google's sign-in, which Vertex AI shares, and a workspace."""

import os
from pathlib import Path

import pytest

from candela_tui.config import Settings, load
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.google.oauth import Endpoints
from candela_tui.credentials.google.sign_in import GoogleSignIn
from candela_tui.credentials.sign_in.interface import SignIn, SignInContext
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.claude_google_cloud.place import WorkspacePlace
from candela_tui.providers.claude_google_cloud.sign_in import SIGN_IN, WorkspaceSignIn
from candela_tui.providers.identity import Provider
from tests.credentials.sign_in.user import User
from tests.standin.claude_google_cloud import WORKSPACE, ClaudeGoogleCloud
from tests.standin.google_service import ACCOUNT


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine."""
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC_GOOGLE_CLOUD_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def context(tmp_path: Path) -> SignInContext:
    """The files of a user who has set up nothing."""
    vault = EncryptedFile(tmp_path / "vault.json", lambda: "correct horse", cost=16)

    async def chosen() -> tuple[Store, Vault]:
        return "file", vault

    async def opened(_account: Account) -> Vault:
        return vault

    accounts = Accounts(tmp_path / "accounts.json")
    return SignInContext(Settings(), tmp_path / "config.toml", accounts, chosen, opened)


def sign_in_at(cloud: ClaudeGoogleCloud) -> SignIn:
    """The sign-in, towards a stand-in. It lists no projects and tells nobody's address."""
    nowhere = f"{cloud.url}/nothing"
    endpoints = Endpoints(nowhere, cloud.url + "/token", nowhere, nowhere, nowhere)
    return WorkspaceSignIn(GoogleSignIn(Provider.CLAUDE_GOOGLE_CLOUD, WorkspacePlace(), endpoints)).sign_in()


async def test_google_credentials_that_are_there_need_only_a_workspace(
    context: SignInContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ClaudeGoogleCloud() as cloud:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(cloud.service_account(tmp_path)))
        sign_in = sign_in_at(cloud)
        first, *_ = await sign_in.methods(context)
        user = User(cloud.project, "a/b", WORKSPACE)
        assert (first.id, await first.run(context, user)) == ("found", None)
        lines = await sign_in.who(context)
    assert "That is not the ID of a workspace." in user.words
    section = load(context.config).claude_google_cloud
    assert (section.project, section.workspace) == (cloud.project, WORKSPACE)
    assert lines[0].words == f"signed in to Google as {ACCOUNT}"
    assert lines[1].words == f"project {cloud.project}, location global, workspace {WORKSPACE}"


async def test_a_key_of_a_service_account_signs_in_to_vertex_ai_too(context: SignInContext, tmp_path: Path) -> None:
    async with ClaudeGoogleCloud() as cloud:
        keys = cloud.service_account(tmp_path)
        sign_in = sign_in_at(cloud)
        [method] = [one for one in await sign_in.methods(context) if one.id == "service-account"]
        account = await method.run(context, User(str(keys), cloud.project, WORKSPACE))
        assert context.accounts.of(Provider.VERTEX) == account
        assert "was deleted from" in await sign_in.forget(context)
    assert context.accounts.of(Provider.VERTEX) is None


async def test_without_a_workspace_google_credentials_do_not_count(
    context: SignInContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that whoever uses Vertex AI is not told about it."""
    async with ClaudeGoogleCloud() as cloud:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(cloud.service_account(tmp_path)))
        assert await SIGN_IN.find(context) == []
        monkeypatch.setenv("ANTHROPIC_GOOGLE_CLOUD_PROJECT", "p")
        assert [one.source for one in await SIGN_IN.find(context)] == ["workspace"]
        monkeypatch.setenv("ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID", WORKSPACE)
        assert (await SIGN_IN.find(context))[0].usable
