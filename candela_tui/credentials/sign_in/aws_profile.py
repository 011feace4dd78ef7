"""Signing in to AWS with a profile that is there already."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.aws_profiles import Profile, profiles
from candela_tui.credentials.aws_sso_cache import SsoSession, cached, write
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.aws_device import by_code
from candela_tui.credentials.sign_in.aws_find import about, gives_keys, source_of
from candela_tui.credentials.sign_in.aws_kept import use_profile
from candela_tui.credentials.sign_in.aws_role import with_role_of
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Choice, Talk


async def with_profile(desk: Desk, talk: Talk) -> Account | None:
    """Choose one, and sign in to it where it wants that. Its keys stay where AWS's tools keep them, but for a role
    that wants a code: candela keeps that session itself."""
    found = {each.name: each for each in await asyncio.to_thread(profiles)}
    choices = await asyncio.to_thread(_choices, found)
    if not choices:
        raise CredentialsError(
            "there is no profile with keys in ~/.aws: sign in in another way, or run `aws configure`"
        )
    profile = found[(await talk.choose("Which profile?", choices)).id]
    session = _session(profile, found)
    if session is not None and not (await asyncio.to_thread(cached, session, datetime.now(UTC))).holds(
        datetime.now(UTC)
    ):
        await sign_in_to(session, talk)
    if profile.role is not None and profile.role.mfa_serial is not None:
        return await with_role_of(desk, talk, profile, profile.role)
    await use_profile(desk, talk, profile.name, profile.region)
    return None


async def sign_in_to(session: SsoSession, talk: Talk) -> None:
    """Sign in where botocore and the AWS CLI take it from, too. Raises CredentialsError."""
    token = await by_code(talk, session.start_url, session.region, session.scopes)
    try:
        await asyncio.to_thread(write, session, token)
    except OSError as error:
        raise CredentialsError(f"~/.aws/sso/cache can't be written: {error.strerror or error}") from None


def _session(profile: Profile, others: Mapping[str, Profile]) -> SsoSession | None:
    """Where the first keys of a profile are signed in for; None: nowhere."""
    source = source_of(profile, others)
    return source.sso if source is not None else None


def _choices(found: Mapping[str, Profile]) -> list[Choice]:
    now = datetime.now(UTC)
    return [Choice(each.name, each.name, about(each, found, now)[0]) for each in found.values() if gives_keys(each)]
