"""Sign in to AWS with a role, and an MFA code if the role requires one."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Choice, Prompter, until_right
from candela_tui.providers.bedrock.credentials.chain import signing_keys
from candela_tui.providers.bedrock.credentials.keys import SigningKeys
from candela_tui.providers.bedrock.credentials.profiles import Profile, ProfileRole, profiles
from candela_tui.providers.bedrock.credentials.stored import StoredSession
from candela_tui.providers.bedrock.credentials.sts import RoleAsked, RoleSession, WrongCode, assume
from candela_tui.providers.bedrock.sign_in.access_keys import typed_keys
from candela_tui.providers.bedrock.sign_in.finish import chosen_region, remember

_ARN: Final = re.compile(r"arn:[\w-]+:iam::\d{12}:role/\S+")
_CHAIN, _TYPED = "candela:chain", "candela:typed"
_HOURS: Final = (1, 2, 4, 8, 12)
_MOST_CODES: Final = 3
_LIMIT_S: Final = 60.0


async def with_role(context: SignInContext, prompter: Prompter) -> Account:
    """Ask for a role, of a profile or by its ARN, and assume it.

    The session is stored in the vault until it expires. It can't be renewed."""
    try:
        there = await asyncio.to_thread(profiles)
    except CredentialsError as error:
        await prompter.tell(str(error))
        there = []
    known = {each.name: (each, each.role) for each in there if each.role is not None}
    choices = [Choice(name, name, role.arn) for name, (_, role) in known.items()]
    by_arn = {role.arn: name for name, (_, role) in known.items()}

    async def ask(wrong: str) -> str:
        if not choices:
            return await prompter.ask("ARN of the role", option="role", wrong=wrong)
        other = "Another role, by its ARN"
        return (await prompter.choose("Which role?", choices, option="role", other=other, wrong=wrong)).id

    chosen = await until_right(ask, lambda text: "" if text in known else _wrong_arn(text))
    chosen = by_arn.get(chosen, chosen)
    if chosen in known:
        return await with_role_of(context, prompter, *known[chosen])
    return await _another(context, prompter, chosen, there)


async def with_role_of(context: SignInContext, prompter: Prompter, profile: Profile, role: ProfileRole) -> Account:
    """Assume the role of a profile and store the session."""
    region = await chosen_region(context, prompter, profile.region)
    keys = await _first_keys(role.source, region)
    return await _assumed(context, prompter, role, keys, region)


async def _another(context: SignInContext, prompter: Prompter, arn: str, there: list[Profile]) -> Account:
    givers = [Choice(each.name, f"The profile {each.name}") for each in there if each.kind not in ("none", "role")]
    chain = Choice(_CHAIN, "The environment, or the default profile")
    typed = Choice(_TYPED, "An access key that I type now")
    giver = await prompter.choose("With whose keys?", [*givers, chain, typed], option="profile", default=_CHAIN)
    serial = await prompter.ask(
        "MFA device, its ARN or serial number (nothing: none)", option="mfa-serial", optional=True
    )
    region = await chosen_region(context, prompter)
    if giver.id == _TYPED:
        keys = await typed_keys(prompter)
    else:
        keys = await _first_keys(None if giver.id == _CHAIN else giver.id, region)
    role = ProfileRole(arn, None, serial or None, None, None, None)
    return await _assumed(context, prompter, role, keys, region)


async def _first_keys(profile: str | None, region: str) -> SigningKeys:
    lease = await BlockingCalls("AWS credentials", _LIMIT_S).run(lambda: signing_keys(profile, region))
    assert isinstance(lease.value, SigningKeys)
    return lease.value


async def _assumed(
    context: SignInContext, prompter: Prompter, role: ProfileRole, keys: SigningKeys, region: str
) -> Account:
    duration_s = role.duration_s if role.duration_s is not None else await _duration(prompter)
    asked = RoleAsked(role.arn, duration_s, role.session_name, role.external_id, role.mfa_serial)
    session = await _with_code(prompter, asked, keys, region)
    stored = StoredSession(session.keys, role.arn, session.ends)
    return await remember(context, prompter, stored, session.arn, datetime.fromtimestamp(session.ends, UTC))


async def _duration(prompter: Prompter) -> int:
    choices = [
        Choice(str(hours), f"{hours} hour{'s' if hours > 1 else ''}", "every role allows it" if hours == 1 else "")
        for hours in _HOURS
    ]
    return int((await prompter.choose("For how long?", choices, option="hours", default=choices[0].id)).id) * 3600


def wrong_hours(text: str) -> str:
    """Return what is wrong with how long a session should last, or an empty string."""
    hours = [str(hours) for hours in _HOURS]
    return "" if text in hours else f"That is not one of {', '.join(hours)}"


async def _with_code(prompter: Prompter, asked: RoleAsked, keys: SigningKeys, region: str) -> RoleSession:
    if asked.mfa_serial is None:
        return await asyncio.to_thread(assume, asked, keys, region)
    wrong = ""
    for attempt in range(1, _MOST_CODES + 1):
        # The code is shown while typed: it works only once, so it is not a secret.
        code = (await prompter.ask(f"Code of {asked.mfa_serial}", option="mfa-code", wrong=wrong)).replace(" ", "")
        try:
            return await asyncio.to_thread(assume, replace(asked, mfa_code=code), keys, region)
        except WrongCode as error:
            if attempt == _MOST_CODES:
                raise
            wrong = f"{error}."
    raise AssertionError


def _wrong_arn(text: str) -> str:
    if _ARN.fullmatch(text):
        return ""
    return "That is not the ARN of a role. Example: arn:aws:iam::123456789012:role/developer"
