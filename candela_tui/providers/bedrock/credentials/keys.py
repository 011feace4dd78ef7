"""Credentials that authenticate a request to AWS."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Keys that sign requests (SigV4). The repr leaves out the secret parts."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """The session token of temporary credentials."""


@dataclass(frozen=True, slots=True)
class BearerKey:
    """A Bedrock API key, which is sent as a bearer token."""

    token: str = field(repr=False)


Keys = SigningKeys | BearerKey
