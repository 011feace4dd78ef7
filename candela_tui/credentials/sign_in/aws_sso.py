"""Signing in to AWS by IAM Identity Center."""

import asyncio
import re
from urllib.parse import urlsplit

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.aws_profiles import profiles, sso_sessions
from candela_tui.credentials.aws_source import NAME
from candela_tui.credentials.aws_sso import SsoRole, SsoToken, SsoTokenEnded, accounts, role_keys, roles
from candela_tui.credentials.aws_stored import StoredSso, kept
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.aws_device import by_code
from candela_tui.credentials.sign_in.aws_kept import chosen_region, remember, use_profile
from candela_tui.credentials.sign_in.aws_profile import sign_in_to
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Choice, Talk
from candela_tui.credentials.vault.errors import VaultError

_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
_AGAIN, _OTHER = "candela:again", "candela:other"


async def with_sso(desk: Desk, talk: Talk) -> Account | None:
    """For a profile of ~/.aws the token goes where AWS's own tools keep it, else into the vault."""
    before = await _before(desk, talk)
    try:
        there = [each for each in await asyncio.to_thread(profiles) if each.sso is not None]
    except CredentialsError as error:
        await talk.tell(str(error))
        there = []
    choices = [Choice(each.name, each.name, each.account) for each in there]
    if before is not None:
        again = Choice(_AGAIN, f"{before.role_name} in {before.account_id}", f"again, at {before.start_url}")
        choices.insert(0, again)
    chosen = _OTHER
    if choices:
        choices.append(Choice(_OTHER, "Another", "a start URL that is not in ~/.aws/config"))
        chosen = (await talk.choose("Sign in to which?", choices)).id
    if chosen == _AGAIN and before is not None:
        token = await by_code(talk, before.start_url, before.region)
        return await _keep(desk, talk, before, token)
    for each in there:
        if each.name == chosen and each.sso is not None:
            await sign_in_to(each.sso, talk)
            await use_profile(desk, talk, each.name, each.region)
            return None
    return await _elsewhere(desk, talk)


async def _elsewhere(desk: Desk, talk: Talk) -> Account:
    try:
        known = await asyncio.to_thread(sso_sessions)
    except CredentialsError:
        known = []
    start_url = await talk.ask("Start URL of the AWS access portal", default=known[0].start_url if known else "")
    if urlsplit(start_url).scheme != "https":
        raise CredentialsError("that is no start URL: it is such as https://my-company.awsapps.com/start")
    region = next((each.region for each in known if each.start_url == start_url), "us-east-1")
    region = await talk.ask("Region of IAM Identity Center", default=region)
    if not _REGION.fullmatch(region):
        raise CredentialsError("that is no AWS region: it is such as us-east-1")
    token = await by_code(talk, start_url, region)
    account_id = await _account(talk, start_url, region, token)
    role_name = await _role(talk, region, token, account_id)
    return await _keep(desk, talk, SsoRole(start_url, region, account_id, role_name), token)


async def _account(talk: Talk, start_url: str, region: str, token: SsoToken) -> str:
    found = await asyncio.to_thread(accounts, region, token)
    if not found:
        raise CredentialsError(f"nobody gave you an account at {start_url}: ask the administrator of your organization")
    if len(found) == 1:
        return found[0].id
    return (await talk.choose("Which account?", [Choice(each.id, each.name, each.id) for each in found])).id


async def _role(talk: Talk, region: str, token: SsoToken, account_id: str) -> str:
    found = await asyncio.to_thread(roles, region, token, account_id)
    if not found:
        raise CredentialsError(f"nobody gave you a role in the account {account_id}: ask its administrator")
    if len(found) == 1:
        return found[0]
    return (await talk.choose("Which role?", [Choice(name, name) for name in found])).id


async def _keep(desk: Desk, talk: Talk, role: SsoRole, token: SsoToken) -> Account:
    try:
        await asyncio.to_thread(role_keys, role, token)
    except SsoTokenEnded:
        raise CredentialsError("IAM Identity Center does not take the token that it gave: sign in again") from None
    await chosen_region(desk, talk)
    return await remember(desk, talk, StoredSso(role, token), f"{role.role_name} in account {role.account_id} (SSO)")


async def _before(desk: Desk, talk: Talk) -> SsoRole | None:
    """What was signed in to the last time."""
    account = desk.accounts.of(NAME)
    if account is None or not account.label.endswith("(SSO)"):
        return None
    try:
        stored = await asyncio.to_thread(kept, await desk.opened(account))
    except VaultError as error:
        await talk.tell(str(error))
        return None
    return stored.role if isinstance(stored, StoredSso) else None
