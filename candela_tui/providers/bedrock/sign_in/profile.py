"""Sign in to AWS with an existing profile."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Choice, Prompter
from candela_tui.providers.bedrock.credentials.profiles import Profile, profiles
from candela_tui.providers.bedrock.credentials.sso_cache import SsoSession, cached, write
from candela_tui.providers.bedrock.sign_in.browser import here
from candela_tui.providers.bedrock.sign_in.findings import about, gives_keys, source_of
from candela_tui.providers.bedrock.sign_in.finish import use_profile
from candela_tui.providers.bedrock.sign_in.role import with_role_of


async def with_profile(context: SignInContext, prompter: Prompter) -> Account | None:
    """Ask for a profile, and sign in with it."""
    found = await asyncio.to_thread(profiles)
    choices = await asyncio.to_thread(_choices, {each.name: each for each in found})
    if not choices:
        raise CredentialsError(
            "there is no profile with keys in ~/.aws: sign in in another way, or run `aws configure`"
        )
    chosen = await prompter.choose("Which profile?", choices, option="profile")
    return await with_profile_named(chosen.id, context, prompter)


async def with_profile_named(name: str, context: SignInContext, prompter: Prompter) -> Account | None:
    """Sign in with a profile, and before that to its SSO session if it has ended.

    The profile's keys stay where AWS's tools store them. Only the session of a role that requires an MFA code is stored
    by candela, which then returns its account."""
    found = {each.name: each for each in await asyncio.to_thread(profiles)}
    if name not in found:
        raise CredentialsError(f"the profile {name} is no longer in ~/.aws")
    profile = found[name]
    session = _session(profile, found)
    if session is not None and not (await asyncio.to_thread(cached, session, datetime.now(UTC))).holds(
        datetime.now(UTC)
    ):
        await _sign_in_to(session, prompter)
    if profile.role is not None and profile.role.mfa_serial is not None:
        return await with_role_of(context, prompter, profile, profile.role)
    await use_profile(context, prompter, profile.name, profile.region)
    return None


async def _sign_in_to(session: SsoSession, prompter: Prompter) -> None:
    """Sign in to SSO and write the token where botocore and the AWS CLI find it. Raises CredentialsError."""
    token = await here(prompter, session.start_url, session.region, session.scopes)
    try:
        await asyncio.to_thread(write, session, token)
    except OSError as error:
        raise CredentialsError(f"~/.aws/sso/cache can't be written: {error.strerror or error}") from None


def _session(profile: Profile, others: Mapping[str, Profile]) -> SsoSession | None:
    """Return the SSO session that the first keys of a profile come from, or None."""
    source = source_of(profile, others)
    return source.sso if source is not None else None


def _choices(found: Mapping[str, Profile]) -> list[Choice]:
    now = datetime.now(UTC)
    return [Choice(each.name, each.name, about(each, found, now)[0]) for each in found.values() if gives_keys(each)]
