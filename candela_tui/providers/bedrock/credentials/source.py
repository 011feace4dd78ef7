"""Choose the source of AWS credentials. The first of these that exists is used:

1. ``AWS_BEARER_TOKEN_BEDROCK``, a Bedrock API key, as in AWS's own SDKs;
2. ``[aws] profile`` in config.toml;
3. the user's sign-in with candela;
4. botocore's chain: keys in the environment, ``AWS_PROFILE``, the default profile, containers, EC2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from candela_tui.config.places import aws_region
from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.cached import Lease
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError, no_secret
from candela_tui.providers.bedrock.credentials.chain import signing_keys
from candela_tui.providers.bedrock.credentials.keys import BearerKey, Keys
from candela_tui.providers.bedrock.credentials.stored import leased
from candela_tui.providers.identity import Provider

API_KEY = "AWS_BEARER_TOKEN_BEDROCK"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of keys: at most one of API key, profile and account. Without any, it is botocore's chain."""

    api_key: str | None = field(default=None, repr=False)
    profile: str | None = None
    account: Account | None = None
    region: str | None = None
    """The region in the settings or the environment, where STS is asked."""
    signs: bool = False
    """Whether only keys that sign are wanted, because the service accepts no API keys of Bedrock."""


def source_of(
    settings: AwsSettings, environ: Mapping[str, str], accounts: Accounts | None, *, signs: bool = False
) -> Source:
    """Return the current source of keys. ``signs``: API keys of Bedrock are left out.

    Raises CredentialsError if the file of sign-ins can't be read."""
    region = aws_region(settings, environ)
    if not signs and (api_key := environ.get(API_KEY)):
        return Source(api_key=api_key, region=region)
    if settings.profile is not None:
        return Source(profile=settings.profile, region=region, signs=signs)
    account = accounts.of(Provider.BEDROCK) if accounts is not None else None
    return Source(account=account, region=region, signs=signs)


def keys_from(source: Source, vault_of: Callable[[Account], Vault] | None = None) -> Lease[Keys]:
    """Get keys and their expiry. ``vault_of`` opens the vault of an account. Blocks. Raises CredentialsError."""
    if source.api_key is not None:
        return Lease(BearerKey(source.api_key), None)
    if source.account is None or vault_of is None:
        return signing_keys(source.profile, source.region)
    try:
        lease = leased(vault_of(source.account), source.account.place)
    except VaultError as error:
        raise no_secret(error) from None
    if source.signs and isinstance(lease.value, BearerKey):
        return signing_keys(None, source.region)
    return lease
