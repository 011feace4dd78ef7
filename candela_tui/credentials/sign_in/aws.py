"""Signing in to AWS, for Bedrock."""

import asyncio

from candela_tui.credentials.aws_profiles import profiles
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.aws_find import find, gives_keys
from candela_tui.credentials.sign_in.aws_kept import forget
from candela_tui.credentials.sign_in.aws_keys import with_api_key, with_keys
from candela_tui.credentials.sign_in.aws_profile import with_profile
from candela_tui.credentials.sign_in.aws_role import with_role
from candela_tui.credentials.sign_in.aws_sso import with_sso
from candela_tui.credentials.sign_in.aws_who import who
from candela_tui.credentials.sign_in.provider import Desk, Method, Provider

_MOST_NAMES = 4


async def _methods(_desk: Desk) -> list[Method]:
    ways = [
        Method("sso", "IAM Identity Center (SSO)", "a code to confirm in the browser", with_sso),
        Method("keys", "Access key", "its id and its secret, typed hidden", with_keys),
        Method("role", "A role", "with the code of an MFA device", with_role),
        Method("api-key", "Bedrock API key", "from the Bedrock console, below API keys", with_api_key),
    ]
    try:
        names = [each.name for each in await asyncio.to_thread(profiles) if gives_keys(each)]
    except CredentialsError:
        names = []
    if names:
        ways.insert(0, Method("profile", "A profile of ~/.aws", _some(names), with_profile))
    return ways


def _some(names: list[str]) -> str:
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    return ", ".join(names)


PROVIDER = Provider("aws", "AWS Bedrock", find, _methods, who, forget)
