"""Find AWS credentials on this machine, without the network."""

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from candela_tui.config.places import aws_profile
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import Finding, SignInContext, not_set_up, used_first
from candela_tui.providers.bedrock.access import known_region
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials
from candela_tui.providers.bedrock.credentials.profiles import Profile, profiles
from candela_tui.providers.bedrock.credentials.source import API_KEY
from candela_tui.providers.bedrock.credentials.sso_cache import cached
from candela_tui.providers.bedrock.sign_in.finish import API_KEY_LABEL, last_four
from candela_tui.providers.identity import Provider

_KINDS = {"sso": "SSO", "role": "role", "process": "command", "keys": "access key", "login": "aws login"}
_CONTAINERS = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_DEFAULT = "AWS profile default "
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")


async def find(context: SignInContext) -> list[Finding]:
    """Find credentials for Bedrock, usable ones first, and each group in the order in which candela would use them."""
    found = await _found(context, signs=False)
    return not_set_up(found, missing) if (missing := await no_region(context)) else found


async def used_finding(context: SignInContext, *, signs: bool) -> list[Finding]:
    """Return the AWS credentials that candela uses, or those nearest to it, for another service of AWS. Bedrock's own
    sign-in lists them all.

    ``signs``: the service accepts no API keys of Bedrock."""
    found = await _found(context, signs=signs)
    return [one for one in found if one.standing is not None] or found[:1]


async def no_region(context: SignInContext, section: str = "aws", own: str | None = None) -> str:
    """Return a text that says that no region is known for a service, or an empty one if there is one, or if only
    credentials that can't be read could name it. ``section`` and ``own`` are as those of ``known_region``."""
    credentials = AwsCredentials(context.settings.aws, accounts=context.accounts)
    try:
        await known_region(credentials, section, own)
    except ValueError as error:
        return str(error)
    except CredentialsError:
        return ""
    finally:
        await credentials.close()
    return ""


async def _found(context: SignInContext, *, signs: bool) -> list[Finding]:
    own = [one for one in _own(context.accounts) if not (signs and one.detail.startswith(API_KEY_LABEL))]
    in_use = aws_profile(context.settings.aws)
    there = await asyncio.to_thread(_profiles, in_use)
    around = await asyncio.to_thread(_machine, os.environ, _VENDOR)
    before = there[:1] if context.settings.aws.profile else []
    api_key = [] if signs else _api_key(os.environ)
    # botocore uses one profile only: the chosen one, which comes first, or else ``default``.
    default = [] if before else [one for one in there[:1] if in_use or one.source.startswith(_DEFAULT)]
    chain = used_first([*api_key, *before, *own, *_keys(os.environ), *default, *around])
    rest = there[len(before) + len(default) :]
    found = [*chain[: len(chain) - len(around)], *rest, *chain[len(chain) - len(around) :]]
    return sorted(found, key=lambda finding: not finding.usable)


def gives_keys(profile: Profile) -> bool:
    """Return whether the profile provides keys, and not only a region."""
    return profile.kind != "none"


def about(profile: Profile, others: Mapping[str, Profile], now: datetime) -> tuple[str, bool]:
    """Return a description of a profile, and whether it can provide keys now. Blocks."""
    if profile.kind == "sso":
        return _about_sso(profile, now)
    if profile.kind == "role" and profile.role is not None:
        role = profile.role
        if role.mfa_serial is not None:
            return f"{role.arn}, with an MFA code", False
        source = source_of(profile, others)
        if source is None:
            return f"{role.arn}: there is no profile {role.source} to take the first keys from", False
        if source is profile:
            return role.arn, True
        words, usable = about(source, {}, now)
        return f"{role.arn}, by {source.name}: {words}", usable
    if profile.kind == "keys":
        return f"access key {last_four(profile.access_key or '')}".rstrip(), True
    return {"process": "a command gives the keys", "login": "by `aws login`"}.get(profile.kind, "no keys"), gives_keys(
        profile
    )


def source_of(profile: Profile, others: Mapping[str, Profile]) -> Profile | None:
    """Return the profile that the first keys come from, following all roles, or None if it does not exist."""
    seen = {profile.name}
    while profile.role is not None and profile.role.source is not None and profile.role.source not in seen:
        seen.add(profile.role.source)
        following = others.get(profile.role.source)
        if following is None:
            return None
        profile = following
    return profile


def _about_sso(profile: Profile, now: datetime) -> tuple[str, bool]:
    if profile.sso is None:
        return f"{profile.account}: its sso-session has no start URL or region in ~/.aws/config", False
    found = cached(profile.sso, now)
    if found.renews:
        return f"{profile.account}, signed in", True
    if found.until is None:
        return f"{profile.account}, not signed in", False
    until = f"{found.until.astimezone():%Y-%m-%d %H:%M}"
    return f"{profile.account}, {'signed in until' if found.holds(now) else 'ended'} {until}", found.holds(now)


def _profiles(in_use: str | None) -> list[Finding]:
    try:
        there = [each for each in profiles() if gives_keys(each)]
    except CredentialsError as error:
        return [Finding("AWS profiles", str(error), False)]
    by_name = {each.name: each for each in there}
    now = datetime.now(UTC)
    first = in_use or "default"
    there.sort(key=lambda each: each.name != first)
    found = []
    if in_use is not None and in_use not in by_name:
        found.append(Finding(f"AWS profile {in_use}", "is chosen, but is not there or has no keys", False))
    for each in there:
        words, usable = about(each, by_name, now)
        found.append(Finding(f"AWS profile {each.name} ({_KINDS[each.kind]})", words, usable))
    return found


def _own(accounts: Accounts) -> list[Finding]:
    try:
        account = accounts.of(Provider.BEDROCK)
    except CredentialsError as error:
        return [Finding("candela's own sign-in", str(error), False)]
    if account is None:
        return []
    if account.until is None:
        since = f"{account.label}, since {account.since.astimezone():%Y-%m-%d}"
        return [Finding(account.place, since, True, account=account)]
    holds = datetime.now(UTC) < account.until
    until = f"{account.until.astimezone():%Y-%m-%d %H:%M}"
    return [Finding(account.place, f"{account.label}, {'until' if holds else 'ended'} {until}", holds, account=account)]


def _api_key(environ: Mapping[str, str]) -> list[Finding]:
    if key := environ.get(API_KEY):
        return [Finding(API_KEY, f"an API key of Bedrock {last_four(key)}".rstrip(), True)]
    return []


def _keys(environ: Mapping[str, str]) -> list[Finding]:
    access_key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret:
        return [Finding("AWS_ACCESS_KEY_ID", f"access key {last_four(access_key)}".rstrip(), True)]
    if access_key:
        return [Finding("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is not set beside it", False)]
    return []


def _machine(environ: Mapping[str, str], vendor: Path) -> list[Finding]:
    """Find roles that this machine or container may have."""
    found = []
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and (arn := environ.get("AWS_ROLE_ARN")):
        found.append(Finding("AWS_WEB_IDENTITY_TOKEN_FILE", f"the role {arn}, as in Kubernetes", True))
    if name := next((name for name in _CONTAINERS if environ.get(name)), None):
        found.append(Finding(name, "the role of this container", True))
    try:
        on_ec2 = vendor.read_text().strip() == "Amazon EC2"
    except OSError:
        on_ec2 = False
    if on_ec2 and environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true":
        found.append(Finding("Amazon EC2", "the role of this instance, if it has one", True))
    return found
