"""Store the secret of a sign-in and record its account: both, or neither."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.identity import PROVIDERS, Provider


async def store_secret(
    context: SignInContext,
    prompter: Prompter,
    provider: Provider,
    entry: str,
    write: Callable[[Vault], None],
    label: str,
    until: datetime | None = None,
) -> Account:
    """Store a secret in place of the previous one, which is removed if it is in another vault. Return its account.

    ``write`` puts the secret into the vault's ``entry``. ``until`` is when the sign-in expires if it can't be renewed.
    Raises CredentialsError, VaultError, Abandoned."""
    # Read the accounts first, so that an unreadable file is reported before a vault is opened.
    context.accounts.of(provider)
    store, vault = await context.vault()
    account = Account(store, vault.place, label, datetime.now(UTC), until)
    # In one thread, which goes on to its end if the user cancels meanwhile.
    before = await asyncio.to_thread(_both, vault, entry, write, context.accounts, provider, account)
    if before is not None and before.store != account.store:
        await _remove(context, prompter, provider, entry, before)
    return account


def _both(
    vault: Vault,
    entry: str,
    write: Callable[[Vault], None],
    accounts: Accounts,
    provider: Provider,
    account: Account,
) -> Account | None:
    """Write the secret and record the account. Return the previous account."""
    before = accounts.of(provider)
    write(vault)
    try:
        return accounts.put(provider, account)
    except CredentialsError:
        if before is None:
            # Without a recorded account the secret would never be used or removed.
            with contextlib.suppress(VaultError):
                vault.remove(entry)
        raise


async def _remove(context: SignInContext, prompter: Prompter, provider: Provider, entry: str, before: Account) -> None:
    try:
        await asyncio.to_thread((await context.opened(before)).remove, entry)
    except (VaultError, Abandoned) as error:
        later = f"Once it can be opened, `candela auth logout --provider {PROVIDERS[provider].account}` removes it."
        await prompter.tell(f"The secret of the sign-in before is still in {before.place}. {error}. {later}")
