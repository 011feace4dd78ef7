"""What the doctor and the live check say about Foundry and Claude on Google Cloud."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.doctor.access import check_access
from candela_tui.doctor.check_result import CheckState
from candela_tui.providers.identity import Provider
from tests.doctor.conftest import MakeContext
from tests.proxy.running import running
from tests.standin.claude_google_cloud import WORKSPACE, ClaudeGoogleCloud
from tests.standin.foundry import Foundry


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials of this machine."""
    prefixes = ("AZURE_", "IDENTITY_", "MSI_", "ANTHROPIC_", "GOOGLE_")
    for name in [name for name in os.environ if name.startswith(prefixes)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")


@pytest.fixture
async def foundry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Foundry]:
    """A resource on a machine with a managed identity."""
    async with Foundry() as resource:
        for name, value in resource.managed_identity().items():
            monkeypatch.setenv(name, value)
        yield resource


@pytest.fixture
async def cloud(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClaudeGoogleCloud]:
    """A workspace that a service account may use."""
    async with ClaudeGoogleCloud() as service:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service.service_account(tmp_path)))
        monkeypatch.setenv("ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID", WORKSPACE)
        yield service


@pytest.mark.parametrize(
    ("model", "may_use", "state", "words", "fix"),
    [
        ("claude-opus-4-8", True, "warn", "there is no deployment named claude-opus-4-8", "Set ANTHROPIC_MODEL"),
        ("claude-sonnet-5-5", True, "ok", "the deployment claude-sonnet-5-5 counts tokens at ", ""),
        ("claude-sonnet-5-5", False, "bad", "lacks the required data action", "the role Foundry User"),
    ],
)
async def test_access_to_a_deployment(
    foundry: Foundry, make_context: MakeContext, model: str, may_use: bool, state: str, words: str, fix: str
) -> None:
    foundry.may_use = may_use
    context = make_context({"foundry": {"base_url": foundry.base_url}}, environ={"ANTHROPIC_MODEL": model})
    [found] = await check_access(Provider.FOUNDRY, context)
    assert found.state is CheckState(state)
    assert words in found.words
    assert fix in found.fix


async def test_places_that_nobody_set_up_are_not_looked_at(make_context: MakeContext) -> None:
    for provider in (Provider.FOUNDRY, Provider.CLAUDE_GOOGLE_CLOUD):
        [found] = await check_access(provider, make_context())
        assert (found.state, found.words) == (CheckState.OK, "not set up")


async def test_a_key_without_a_resource_is_half_a_setup(make_context: MakeContext) -> None:
    context = make_context(environ={"ANTHROPIC_FOUNDRY_API_KEY": "a-key"})
    [found] = await check_access(Provider.FOUNDRY, context)
    assert found.state is CheckState.BAD
    assert (found.words[:33], found.fix) == (
        "candela knows no Foundry resource",
        "Set it: `candela config set foundry.resource NAME`.",
    )


@pytest.mark.parametrize(("may_use", "state"), [(True, "ok"), (False, "bad")])
async def test_access_to_a_workspace(
    cloud: ClaudeGoogleCloud, make_context: MakeContext, may_use: bool, state: str
) -> None:
    cloud.may_use = may_use
    environ = {"ANTHROPIC_MODEL": "claude-opus-5-5", "ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID": WORKSPACE}
    context = make_context({"claude_google_cloud": {"base_url": cloud.base_url}}, environ=environ)
    [found] = await check_access(Provider.CLAUDE_GOOGLE_CLOUD, context)
    assert found.state is CheckState(state)
    assert found.words == (
        f"claude-opus-5-5 counts tokens in {WORKSPACE}"
        if may_use
        else "claude-opus-5-5: The caller does not have permission"
    )
    assert ("roles/claude.user" in found.fix) is not may_use


@pytest.mark.parametrize(("deployments", "state"), [({"claude-haiku-4-5": "claude-haiku-4-5"}, "ok"), ({}, "warn")])
async def test_the_live_check_asks_foundry_for_no_list(
    foundry: Foundry, tmp_path: Path, deployments: dict[str, str], state: str
) -> None:
    foundry.deployments = deployments
    async with running(foundry, tmp_path, sections={"foundry": {"base_url": foundry.base_url}}) as candela:
        lines = [line async for line in LiveCheck(f"127.0.0.1:{candela.port}", Provider.FOUNDRY).lines()]
    assert [line.state for line in lines] == [state]
    assert [request.method for request in foundry.asked] == ["POST"]
