"""Find, store and remove the API key of a provider, for the provider's sign-in."""

import asyncio
from collections.abc import Callable

from candela_tui.config.settings import KeySettings
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.api_key import command_name, is_key, key_in, key_title, vault_entry
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import Finding, SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter, until_right
from candela_tui.credentials.sign_in.store_secret import store_secret
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.identity import Provider

_SHOWN_FROM = 24
"""The length from which the end of a key may be shown."""


def find_key(
    context: SignInContext, provider: Provider, settings: KeySettings, variable: str | None = None
) -> list[Finding]:
    """Return the provider's ``key_command``, the key that candela stored and the one in a variable, if there are any,
    in order of precedence. Blocks. Never raises."""
    found = []
    if settings.key_command:
        found.append(Finding(command_name(provider), "a command of yours prints the key", True))
    try:
        account = context.accounts.of(provider)
    except CredentialsError as error:
        found.append(Finding("candela's own sign-in", str(error), False))
    else:
        if account is not None:
            since = f"{account.label}, since {account.since:%Y-%m-%d}"
            found.append(Finding(account.place, since, True, account=account))
    if variable is not None and (key := key_in(variable)) is not None:
        found.append(Finding(variable, _label(key), True))
    return found


async def ask_key(
    context: SignInContext,
    provider: Provider,
    prompter: Prompter,
    where: str,
    wrong_with: Callable[[str], str] = lambda _key: "",
) -> str:
    """Ask for a key, until ``wrong_with`` finds nothing wrong with it. ``where`` completes "That is not an API key:
    copy …".

    Raises CredentialsError if the accounts can't be read."""
    # Read the accounts first, so that an unreadable file is reported before the user types a secret.
    context.accounts.of(provider)

    def check(key: str) -> str:
        return wrong_with(key) if is_key(key) else f"That is not an API key: copy {where}"

    return await until_right(lambda wrong: prompter.ask("API key", secret=True, wrong=wrong), check)


async def store_key(context: SignInContext, prompter: Prompter, provider: Provider, key: str) -> Account:
    """Store a key in the vault and record the account. Raises CredentialsError, VaultError, Abandoned."""
    entry = vault_entry(provider)
    return await store_secret(context, prompter, provider, entry, lambda vault: vault.write(entry, key), _label(key))


async def forget_key(context: SignInContext, provider: Provider, console: str) -> str:
    """Remove the stored key, and return a text that says what was removed. ``console`` is where keys are revoked."""
    account = context.accounts.of(provider)
    title = key_title(provider)
    if account is None:
        return f"candela has no {title}."
    try:
        vault = await context.opened(account)
        await asyncio.to_thread(vault.remove, vault_entry(provider))
    except VaultError as error:
        await asyncio.to_thread(context.accounts.remove, provider)
        return f"The {title} is no longer used, but it is still in {account.place}: {error}"
    await asyncio.to_thread(context.accounts.remove, provider)
    return f"The {title} was deleted from {account.place}. It is still valid until you revoke it at {console}."


def _label(key: str) -> str:
    return f"API key …{key[-4:]}" if len(key) > _SHOWN_FROM else "API key"
