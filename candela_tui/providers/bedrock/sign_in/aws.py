"""The sign-in to AWS with all its methods, for Bedrock."""

import asyncio
from dataclasses import replace

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.browser import browser_command
from candela_tui.credentials.sign_in.interface import Method, SignIn, SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter
from candela_tui.providers.bedrock.credentials.profiles import profiles
from candela_tui.providers.bedrock.credentials.stored import ENTRY
from candela_tui.providers.bedrock.sign_in.access_keys import with_api_key, with_keys
from candela_tui.providers.bedrock.sign_in.browser import CODE_METHOD
from candela_tui.providers.bedrock.sign_in.device import by_code
from candela_tui.providers.bedrock.sign_in.findings import find, gives_keys
from candela_tui.providers.bedrock.sign_in.finish import forget
from candela_tui.providers.bedrock.sign_in.live_check import who
from candela_tui.providers.bedrock.sign_in.profile import with_profile
from candela_tui.providers.bedrock.sign_in.role import with_role
from candela_tui.providers.bedrock.sign_in.sso import with_sso
from candela_tui.providers.identity import Provider

_MOST_NAMES = 4
API_KEY_METHOD = "api-key"


async def methods(_context: SignInContext) -> list[Method]:
    """List the methods that can work on this machine."""
    ways = [
        *_sso(),
        Method("keys", "Access key", "its id and its secret, typed hidden", with_keys),
        Method("role", "A role", "with the code of an MFA device", with_role),
        Method(API_KEY_METHOD, "Bedrock API key", "from the Bedrock console, below API keys", with_api_key),
    ]
    try:
        names = [each.name for each in await asyncio.to_thread(profiles) if gives_keys(each)]
    except CredentialsError:
        names = []
    if names:
        ways.insert(0, Method("profile", "A profile of ~/.aws", _some(names), with_profile))
    return ways


def _sso() -> list[Method]:
    code = Method(CODE_METHOD, "IAM Identity Center with a code", "to confirm in a browser on any machine", _with_code)
    if browser_command() is None:
        return [replace(code, also=("sso",))]
    return [Method("sso", "IAM Identity Center (SSO)", "in this machine's browser", with_sso), code]


async def _with_code(context: SignInContext, prompter: Prompter) -> Account | None:
    return await with_sso(context, prompter, by_code)


def _some(names: list[str]) -> str:
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    return ", ".join(names)


SIGN_IN = SignIn(Provider.BEDROCK, find, methods, who, forget, entry=ENTRY)
