"""Get access tokens of Microsoft Entra ID for Foundry, from the credentials that azure-identity finds.

azure-identity is an optional dependency (the extra ``azure``). It takes a second to import, and some of its sources
run a command or ask a server that may not be there, so everything that uses it runs in threads.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.cached import Lease, SameAgain, Shared
from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.state import TellState, told_as
from candela_tui.installation import install_command
from candela_tui.protocol.errors import FROM_ELSEWHERE, page_title
from candela_tui.providers.identity import Provider

SCOPE: Final = "https://ai.azure.com/.default"
"""The scope in Anthropic's and Microsoft's documentation of Claude in Foundry (November 2026). Claude Code 2.1.332
requests https://cognitiveservices.azure.com/.default, which Foundry accepts too."""

_LIMIT_S: Final = 60.0
# azure-identity's own threshold for fetching a new token early.
_AHEAD_S: Final = 300.0
_PAUSE_S: Final = 5.0
"""Seconds for which a failure is repeated instead of asking all sources again: together they can take a few seconds."""

_NOTHING: Final = (
    "there are no Azure credentials: run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or"
    " store an API key with `candela auth login --provider foundry`"
)
_ATTEMPT = re.compile(r"^\t(\w+): (.*)$", re.MULTILINE)
"""A credential that azure-identity tried, and why it gave no token."""
_REFUSAL = re.compile(r"AADSTS\d+: .*?(?=\s*(?:Trace ID|Correlation ID|Timestamp)|$)")
"""Error messages of Entra ID: https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""
_UNREACHABLE = re.compile(
    r"Failed to (?:resolve|establish)|Max retries exceeded|timed out|Connection (?:refused|aborted)"
)
_SOURCES: Final = {
    "EnvironmentCredential": (
        "the AZURE_CLIENT_ID in the environment",
        "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.",
    ),
    "WorkloadIdentityCredential": ("the workload identity of this machine", "Check its federated credential."),
    "ManagedIdentityCredential": ("the managed identity of this machine", "Check that it is assigned."),
    "AzureCliCredential": ("the login of the Azure CLI", "Run `az login`."),
    "AzurePowerShellCredential": ("the login of Azure PowerShell", "Run `Connect-AzAccount`."),
    "AzureDeveloperCliCredential": ("the login of the Azure Developer CLI", "Run `azd auth login`."),
}
"""What each credential of azure-identity is, and how to fix it if Entra ID refuses it."""

# CredentialsError reports what azure-identity warns about. msal logs tokens at level DEBUG.
for _name in ("azure", "msal"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class EntraToken:
    """An access token, when it expires (seconds since the epoch), and whose it is."""

    token: str = field(repr=False)
    ends: float
    account: str | None = None
    """The user, or the id of the application, if the token names it."""


class EntraTokens:
    """Caches the access token on the proxy's event loop."""

    def __init__(
        self,
        tell: TellState | None = None,
        *,
        load: Callable[[], EntraToken] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``tell`` is called whenever the state of the credentials changes. ``load`` gets a new token and blocks."""
        self._load = load or entra_token
        self._now = now
        self._calls = BlockingCalls("Microsoft Entra ID", _LIMIT_S)
        self._failure: CredentialsError | None = None
        self._failed_at = 0.0
        self._shared = Shared(self._fetch, ahead_s=_AHEAD_S, on_state=told_as(Provider.FOUNDRY, tell))

    async def token(self) -> str:
        """Return an access token that is still valid. Raises CredentialsError."""
        return await self._shared.get()

    async def renewed(self, refused: str) -> str:
        """Return a token other than the one that Foundry refused. Raises CredentialsError."""
        try:
            return await self._shared.renewed(refused)
        except SameAgain:
            raise CredentialsError(
                "Foundry refused the access token of Microsoft Entra ID, and its source gives the same again: check"
                " that the account has the role Foundry User or Cognitive Services User at the resource, or run"
                " `az login`"
            ) from None

    async def close(self) -> None:
        """Cancel the current fetch."""
        await self._shared.close()

    async def _fetch(self) -> Lease[str]:
        if self._failure is not None and self._now() - self._failed_at < _PAUSE_S:
            raise CredentialsError(str(self._failure), passing=self._failure.passing)
        try:
            got = await self._calls.run(self._load)
        except CredentialsError as error:
            self._failure, self._failed_at = error, self._now()
            raise
        self._failure = None
        return Lease(got.token, got.ends)


def entra_token() -> EntraToken:
    """Get a token from the credentials that azure-identity finds. Blocks. Raises CredentialsError.

    Everything is read again each time, so a login in another terminal takes effect, and a refused token does not come
    back from a cache of azure-identity."""
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise CredentialsError(missing_library()) from None
    try:
        # The cache that it shares with other programs may make the system keyring ask for a password.
        with DefaultAzureCredential(exclude_shared_token_cache_credential=True) as credential:
            got = credential.get_token(SCOPE)
    except Exception as error:  # noqa: BLE001 - invalid variables make azure-identity raise any error
        # The cause is dropped because it may quote a response.
        raise why_not(str(error)) from None
    return EntraToken(got.token, float(got.expires_on), _account(got.token))


def missing_library() -> str:
    """Return the message for a user without azure-identity, with the command for the way candela was installed."""
    return (
        "candela needs the Python package azure-identity to sign in with Microsoft Entra ID:"
        f" `{install_command('azure-identity', 'azure')}` installs it. An API key works without it."
    )


def has_library() -> bool:
    """Return whether azure-identity is installed, without importing it."""
    from importlib.util import find_spec

    try:
        return find_spec("azure.identity") is not None
    except ModuleNotFoundError:
        return False


def why_not(message: str) -> CredentialsError:
    """Return the error for what azure-identity says, which lists each source that it tried.

    It ends the list at a source that has credentials and could not use them."""
    attempts = _ATTEMPT.findall(message)
    for name, words in attempts:
        if refusal := _REFUSAL.search(words):
            whose, fix = _SOURCES.get(name, (name, ""))
            said = quotable(refusal[0]).rstrip(".")
            return CredentialsError(f"Microsoft Entra ID gave no token for {whose}: {said}. {fix}".rstrip())
        if (title := page_title(words.encode())) is not None:
            return CredentialsError(
                f'a web page came in place of a token of Microsoft Entra ID: "{title}". {FROM_ELSEWHERE}', passing=True
            )
        if _UNREACHABLE.search(words):
            return CredentialsError(
                "candela could not reach Microsoft Entra ID for an access token. Check the network and HTTPS_PROXY.",
                passing=True,
            )
    if not attempts:
        return CredentialsError(f"azure-identity can't be used: {quotable(message)}")
    return CredentialsError(_NOTHING)


def _account(token: str) -> str | None:
    """Return who a token belongs to, without checking its signature, which is for Foundry to do."""
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    named = (claims.get(name) for name in ("upn", "preferred_username", "unique_name", "appid", "oid"))
    return next((name for name in named if isinstance(name, str)), None)
