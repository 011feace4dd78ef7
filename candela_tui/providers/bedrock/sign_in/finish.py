"""Finish a sign-in to AWS, by choosing a region and storing the secret, and sign out."""

import asyncio
import os
from datetime import datetime

from candela_tui.config import load, read_document
from candela_tui.config.places import aws_region
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.keep_setting import write_setting
from candela_tui.credentials.sign_in.prompter import Choice, Prompter, until_right
from candela_tui.credentials.sign_in.store_secret import store_secret
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.regions import bedrock_regions, wrong_region
from candela_tui.providers.bedrock.credentials.source import API_KEY
from candela_tui.providers.bedrock.credentials.sso import sign_out
from candela_tui.providers.bedrock.credentials.stored import ENTRY, Stored, StoredSso, keep, kept
from candela_tui.providers.identity import PROVIDERS, Provider

API_KEY_LABEL = "Bedrock API key"
"""How the label of a sign-in with an API key begins."""
_ACCOUNT = PROVIDERS[Provider.BEDROCK].account
_PROFILE = "CANDELA_AWS__PROFILE"


async def chosen_region(context: SignInContext, prompter: Prompter, suggested: str | None = None) -> str:
    """Ask for the region of Bedrock, store it as ``[aws] region`` and return it.

    ``suggested`` is the default if no region is known."""
    settings = (await asyncio.to_thread(load, context.config)).aws
    known = aws_region(settings) or suggested or ""
    regions = [Choice(region.id, region.id, region.title) for region in await asyncio.to_thread(bedrock_regions)]

    async def ask(wrong: str) -> str:
        chosen = await prompter.choose(
            "Which AWS region?", regions, option="region", default=known, other="Another region", wrong=wrong
        )
        return chosen.id

    region = await until_right(ask, wrong_region)
    if region != settings.region:
        await write_setting(context, prompter, "aws", "region", region)
    return region


async def choose_profile(context: SignInContext, prompter: Prompter, name: str | None) -> None:
    """Set ``[aws] profile``, or remove it if ``name`` is None, so that it does not override the sign-in."""
    of_file = (await asyncio.to_thread(read_document, context.config)).get("aws", {})
    if of_file.get("profile") != name:
        await write_setting(context, prompter, "aws", "profile", name)


async def remember(
    context: SignInContext, prompter: Prompter, stored: Stored, label: str, until: datetime | None = None
) -> Account:
    """Store a secret and its account, replacing the previous ones, and return the account.

    ``until`` is when the sign-in expires if it can't be renewed."""
    account = await store_secret(
        context, prompter, Provider.BEDROCK, ENTRY, lambda vault: keep(vault, stored), label, until
    )
    await choose_profile(context, prompter, None)
    await tell_what_goes_before(prompter, profile=False)
    return account


async def use_profile(context: SignInContext, prompter: Prompter, name: str, region: str | None) -> None:
    """Use a profile's keys from now on, and remove candela's own sign-in. ``region`` is the profile's region."""
    if aws_region((await asyncio.to_thread(load, context.config)).aws) is None and region is None:
        await chosen_region(context, prompter)
    await choose_profile(context, prompter, name)
    if context.accounts.of(Provider.BEDROCK) is not None:
        await prompter.tell(await forget(context))
    await tell_what_goes_before(prompter, profile=True)


async def forget(context: SignInContext) -> str:
    """Remove candela's own sign-in, and return a text that says what was removed and what remains."""
    account = context.accounts.of(Provider.BEDROCK)
    if account is None:
        return "candela stores no sign-in to AWS; `aws sso logout` ends the SSO sessions of ~/.aws."
    try:
        more = await asyncio.to_thread(_removed, await context.opened(account))
    except VaultError as error:
        await asyncio.to_thread(context.accounts.remove, Provider.BEDROCK)
        return f"What candela signed in to AWS with is no longer used, but it is still in {account.place}: {error}"
    await asyncio.to_thread(context.accounts.remove, Provider.BEDROCK)
    return f"What candela signed in to AWS with ({account.label}) was deleted from {account.place}. {more}".rstrip()


def nothing_to_forget(title: str) -> str:
    """Return the text for signing out of a service that uses the sign-in to AWS."""
    return f"{title} uses the sign-in to AWS, which `candela auth logout --provider {_ACCOUNT}` ends."


def _removed(vault: Vault) -> str:
    """Remove the secret, end its SSO session, and return a text about what remains at AWS."""
    stored = kept(vault)
    vault.remove(ENTRY)
    if not isinstance(stored, StoredSso):
        return "AWS still accepts it until it expires or is deleted there." if stored is not None else ""
    try:
        sign_out(stored.role.region, stored.token)
    except CredentialsError as error:
        return f"At {stored.role.start_url} the session continues: {error}."
    return f"Its session at {stored.role.start_url} is ended."


async def tell_what_goes_before(prompter: Prompter, *, profile: bool) -> None:
    """Tell the user about environment variables that override the sign-in. ``profile`` is true if it chose a
    profile."""
    if os.environ.get(API_KEY):
        await prompter.tell(f"{API_KEY} is set in this environment and takes precedence: unset it.")
    elif os.environ.get(_PROFILE):
        what = "the profile that it names counts" if profile else "it takes precedence over the sign-in"
        await prompter.tell(f"{_PROFILE} is set in this environment, and {what}: unset it.")


def last_four(secret: str) -> str:
    """Return the last four characters of a secret, to identify it, or an empty string if it is short."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else ""
