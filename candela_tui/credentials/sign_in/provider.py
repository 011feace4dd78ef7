"""What a provider offers to whom is signing in. One module for each: anthropic, google, aws."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.talk import Talk
from candela_tui.credentials.vault.choice import Vault

ProviderName = Literal["anthropic", "gcp", "aws"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a sign-in works with."""

    settings: Settings
    config: Path
    """config.toml, for what is no secret: project, region, profile."""
    accounts: Accounts
    vault: Callable[[], Awaitable[tuple[Store, Vault]]]
    """The vault that the user chose, asked for when there is something to keep. Raises VaultError, Abandoned."""
    opened: Callable[[Account], Awaitable[Vault]]
    """The vault that an account's secret lies in. Raises VaultError, Abandoned."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something on this machine that may serve as credentials."""

    source: str
    """Such as ``AWS profile work (SSO)`` or ``GOOGLE_APPLICATION_CREDENTIALS``."""
    detail: str
    """Whose, or why it can't serve; no secret."""
    usable: bool


@dataclass(frozen=True, slots=True)
class Method:
    """A way of signing in."""

    id: str
    """For ``--method``."""
    title: str
    about: str
    run: Callable[[Desk, Talk], Awaitable[Account | None]]
    """Signs in and remembers the account; None: the credentials lie in the provider's own place (gcloud's file,
    ~/.aws). Raises CredentialsError, VaultError, Abandoned, ConfigError."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One thing that a live check found out."""

    state: Literal["ok", "warn", "bad"]
    words: str
    fix: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. Everything that blocks runs in threads."""

    name: ProviderName
    title: str
    find: Callable[[Desk], Awaitable[list[Finding]]]
    """What is there already, best first; never raises."""
    methods: Callable[[Desk], Awaitable[list[Method]]]
    """The ways that can work on this machine, best first."""
    who: Callable[[Desk], Awaitable[list[CheckLine]]]
    """Asks the provider whose the credentials are and what they may; never raises."""
    forget: Callable[[Desk], Awaitable[str]]
    """Sign out: take candela's own secrets away; says in words what was done and what stays (files of others)."""
