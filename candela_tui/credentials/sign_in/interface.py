"""The interface of a provider's sign-in."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from candela_tui.config import ConfigError, Settings, load
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.options import Forms, Option
from candela_tui.credentials.sign_in.prompter import Prompter
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.choice import Vault
from candela_tui.providers.identity import PROVIDERS, Provider


@dataclass(frozen=True, slots=True)
class SignInContext:
    """The settings, accounts and vaults that a sign-in uses."""

    settings: Settings
    config: Path
    """The path of config.toml, which receives values that are not secret: project, region, profile."""
    accounts: Accounts
    vault: Callable[[], Awaitable[tuple[Store, Vault]]]
    """Returns the vault for a new secret, asking the user where to store it if needed. Raises VaultError,
    Abandoned."""
    opened: Callable[[Account], Awaitable[Vault]]
    """Opens the vault that holds an account's secret. Raises VaultError, Abandoned."""
    vault_file: Path | None = None
    """The path of the encrypted file of secrets, or None if there can be none."""
    token_file: Path | None = None
    """The path of the token of candela's local API, with which a check needs no key of candela's."""

    async def settings_now(self) -> Settings:
        """Read the settings again, because a sign-in may have changed them. Return the former ones if the file has a
        mistake."""
        import asyncio  # Not at the top: ``--help`` would wait for it.

        try:
            return await asyncio.to_thread(load, self.config)
        except ConfigError:
            return self.settings


@dataclass(frozen=True, slots=True)
class Finding:
    """Credentials found on this machine, usable or not."""

    source: str
    """Where they were found, such as ``AWS profile work (SSO)`` or ``GOOGLE_APPLICATION_CREDENTIALS``."""
    detail: str
    """Their owner, or why they can't be used. Contains no secret."""
    usable: bool
    """Whether requests could use them, as far as can be seen without trying."""
    standing: Standing | None = None
    """How they stand for requests, or None if no request uses them. The next request uses the first with a standing."""
    account: Account | None = None
    """candela's own sign-in that they are, whose secret is in a vault."""


def used_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in order of precedence, of which the next request uses the first: that one gets a standing."""
    if not findings:
        return []
    first, *others = findings
    own = Standing.SIGNED_IN if first.account is not None else Standing.FOUND
    return [replace(first, standing=own if first.usable else Standing.REFUSED), *others]


def not_set_up(findings: Sequence[Finding], missing: str) -> list[Finding]:
    """Return findings of which the next request uses none, because a setting is missing. ``missing`` says which."""
    return [
        replace(one, detail=f"{one.detail}; {missing}", standing=Standing.NONE) if one.standing is not None else one
        for one in findings
    ]


OWN_LOGIN: Final = "Claude Code's own login: nothing to do. candela passes it on"
"""What there is to say of credentials that are all of Claude Code."""


def own_login_only(findings: Sequence[Finding]) -> bool:
    """Return whether all credentials are Claude Code's own, so that candela has none to try and needs none."""
    return bool(findings) and all(finding.standing is Standing.CLIENT for finding in findings)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to sign in to a provider."""

    id: str
    """The value for ``--method``."""
    title: str
    about: str
    run: Callable[[SignInContext, Prompter], Awaitable[Account | None]]
    """Signs in and records the account. Returns None if the credentials are stored in the provider's own place
    (gcloud's file, ~/.aws). Raises CredentialsError, VaultError, Abandoned, ConfigError."""
    also: tuple[str, ...] = ()
    """Other values for ``--method``: ways that this machine lacks, which this one stands in for."""
    picked: str = ""
    """What is chosen already, such as the name of a profile: the value of the option that is called like ``id``."""
    asks: tuple[Option, ...] = ()
    """The options that answer its questions."""
    needs: tuple[Option, ...] = ()
    """Those of its options without which it can't sign in if there is no terminal to ask on."""
    takes_key: bool = False
    """Whether it asks for a secret, which can also be piped in."""
    stores: bool = True
    """Whether candela stores a secret, and not a tool of the provider's."""
    by_hand: bool = False
    """Whether it asks something that no option answers."""

    @property
    def key(self) -> str:
        """What distinguishes it from the provider's other methods."""
        return f"{self.id}:{self.picked}" if self.picked else self.id

    def named(self, id: str) -> bool:
        """Return whether a value for ``--method`` means this method."""
        return id in (self.id, *self.also)


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One result of a check."""

    state: Literal["ok", "warn", "bad"]
    words: str
    fix: str = ""
    """How to fix the problem, if there is one."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in to one provider. Everything that blocks runs in threads."""

    provider: Provider
    find: Callable[[SignInContext], Awaitable[list[Finding]]]
    """Finds existing credentials, best first. Never raises."""
    methods: Callable[[SignInContext], Awaitable[list[Method]]]
    """Lists the methods that can work on this machine, best first."""
    who: Callable[[SignInContext], Awaitable[list[CheckLine]]]
    """Asks the provider who the credentials belong to and what they allow. Never raises."""
    forget: Callable[[SignInContext], Awaitable[str]]
    """Signs out by removing candela's own secrets. Returns a text that says what was removed and what remains, such
    as files of other programs."""
    entry: str | None = None
    """The name of its secret in a vault, or None if it uses the secret of another provider's sign-in."""
    shared: bool = False
    """Whether the credentials found are those of another provider, so that they alone do not show that it is used."""
    forms: Forms = field(default_factory=dict)
    """Of the answers that options give. They are checked before anything begins."""

    @property
    def title(self) -> str:
        """The provider's display name."""
        return PROVIDERS[self.provider].title
