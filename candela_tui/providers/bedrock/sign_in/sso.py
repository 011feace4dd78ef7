"""Sign in to AWS with IAM Identity Center."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from candela_tui.config import aws_region
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Choice, Prompter, until_right
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.profiles import sso_sessions
from candela_tui.providers.bedrock.credentials.regions import wrong_region
from candela_tui.providers.bedrock.credentials.sso import SsoRole, SsoToken, SsoTokenEnded, accounts, role_keys, roles
from candela_tui.providers.bedrock.credentials.sso_device import UnknownStartUrl, begin
from candela_tui.providers.bedrock.credentials.stored import StoredSso, kept
from candela_tui.providers.bedrock.sign_in.browser import Way, here
from candela_tui.providers.bedrock.sign_in.finish import chosen_region, remember
from candela_tui.providers.identity import Provider

_USUAL_REGION: Final = "us-east-1"


async def with_sso(context: SignInContext, prompter: Prompter, way: Way = here) -> Account:
    """Ask for the start URL, sign in in one way, and ask for the account and role. The token is stored in the vault.

    What was chosen in the sign-in before this one is the default."""
    before = await _before(context, prompter)
    start_url, region = await _start_url(context, prompter, before)
    token = await way(prompter, start_url, region)
    if before is not None and before.start_url != start_url:
        before = None
    account_id = await _account(prompter, start_url, region, token, before.account_id if before else "")
    role_name = await _role(prompter, region, token, account_id, before.role_name if before else "")
    return await _keep(context, prompter, SsoRole(start_url, region, account_id, role_name), token)


async def _start_url(context: SignInContext, prompter: Prompter, before: SsoRole | None) -> tuple[str, str]:
    """Ask for the start URL, and return it with the region of its IAM Identity Center, found without a question if
    possible."""
    try:
        known = [(each.start_url, each.region) for each in await asyncio.to_thread(sso_sessions)]
    except CredentialsError as error:
        await prompter.tell(str(error))
        known = []
    if before is not None:
        known.insert(0, (before.start_url, before.region))
    question, default = "Start URL of the AWS access portal", known[0][0] if known else ""
    start_url = await until_right(
        lambda wrong: prompter.ask(question, option="start-url", default=default, wrong=wrong), wrong_start_url
    )
    region = dict(reversed(known)).get(start_url) or _region_in(start_url)
    if region is not None:
        return start_url, region
    wrong = ""
    for guess in dict.fromkeys((aws_region(context.settings.aws) or _USUAL_REGION, _USUAL_REGION)):
        try:
            await asyncio.to_thread(begin, start_url, guess)
        except UnknownStartUrl as error:
            wrong = str(error)
        else:
            return start_url, guess
    while True:
        region = await _region(prompter, wrong)
        try:
            await asyncio.to_thread(begin, start_url, region)
        except UnknownStartUrl as error:
            wrong = str(error)
        else:
            return start_url, region


async def _region(prompter: Prompter, wrong: str) -> str:
    question = "Region of IAM Identity Center"
    return await until_right(
        lambda again: prompter.ask(question, option="sso-region", wrong=again or wrong), wrong_region
    )


def wrong_start_url(text: str) -> str:
    """Return what is wrong with a start URL, or an empty string."""
    if urlsplit(text).scheme == "https":
        return ""
    return "That is not a start URL. Example: https://my-company.awsapps.com/start"


def _region_in(start_url: str) -> str | None:
    """Return the region that a start URL names, such as ``https://ssoins-1.portal.eu-west-1.app.aws``, or None."""
    labels = (urlsplit(start_url).hostname or "").split(".")
    return next((label for label in labels if not wrong_region(label)), None)


async def _account(prompter: Prompter, start_url: str, region: str, token: SsoToken, default: str) -> str:
    found = await asyncio.to_thread(accounts, region, token)
    if not found:
        raise CredentialsError(
            f"no account is assigned to you at {start_url}: ask the administrator of your organization"
        )
    if len(found) == 1:
        return found[0].id
    choices = [Choice(each.id, each.name, each.id) for each in found]
    return (await prompter.choose("Which account?", choices, option="account", default=default)).id


async def _role(prompter: Prompter, region: str, token: SsoToken, account_id: str, default: str) -> str:
    found = await asyncio.to_thread(roles, region, token, account_id)
    if not found:
        raise CredentialsError(f"no role is assigned to you in the account {account_id}: ask its administrator")
    if len(found) == 1:
        return found[0]
    choices = [Choice(name, name) for name in found]
    return (await prompter.choose("Which role?", choices, option="role", default=default)).id


async def _keep(context: SignInContext, prompter: Prompter, role: SsoRole, token: SsoToken) -> Account:
    try:
        await asyncio.to_thread(role_keys, role, token)
    except SsoTokenEnded:
        raise CredentialsError("IAM Identity Center does not take the token that it gave: sign in again") from None
    await chosen_region(context, prompter)
    return await remember(
        context, prompter, StoredSso(role, token), f"{role.role_name} in account {role.account_id} (SSO)"
    )


def is_sso(account: Account) -> bool:
    """Return whether an account is one of IAM Identity Center."""
    return account.label.endswith("(SSO)")


async def _before(context: SignInContext, prompter: Prompter) -> SsoRole | None:
    """Return the role of the last SSO sign-in, or None."""
    account = context.accounts.of(Provider.BEDROCK)
    if account is None or not is_sso(account):
        return None
    try:
        stored = await asyncio.to_thread(kept, await context.opened(account))
    except VaultError as error:
        await prompter.tell(str(error))
        return None
    return stored.role if isinstance(stored, StoredSso) else None
