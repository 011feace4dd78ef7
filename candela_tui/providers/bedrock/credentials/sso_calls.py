"""Call the services of IAM Identity Center. Everything here blocks in botocore."""

from collections.abc import Callable
from typing import Any, TypeVar

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.providers.bedrock.credentials.client import client
from candela_tui.providers.bedrock.credentials.messages import described

T = TypeVar("T")


class SsoUnreachable(CredentialsError):
    """IAM Identity Center can't be reached."""


class SsoRefused(CredentialsError):
    """An error response from AWS."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.for_good = code not in ("InternalServerException", "SlowDownException", "TooManyRequestsException")


def sso_client(service: str, region: str) -> Any:
    """Create a client of one of the services. Raises CredentialsError."""
    return sso_call(region, lambda: client(service, region, keys=None))


def sso_pages(region: str, operation: str, member: str, **asked: str) -> list[dict[str, Any]]:
    """Return all rows of an operation of the portal. Raises CredentialsError."""
    portal = sso_client("sso", region)
    return sso_call(region, lambda: list(portal.get_paginator(operation).paginate(**asked).search(member)))


def sso_call(region: str, ask: Callable[[], T]) -> T:
    """Return the result of a call. Raises SsoRefused, SsoUnreachable."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        # OAuth errors have a description instead of AWS's message.
        said = error.response.get("error_description") or error.response.get("Error", {}).get("Message")
        raise SsoRefused(code, quotable(str(said or code)).rstrip(".")) from None
    except BotoCoreError as error:
        raise SsoUnreachable(f"IAM Identity Center in {region} can't be asked: {described(error)}") from None
