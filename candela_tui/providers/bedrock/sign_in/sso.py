"""Sign in to AWS with IAM Identity Center."""

import asyncio
import re
from urllib.parse import urlsplit

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Choice, Prompter
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.profiles import profiles, sso_sessions
from candela_tui.providers.bedrock.credentials.sso import SsoRole, SsoToken, SsoTokenEnded, accounts, role_keys, roles
from candela_tui.providers.bedrock.credentials.stored import StoredSso, kept
from candela_tui.providers.bedrock.sign_in.browser import Way, here
from candela_tui.providers.bedrock.sign_in.finish import chosen_region, remember, use_profile
from candela_tui.providers.bedrock.sign_in.profile import sign_in_to
from candela_tui.providers.identity import Provider

_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
_AGAIN, _OTHER = "candela:again", "candela:other"


async def with_sso(context: SignInContext, prompter: Prompter, way: Way = here) -> Account | None:
    """Ask which SSO role to sign in to, and sign in in one way.

    The token of a profile in ~/.aws is stored where AWS's own tools expect it, any other token in the vault."""
    before = await _before(context, prompter)
    try:
        there = [each for each in await asyncio.to_thread(profiles) if each.sso is not None]
    except CredentialsError as error:
        await prompter.tell(str(error))
        there = []
    choices = [Choice(each.name, each.name, each.account) for each in there]
    if before is not None:
        again = Choice(_AGAIN, f"{before.role_name} in {before.account_id}", f"again, at {before.start_url}")
        choices.insert(0, again)
    chosen = _OTHER
    if choices:
        choices.append(Choice(_OTHER, "Another", "a start URL that is not in ~/.aws/config"))
        chosen = (await prompter.choose("Sign in to which?", choices)).id
    if chosen == _AGAIN and before is not None:
        token = await way(prompter, before.start_url, before.region)
        return await _keep(context, prompter, before, token)
    for each in there:
        if each.name == chosen and each.sso is not None:
            await sign_in_to(each.sso, prompter, way)
            await use_profile(context, prompter, each.name, each.region)
            return None
    return await _elsewhere(context, prompter, way)


async def _elsewhere(context: SignInContext, prompter: Prompter, way: Way) -> Account:
    try:
        known = await asyncio.to_thread(sso_sessions)
    except CredentialsError:
        known = []
    start_url = await prompter.ask("Start URL of the AWS access portal", default=known[0].start_url if known else "")
    if urlsplit(start_url).scheme != "https":
        raise CredentialsError("that is not a start URL. Example: https://my-company.awsapps.com/start")
    region = next((each.region for each in known if each.start_url == start_url), "us-east-1")
    region = await prompter.ask("Region of IAM Identity Center", default=region)
    if not _REGION.fullmatch(region):
        raise CredentialsError("that is not an AWS region. Example: us-east-1")
    token = await way(prompter, start_url, region)
    account_id = await _account(prompter, start_url, region, token)
    role_name = await _role(prompter, region, token, account_id)
    return await _keep(context, prompter, SsoRole(start_url, region, account_id, role_name), token)


async def _account(prompter: Prompter, start_url: str, region: str, token: SsoToken) -> str:
    found = await asyncio.to_thread(accounts, region, token)
    if not found:
        raise CredentialsError(
            f"no account is assigned to you at {start_url}: ask the administrator of your organization"
        )
    if len(found) == 1:
        return found[0].id
    return (await prompter.choose("Which account?", [Choice(each.id, each.name, each.id) for each in found])).id


async def _role(prompter: Prompter, region: str, token: SsoToken, account_id: str) -> str:
    found = await asyncio.to_thread(roles, region, token, account_id)
    if not found:
        raise CredentialsError(f"no role is assigned to you in the account {account_id}: ask its administrator")
    if len(found) == 1:
        return found[0]
    return (await prompter.choose("Which role?", [Choice(name, name) for name in found])).id


async def _keep(context: SignInContext, prompter: Prompter, role: SsoRole, token: SsoToken) -> Account:
    try:
        await asyncio.to_thread(role_keys, role, token)
    except SsoTokenEnded:
        raise CredentialsError("IAM Identity Center does not take the token that it gave: sign in again") from None
    await chosen_region(context, prompter)
    return await remember(
        context, prompter, StoredSso(role, token), f"{role.role_name} in account {role.account_id} (SSO)"
    )


async def _before(context: SignInContext, prompter: Prompter) -> SsoRole | None:
    """Return the role of the last SSO sign-in, or None."""
    account = context.accounts.of(Provider.BEDROCK)
    if account is None or not account.label.endswith("(SSO)"):
        return None
    try:
        stored = await asyncio.to_thread(kept, await context.opened(account))
    except VaultError as error:
        await prompter.tell(str(error))
        return None
    return stored.role if isinstance(stored, StoredSso) else None
