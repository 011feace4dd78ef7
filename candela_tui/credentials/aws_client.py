"""Clients of AWS's services, by botocore, with keys that are given: no profile and no chain has a say."""

import logging
from functools import cache
from typing import Any

from candela_tui.credentials.keys import BearerKey, Keys

_CONNECT_S, _READ_S = 10, 20

# What botocore warns of is in the words of CredentialsError, without tracebacks and what commands print; and what it
# says for debugging holds tokens.
logging.getLogger("botocore").setLevel(logging.ERROR)


def plain_session() -> Any:
    """A session that no profile is chosen for, also where AWS_PROFILE names one that is not there. Blocks."""
    session = _without_profile()
    session.register_component("data_loader", _loader())
    return session


def _without_profile() -> Any:
    from botocore.session import Session

    return Session(session_vars={"profile": (None, None, None, None)})


@cache
def _loader() -> Any:
    # What it reads holds the GIL for some 50 ms, and requests with it: once is enough.
    from botocore.loaders import create_loader

    return create_loader(_without_profile().get_config_variable("data_path"))


def client(service: str, region: str, keys: Keys | None, *, endpoint: str | None = None) -> Any:
    """A client; without keys it does not sign. Blocks. Raises BotoCoreError."""
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.tokens import FrozenAuthToken

    session = plain_session()
    signed_by: dict[str, Any] = {}
    signature: dict[str, Any] = {}
    if keys is None:
        signature = {"signature_version": UNSIGNED}
    elif isinstance(keys, BearerKey):
        token = FrozenAuthToken(keys.token)
        session.register_component("token_provider", _Given(token))
        signature = {"signature_version": "bearer"}
    else:
        signed_by = {
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.token,
        }
    config = Config(
        connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"mode": "standard", "max_attempts": 2}, **signature
    )
    return session.create_client(service, region_name=region, config=config, endpoint_url=endpoint, **signed_by)


class _Given:
    """In place of botocore's chain of token providers."""

    def __init__(self, token: Any) -> None:
        self._token = token

    def load_token(self, **_: Any) -> Any:
        """What is given."""
        return self._token
