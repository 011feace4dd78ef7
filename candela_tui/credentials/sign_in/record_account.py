"""Record the account of a sign-in whose secret was just stored."""

import asyncio

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.identity import PROVIDERS, Provider


async def record_account(
    context: SignInContext, prompter: Prompter, provider: Provider, entry: str, account: Account
) -> None:
    """Record an account in place of the previous one, whose secret is removed if it is in another vault.

    ``entry`` is the name of the secret. Raises CredentialsError."""
    before = await asyncio.to_thread(context.accounts.put, provider, account)
    if before is None or before.store == account.store:
        return
    try:
        await asyncio.to_thread((await context.opened(before)).remove, entry)
    except (VaultError, Abandoned) as error:
        later = f"Once it can be opened, `candela auth logout --provider {PROVIDERS[provider].account}` removes it."
        await prompter.tell(f"The secret of the sign-in before is still in {before.place}. {error}. {later}")
