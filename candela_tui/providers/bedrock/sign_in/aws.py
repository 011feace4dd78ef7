"""The sign-in to AWS with all its methods, for Bedrock."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from candela_tui.config import aws_region
from candela_tui.config.places import aws_profile
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.browser import browser_command
from candela_tui.credentials.sign_in.interface import Method, SignIn, SignInContext
from candela_tui.credentials.sign_in.options import Forms, Option
from candela_tui.credentials.sign_in.prompter import Prompter
from candela_tui.providers.bedrock.credentials.profiles import Profile, profiles
from candela_tui.providers.bedrock.credentials.regions import wrong_region
from candela_tui.providers.bedrock.credentials.stored import ENTRY
from candela_tui.providers.bedrock.sign_in.access_keys import with_api_key, with_keys, wrong_access_key
from candela_tui.providers.bedrock.sign_in.browser import CODE_METHOD
from candela_tui.providers.bedrock.sign_in.device import by_code
from candela_tui.providers.bedrock.sign_in.findings import about, find, gives_keys
from candela_tui.providers.bedrock.sign_in.finish import forget
from candela_tui.providers.bedrock.sign_in.live_check import who
from candela_tui.providers.bedrock.sign_in.profile import with_profile, with_profile_named
from candela_tui.providers.bedrock.sign_in.role import with_role, wrong_hours
from candela_tui.providers.bedrock.sign_in.sso import is_sso, with_sso, wrong_start_url
from candela_tui.providers.identity import Provider

_MOST_PROFILES = 8
"""How many profiles the question for the method lists."""
API_KEY_METHOD = "api-key"


def _wrong_account(text: str) -> str:
    return "" if re.fullmatch(r"[0-9]{12}", text) else "That is not an AWS account ID: it has 12 digits"


FORMS: Forms = {
    "access-key-id": wrong_access_key,
    "account": _wrong_account,
    "hours": wrong_hours,
    "region": wrong_region,
    "sso-region": wrong_region,
    "start-url": wrong_start_url,
}
"""Of the options that answer a question of the methods."""


async def methods(context: SignInContext) -> list[Method]:
    """List the methods that can work on this machine, each profile of ~/.aws first."""
    settings = context.settings.aws
    region: tuple[Option, ...] = () if aws_region(settings) is not None else ("region",)
    return [
        *await asyncio.to_thread(_profiles, aws_profile(settings) or "default", region),
        *_sso(context, region),
        Method(
            "keys",
            "Access key",
            "its id and its secret, typed hidden",
            with_keys,
            asks=("access-key-id", "region"),
            needs=("access-key-id", *region),
            takes_key=True,
        ),
        Method(
            "role",
            "A role",
            "with the code of an MFA device",
            with_role,
            asks=("role", "profile", "mfa-serial", "mfa-code", "hours", "region"),
            needs=("role", *region),
        ),
        Method(
            API_KEY_METHOD,
            "Bedrock API key",
            "from the Bedrock console, below API keys",
            with_api_key,
            asks=("region",),
            needs=region,
            takes_key=True,
        ),
    ]


def _profiles(first: str, region: tuple[Option, ...]) -> list[Method]:
    """Return a method for each profile with keys, the one in use first. Blocks."""
    try:
        found = {each.name: each for each in profiles() if gives_keys(each)}
    except CredentialsError:
        return []
    now = datetime.now(UTC)
    names = sorted(found, key=lambda name: name != first)
    listed = [
        Method(
            "profile",
            f"Profile {name}",
            about(found[name], found, now)[0],
            partial(with_profile_named, name),
            picked=name,
            asks=("profile", "region", "mfa-code", "hours"),
            needs=_needs(found[name], region),
            stores="mfa-code" in _needs(found[name], region),
        )
        for name in names[:_MOST_PROFILES]
    ]
    rest = len(names) - len(listed)
    if rest:
        more = f"{rest} more in ~/.aws"
        listed.append(
            Method(
                "profile",
                "Another profile",
                more,
                with_profile,
                asks=("profile", "region", "mfa-code", "hours"),
                needs=("profile",),
                stores=False,
            )
        )
    return listed


def _needs(profile: Profile, region: tuple[Option, ...]) -> tuple[Option, ...]:
    code: tuple[Option, ...] = ("mfa-code",) if profile.role is not None and profile.role.mfa_serial is not None else ()
    return (*code, *(() if profile.region else region))


def _sso(context: SignInContext, region: tuple[Option, ...]) -> list[Method]:
    asks: tuple[Option, ...] = ("start-url", "sso-region", "account", "role", "region")
    needs: tuple[Option, ...] = ("start-url", "account", "role", *region)
    # What was chosen before is the default. Accounts that can't be read are reported by the sign-in itself.
    with suppress(CredentialsError):
        before = context.accounts.of(Provider.BEDROCK)
        needs = region if before is not None and is_sso(before) else needs
    words = "to confirm in a browser on any machine"
    code = Method(CODE_METHOD, "IAM Identity Center with a code", words, _with_code, asks=asks, needs=needs)
    if browser_command() is None:
        return [replace(code, also=("sso",))]
    words = "in this machine's browser"
    return [Method("sso", "IAM Identity Center (SSO)", words, with_sso, asks=asks, needs=needs), code]


async def _with_code(context: SignInContext, prompter: Prompter) -> Account | None:
    return await with_sso(context, prompter, by_code)


SIGN_IN = SignIn(Provider.BEDROCK, find, methods, who, forget, entry=ENTRY, forms=FORMS)
