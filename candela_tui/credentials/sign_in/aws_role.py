"""Signing in to AWS with a role, and the code of an MFA device where the role wants one."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.aws_chain import signing_keys
from candela_tui.credentials.aws_profiles import Profile, ProfileRole, profiles
from candela_tui.credentials.aws_stored import StoredSession
from candela_tui.credentials.aws_sts import RoleAsked, RoleSession, WrongCode, assume
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.keys import SigningKeys
from candela_tui.credentials.sign_in.aws_kept import chosen_region, remember
from candela_tui.credentials.sign_in.aws_keys import typed_keys
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Choice, Talk

_ARN: Final = re.compile(r"arn:[\w-]+:iam::\d{12}:role/\S+")
_OTHER, _CHAIN, _TYPED = "candela:other", "candela:chain", "candela:typed"
_HOURS: Final = (1, 2, 4, 8, 12)
_MOST_CODES: Final = 3
_LIMIT_S: Final = 60.0


async def with_role(desk: Desk, talk: Talk) -> Account:
    """A role of a profile, or another. Its session is kept in the vault until it ends; nothing renews it."""
    try:
        there = await asyncio.to_thread(profiles)
    except CredentialsError as error:
        await talk.tell(str(error))
        there = []
    known = {each.name: (each, each.role) for each in there if each.role is not None}
    chosen = _OTHER
    if known:
        choices = [Choice(name, name, role.arn) for name, (_, role) in known.items()]
        choices.append(Choice(_OTHER, "Another role", "by its ARN"))
        chosen = (await talk.choose("Which role?", choices)).id
    if chosen in known:
        return await with_role_of(desk, talk, *known[chosen])
    return await _another(desk, talk, there)


async def with_role_of(desk: Desk, talk: Talk, profile: Profile, role: ProfileRole) -> Account:
    """The role of a profile."""
    region = await chosen_region(desk, talk, profile.region)
    keys = await _first_keys(role.source, region)
    return await _assumed(desk, talk, role, keys, region)


async def _another(desk: Desk, talk: Talk, there: list[Profile]) -> Account:
    arn = await talk.ask("ARN of the role")
    if not _ARN.fullmatch(arn):
        raise CredentialsError("that is no role's ARN: it is such as arn:aws:iam::123456789012:role/developer")
    givers = [Choice(each.name, f"The profile {each.name}") for each in there if each.kind not in ("none", "role")]
    chain = Choice(_CHAIN, "The environment, or the default profile")
    giver = await talk.choose("With whose keys?", [*givers, chain, Choice(_TYPED, "An access key that I type now")])
    serial = await talk.ask("MFA device, its ARN or serial number (nothing: none)")
    region = await chosen_region(desk, talk)
    if giver.id == _TYPED:
        keys = await typed_keys(talk)
    else:
        keys = await _first_keys(None if giver.id == _CHAIN else giver.id, region)
    role = ProfileRole(arn, None, serial or None, None, None, None)
    return await _assumed(desk, talk, role, keys, region)


async def _first_keys(profile: str | None, region: str) -> SigningKeys:
    lease = await BlockingCalls("AWS credentials", _LIMIT_S).run(lambda: signing_keys(profile, region))
    assert isinstance(lease.value, SigningKeys)
    return lease.value


async def _assumed(desk: Desk, talk: Talk, role: ProfileRole, keys: SigningKeys, region: str) -> Account:
    duration_s = role.duration_s if role.duration_s is not None else await _duration(talk)
    asked = RoleAsked(role.arn, duration_s, role.session_name, role.external_id, role.mfa_serial)
    session = await _with_code(talk, asked, keys, region)
    stored = StoredSession(session.keys, role.arn, session.ends)
    return await remember(desk, talk, stored, session.arn, datetime.fromtimestamp(session.ends, UTC))


async def _duration(talk: Talk) -> int:
    choices = [
        Choice(str(hours), f"{hours} hour{'s' if hours > 1 else ''}", "every role allows it" if hours == 1 else "")
        for hours in _HOURS
    ]
    return int((await talk.choose("For how long?", choices)).id) * 3600


async def _with_code(talk: Talk, asked: RoleAsked, keys: SigningKeys, region: str) -> RoleSession:
    if asked.mfa_serial is None:
        return await asyncio.to_thread(assume, asked, keys, region)
    for attempt in range(1, _MOST_CODES + 1):
        # One that is used up when it is known: it is no secret, and its owner wants to see it.
        code = (await talk.ask(f"Code of {asked.mfa_serial}")).replace(" ", "")
        try:
            return await asyncio.to_thread(assume, replace(asked, mfa_code=code), keys, region)
        except WrongCode as error:
            if attempt == _MOST_CODES:
                raise
            await talk.tell(f"{error}.")
    raise AssertionError
