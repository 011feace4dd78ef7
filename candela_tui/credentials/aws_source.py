"""Which of the places that may hold AWS credentials is asked. The first that there is:

1. ``AWS_BEARER_TOKEN_BEDROCK``, an API key of Bedrock, as in AWS's own SDKs;
2. ``[aws] profile`` of config.toml;
3. what its user signed in to with candela;
4. botocore's chain: keys of the environment, ``AWS_PROFILE``, the default profile, containers, EC2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from candela_tui.config.places import aws_region
from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.aws_chain import signing_keys
from candela_tui.credentials.aws_stored import leased
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.keys import BearerKey, Keys
from candela_tui.credentials.shared import Lease
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError

NAME = "aws"
"""Of the account."""
API_KEY = "AWS_BEARER_TOKEN_BEDROCK"


@dataclass(frozen=True, slots=True)
class Source:
    """Where keys come from: at most one of API key, profile and account; none of them is botocore's chain."""

    api_key: str | None = field(default=None, repr=False)
    profile: str | None = None
    account: Account | None = None
    region: str | None = None
    """Of settings or environment; STS is asked there."""


def source_of(settings: AwsSettings, environ: Mapping[str, str], accounts: Accounts | None) -> Source:
    """Where keys come from now. Raises CredentialsError where it is not known what its user signed in to."""
    region = aws_region(settings, environ)
    if api_key := environ.get(API_KEY):
        return Source(api_key=api_key, region=region)
    if settings.profile is not None:
        return Source(profile=settings.profile, region=region)
    return Source(account=accounts.of(NAME) if accounts is not None else None, region=region)


def keys_from(source: Source, vault_of: Callable[[Account], Vault] | None = None) -> Lease[Keys]:
    """Keys, and when they end. ``vault_of`` opens the vault of an account. Blocks. Raises CredentialsError."""
    if source.api_key is not None:
        return Lease(BearerKey(source.api_key), None)
    if source.account is None or vault_of is None:
        return signing_keys(source.profile, source.region)
    try:
        return leased(vault_of(source.account), source.account.place)
    except VaultError as error:
        raise CredentialsError(str(error)) from None
