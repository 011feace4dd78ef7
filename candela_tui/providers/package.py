"""The interface of a provider's package to the rest of candela.

A package ``providers/NAME``, where NAME is the provider's id, has three modules:

- ``upstreams``: ``open_upstreams(context)`` opens the upstreams of its routes, and ``destination(settings, environ)``
  returns the base URL that they send requests to.
- ``sign_in``: ``SIGN_IN``, its sign-in.
- ``checks``: ``CHECKS``, its checks for ``candela doctor``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.api_key import ApiKey, KeySource
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.credentials.state import TellState
from candela_tui.paths import Paths
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.providers.refusal_memory import Refusals


@dataclass(frozen=True, slots=True)
class UpstreamContext:
    """The settings and services that a provider's upstreams are opened with."""

    settings: Settings
    attempts: Attempts
    tell: TellState
    """Called whenever the state of the provider's credentials changes."""
    paths: Paths | None = None
    """The paths of candela's files. Without them there are no sign-ins."""
    refusals: Refusals = field(default_factory=Refusals)
    """What models refused, for all providers."""
    messages: LatestMessages = field(default_factory=LatestMessages)
    """The last message that each agent got."""

    @property
    def accounts(self) -> Accounts | None:
        """The record of sign-ins, or None without paths."""
        return Accounts(self.paths.accounts) if self.paths is not None else None

    @property
    def vault(self) -> Path | None:
        """The path of the encrypted file of secrets, or None without paths."""
        return self.paths.vault if self.paths is not None else None

    @property
    def config(self) -> Path | None:
        """The path of the settings file, which a sign-in may change, or None without paths."""
        return self.paths.config if self.paths is not None else None

    def api_key(self, source: KeySource) -> ApiKey | None:
        """Return candela's API key from a source, or None without paths."""
        return ApiKey(source, Accounts(self.paths.accounts), self.paths.vault, self.tell) if self.paths else None


class Machine(Protocol):
    """The files, settings and environment of the user's machine that checks may read."""

    @property
    def paths(self) -> Paths:
        """The paths of candela's files."""

    @property
    def settings(self) -> Settings:
        """The settings, or the defaults if the file has a mistake."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the process."""

    @property
    def home(self) -> Path:
        """The user's home directory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's response to a check."""

    status: int
    body: bytes
    error: ApiError | None
    """What went wrong, or None if the response is as expected."""

    @property
    def listed(self) -> int:
        """The length of the list in the body, 0 if it has none."""
        document = decode_json(self.body)
        data = document.get("data") if isinstance(document, dict) else None
        return len(data) if isinstance(data, list) else 0


class Client(Protocol):
    """Sends a provider the requests that Claude Code would send, with candela's own credentials."""

    async def model(self) -> str:
        """Return the model that Claude Code would use."""

    async def models(self) -> Answer:
        """Request the list of models."""

    async def count(self, model: str) -> Answer:
        """Request the token count of one word, which is free of charge."""


@dataclass(frozen=True, slots=True)
class Checks:
    """A provider's checks for ``candela doctor``. A provider's failure becomes a result and is never raised."""

    in_use: Callable[[Machine], bool]
    """Returns whether this machine is set up for the provider, apart from a sign-in. Blocks."""
    endpoint: Callable[[Machine], Awaitable[str]]
    """Returns a URL to which requests go, as far as the place is known. Raises ValueError if the region is invalid."""
    access: Callable[[Machine, Client], Awaitable[CheckLine]]
    """Checks whether the provider accepts candela's credentials and the model answers."""
    model: Callable[[Machine, str], Awaitable[CheckLine]] | None = None
    """Checks whether the provider has a model under the id that candela maps it to. None if ids are not mapped."""
    misspelt: Callable[[Machine], Awaitable[CheckLine | None]] | None = None
    """Returns what is wrong if the region's name seems misspelt, which explains why the provider can't be reached."""


async def check_by_count(provider: Provider, client: Client) -> CheckLine:
    """Check that the model counts the tokens of a word."""
    model = await client.model()
    counted = await client.count(model)
    if counted.error:
        return CheckLine("bad", f"{model}: {counted.error.message}", sign_in_fix(provider, counted))
    return CheckLine("ok", f"{model} counts tokens")


def sign_in_fix(provider: Provider, answer: Answer) -> str:
    """Return how to fix refused credentials, or an empty string if something else is wrong."""
    return f"Run `candela auth login --provider {PROVIDERS[provider].account}`." if answer.status == 401 else ""
