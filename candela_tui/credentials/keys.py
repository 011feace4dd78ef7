"""What makes a request to AWS somebody's."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Keys that sign requests (SigV4). The secret parts are in no repr."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """The session token of temporary credentials."""


@dataclass(frozen=True, slots=True)
class BearerKey:
    """An API key of Bedrock, sent as it is."""

    token: str = field(repr=False)


Keys = SigningKeys | BearerKey
