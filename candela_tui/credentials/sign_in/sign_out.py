"""Sign out: remove the secrets that candela stored, also those that accounts.json does not list.

The file may have been damaged or deleted, or a vault could not be opened when a sign-in was replaced.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from candela_tui.credentials.accounts import Account, Accounts, DamagedAccounts, Store
from candela_tui.credentials.sign_in.interface import SignIn, SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter
from candela_tui.credentials.sign_in.secret_storage import SecretStorage
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError

_FOUND = "an earlier sign-in"


async def set_aside_if_damaged(accounts: Accounts, prompter: Prompter) -> None:
    """Rename a damaged accounts.json, and say so. Raises CredentialsError."""
    try:
        accounts.all()
    except DamagedAccounts:
        aside = await asyncio.to_thread(accounts.set_aside)
        await prompter.tell(f"The list of sign-ins was damaged. It is {aside} now, and holds no secret.")


async def sign_out(
    context: SignInContext, storage: SecretStorage, prompter: Prompter, sign_ins: Sequence[SignIn]
) -> None:
    """Sign out of providers, and tell what was removed and what remains, each once.

    Raises CredentialsError, VaultError, Abandoned."""
    accounts = context.accounts
    told: list[str] = []

    async def tell(words: str) -> None:
        # Providers that share credentials have the same to say.
        if words in told:
            return
        told.append(words)
        await prompter.tell(words)

    recorded = [sign_in for sign_in in sign_ins if accounts.of(sign_in.provider) is not None]
    keeps_file = any(account.store == "file" for account in accounts.all().values())
    for sign_in in recorded:
        await tell(await sign_in.forget(context))
    others = [sign_in for sign_in in sign_ins if sign_in not in recorded]
    # A file of which no account is known holds secrets all the same: without any it is deleted.
    vaults, closed = await storage.existing(file=bool(others) or not keeps_file)
    found: list[SignIn] = []
    for store, vault in vaults:
        try:
            for sign_in in sign_ins:
                if await _record_found(accounts, sign_in, store, vault):
                    found.append(sign_in)
                    await tell(await sign_in.forget(context))
        except VaultError as error:
            closed.append(error)
    for sign_in in others:
        if sign_in not in found:
            await tell(await sign_in.forget(context))
    for why in map(str, closed):
        if any(why in words for words in told):
            await tell("Sign out again once that can be opened, to remove the secret.")
        elif others:
            await tell(f"{why} candela did not look for secrets there.")


async def _record_found(accounts: Accounts, sign_in: SignIn, store: Store, vault: Vault) -> bool:
    """Record the secret of a sign-in that a vault holds although it is not recorded, and return whether it does."""
    if sign_in.entry is None or accounts.of(sign_in.provider) is not None:
        return False
    if await asyncio.to_thread(vault.read, sign_in.entry) is None:
        return False
    account = Account(store, vault.place, _FOUND, datetime.now(UTC))
    await asyncio.to_thread(accounts.put, sign_in.provider, account)
    return True
