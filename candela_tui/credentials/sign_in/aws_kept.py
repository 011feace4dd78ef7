"""What every way of signing in to AWS ends with: a region, and a secret that is kept; and how that goes again."""

import asyncio
import os
from datetime import UTC, datetime

from candela_tui.config import change_setting, load, read_document
from candela_tui.config.places import aws_region
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.aws_regions import bedrock_regions
from candela_tui.credentials.aws_source import API_KEY, NAME
from candela_tui.credentials.aws_sso import sign_out
from candela_tui.credentials.aws_stored import ENTRY, Stored, StoredSso, keep, kept
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Choice, Talk
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError

_OTHER = "other"
_PROFILE = "CANDELA_AWS__PROFILE"


async def chosen_region(desk: Desk, talk: Talk, suggested: str | None = None) -> str:
    """Ask for the region of Bedrock, and keep it as ``[aws] region``. ``suggested`` stands in where none is known."""
    settings = (await asyncio.to_thread(load, desk.config)).aws
    known = aws_region(settings) or suggested
    regions = await asyncio.to_thread(bedrock_regions)
    choices = [Choice(region.id, region.id, region.title) for region in regions]
    # What is known stands first, also where botocore does not know it.
    first = [next((choice for choice in choices if choice.id == known), Choice(known, known))] if known else []
    rest = [choice for choice in choices if choice not in first]
    other = Choice(_OTHER, "Another region", "that is not in this list")
    region = (await talk.choose("Which region of Bedrock?", [*first, *rest, other])).id
    if region == _OTHER:
        region = await talk.ask("Region, such as us-east-1")
        if not region:
            raise CredentialsError("no region was given: it is such as us-east-1")
    if region != settings.region:
        await asyncio.to_thread(change_setting, desk.config, ("aws", "region"), region)
    return region


async def choose_profile(desk: Desk, name: str | None) -> None:
    """Set ``[aws] profile``, None: take it out, so that it does not go before what was signed in to."""
    of_file = (await asyncio.to_thread(read_document, desk.config)).get("aws", {})
    if of_file.get("profile") != name:
        await asyncio.to_thread(change_setting, desk.config, ("aws", "profile"), name)


async def remember(desk: Desk, talk: Talk, stored: Stored, label: str, until: datetime | None = None) -> Account:
    """Keep a secret and the account that it is of, in place of the ones before. ``until``: when it ends for good."""
    store, vault = await desk.vault()
    await asyncio.to_thread(keep, vault, stored)
    await choose_profile(desk, None)
    account = Account(store, vault.place, label, datetime.now(UTC), until)
    # Last: a proxy that runs takes it from now on.
    desk.accounts.put(NAME, account)
    await tell_what_goes_before(talk, profile=False)
    return account


async def use_profile(desk: Desk, talk: Talk, name: str, region: str | None) -> None:
    """Take keys from a profile from now on, in place of what candela keeps itself. ``region`` is the profile's own."""
    if aws_region((await asyncio.to_thread(load, desk.config)).aws) is None and region is None:
        await chosen_region(desk, talk)
    await choose_profile(desk, name)
    if desk.accounts.of(NAME) is not None:
        await talk.tell(await forget(desk))
    await tell_what_goes_before(talk, profile=True)


async def forget(desk: Desk) -> str:
    """Take away what candela keeps, and say so."""
    account = desk.accounts.of(NAME)
    if account is None:
        return "candela keeps no sign-in to AWS; `aws sso logout` ends the SSO sessions of ~/.aws."
    try:
        more = await asyncio.to_thread(_removed, await desk.opened(account))
    except VaultError as error:
        desk.accounts.remove(NAME)
        return f"What candela signed in to AWS with is used no longer, but it is still in {account.place}: {error}"
    desk.accounts.remove(NAME)
    return f"What candela signed in to AWS with ({account.label}) is gone from {account.place}. {more}".rstrip()


def _removed(vault: Vault) -> str:
    """What else is to be said."""
    stored = kept(vault)
    vault.remove(ENTRY)
    if not isinstance(stored, StoredSso):
        return "AWS itself still takes it until it ends or is deleted there." if stored is not None else ""
    try:
        sign_out(stored.role.region, stored.token)
    except CredentialsError as error:
        return f"At {stored.role.start_url} the session goes on: {error}."
    return f"Its session at {stored.role.start_url} is ended."


async def tell_what_goes_before(talk: Talk, *, profile: bool) -> None:
    """Variables of this environment that a sign-in can't change; ``profile``: a profile was chosen."""
    if os.environ.get(API_KEY):
        await talk.tell(f"{API_KEY} is set in this environment, and goes before it: unset it.")
    elif os.environ.get(_PROFILE):
        what = "the profile that it names counts" if profile else "it goes before what you signed in to"
        await talk.tell(f"{_PROFILE} is set in this environment, and {what}: unset it.")


def last_four(secret: str) -> str:
    """Enough to tell one key from another."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else ""
