"""Access tokens of Microsoft Entra ID, by azure-identity itself, from a stand-in for a managed identity and for az."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.protocol.errors import FROM_ELSEWHERE
from candela_tui.providers.foundry.entra import EntraToken, EntraTokens, entra_token, why_not
from tests.standin.foundry import CLIENT, Foundry
from tests.standin.steps import Gate


@pytest.fixture(autouse=True)
def no_azure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
async def foundry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Foundry]:
    """A stand-in, on a machine with a managed identity."""
    async with Foundry() as running:
        for name, value in running.managed_identity().items():
            monkeypatch.setenv(name, value)
        yield running


async def test_one_token_of_the_managed_identity_serves_all_requests(foundry: Foundry) -> None:
    states: list[CredentialState] = []
    gate = Gate()
    foundry.before_token = [gate]
    tokens = EntraTokens(states.append)
    asking = [asyncio.ensure_future(tokens.token()) for _ in range(20)]
    await gate.reached()
    gate.open()
    got = set(await asyncio.gather(*asking))
    assert (len(got), foundry.tokens_issued) == (1, 1)
    [state] = states
    assert state.standing is Standing.SIGNED_IN
    assert state.until is not None
    assert abs(state.until.timestamp() - time.time() - foundry.token_lifetime_s) < 60
    await tokens.close()


async def test_a_refused_token_is_replaced_by_a_new_one(foundry: Foundry) -> None:
    tokens = EntraTokens()
    refused = await tokens.token()
    renewed = await asyncio.gather(*(tokens.renewed(refused) for _ in range(5)))
    assert refused not in renewed
    assert (len(set(renewed)), foundry.tokens_issued) == (1, 2)
    await tokens.close()


async def test_the_token_says_whose_it_is_and_its_repr_has_no_secret(foundry: Foundry) -> None:
    got = await asyncio.to_thread(entra_token)
    assert got.account == CLIENT
    assert got.token not in repr(got)


def test_the_login_of_the_azure_cli_gives_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = json.dumps({"accessToken": "of-az", "expires_on": int(time.time()) + 3600, "expiresOn": "-"})
    az = tmp_path / "az"
    az.write_text(f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/asked'\necho '{printed}'\n")
    az.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    # The metadata server of a virtual machine goes before az.
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "azureclicredential")
    assert entra_token().token == "of-az"
    assert "--resource https://ai.azure.com" in (tmp_path / "asked").read_text()


async def test_a_source_that_gives_the_same_token_again_is_named() -> None:
    tokens = EntraTokens(load=lambda: EntraToken("same", time.time() + 3600))
    with pytest.raises(CredentialsError, match=r"its source gives the same again.*Foundry User"):
        await tokens.renewed(await tokens.token())
    await tokens.close()


async def test_after_a_failure_the_sources_are_not_asked_again_by_each_request() -> None:
    now, tries = 0.0, 0

    def load() -> EntraToken:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise CredentialsError("there are no Azure credentials")
        return EntraToken("later", time.time() + 3600)

    tokens = EntraTokens(load=load, now=lambda: now)
    for _ in range(3):
        with pytest.raises(CredentialsError, match="no Azure credentials"):
            await tokens.token()
    assert tries == 1
    now = 5.0
    assert await tokens.token() == "later"
    await tokens.close()


def test_invalid_variables_become_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "http://login.test")
    with pytest.raises(CredentialsError, match=r"^azure-identity can't be used: .*http://login.test"):
        entra_token()


def test_without_the_library_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(CredentialsError, match=r"needs the Python package azure-identity .*: `.*azure.*` installs it"):
        entra_token()


_TRIED = (
    "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n\t{}\n"
    "To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/azsdk/python."
)


@pytest.mark.parametrize(
    ("tried", "words", "passing"),
    [
        (
            "EnvironmentCredential: Authentication failed: AADSTS7000215: Invalid client secret provided. Ensure the"
            " secret being sent is the value. Trace ID: 03de83aa Correlation ID: 1 Timestamp: 2026-11-28 12:00:00Z",
            "Microsoft Entra ID gave no token for the AZURE_CLIENT_ID in the environment: AADSTS7000215: Invalid client"
            " secret provided. Ensure the secret being sent is the value. Check AZURE_TENANT_ID, AZURE_CLIENT_ID and"
            " AZURE_CLIENT_SECRET.",
            False,
        ),
        (
            "EnvironmentCredential: EnvironmentCredential authentication unavailable.\n\tAzureCliCredential: ERROR:"
            " AADSTS70043: The refresh token has expired due to sign-in frequency checks.",
            "Microsoft Entra ID gave no token for the login of the Azure CLI: AADSTS70043: The refresh token has"
            " expired due to sign-in frequency checks. Run `az login`.",
            False,
        ),
        (
            "EnvironmentCredential: Unexpected response: <html><title>Guest Wi-Fi</title></html>",
            'a web page came in place of a token of Microsoft Entra ID: "Guest Wi-Fi". ' + FROM_ELSEWHERE,
            True,
        ),
        (
            "EnvironmentCredential: Authentication failed: HTTPSConnection(host='login.microsoftonline.com', port=443):"
            " Failed to resolve 'login.microsoftonline.com'",
            "candela could not reach Microsoft Entra ID for an access token. Check the network and HTTPS_PROXY.",
            True,
        ),
        (
            "EnvironmentCredential: Environment variables are not fully configured.\n\tAzureCliCredential: Azure CLI"
            " not found on path",
            "there are no Azure credentials: run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and"
            " AZURE_CLIENT_SECRET, or store an API key with `candela auth login --provider foundry`",
            False,
        ),
    ],
)
def test_what_azure_identity_says_becomes_one_sentence(tried: str, words: str, passing: bool) -> None:
    error = why_not(_TRIED.format(tried))
    assert (str(error), error.passing) == (words, passing)
