"""Create clients of AWS services with given keys, without a profile or the credential chain.

They are botocore clients. ``boto3.Session.client`` passes its arguments to botocore's ``create_client``, so boto3 would
save no code here. Importing it too takes about 100 ms of processor time and 60 modules (boto3 1.44: 290 ms, botocore
alone: 210 ms) before the first request to Bedrock. Profiles, SSO OIDC, STS and signing come from botocore either way.
"""

import logging
from functools import cache
from typing import Any

from candela_tui.credentials.web_page import WebPage, require_no_web_page
from candela_tui.providers.bedrock.credentials.keys import BearerKey, Keys

_CONNECT_S, _READ_S = 10, 20

# CredentialsError reports what botocore warns about, without tracebacks and the output of commands. botocore's debug
# log contains tokens.
logging.getLogger("botocore").setLevel(logging.ERROR)


def plain_session() -> Any:
    """Create a session without a profile, even if AWS_PROFILE names one that does not exist. Blocks."""
    session = _without_profile()
    session.register_component("data_loader", _loader())
    return session


def _without_profile() -> Any:
    from botocore.session import Session

    return Session(session_vars={"profile": (None, None, None, None)})


@cache
def _loader() -> Any:
    # Loading the data holds the GIL for about 50 ms, which delays requests, so it is done only once.
    from botocore.loaders import create_loader

    return create_loader(_without_profile().get_config_variable("data_path"))


def client(service: str, region: str, keys: Keys | None, *, endpoint: str | None = None) -> Any:
    """Create a client, which does not sign its requests if there are no keys. Blocks. Raises BotoCoreError."""
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
    made = session.create_client(service, region_name=region, config=config, endpoint_url=endpoint, **signed_by)
    made.meta.events.register("before-parse", _refuse_web_page)
    return made


def _refuse_web_page(response_dict: dict[str, Any], **_: Any) -> None:
    from botocore.exceptions import HTTPClientError

    body = response_dict["body"]
    try:
        require_no_web_page(response_dict["status_code"], body if isinstance(body, bytes) else b"")
    except WebPage as page:
        raise HTTPClientError(error=page) from None


class _Given:
    """Replaces botocore's chain of token providers."""

    def __init__(self, token: Any) -> None:
        self._token = token

    def load_token(self, **_: Any) -> Any:
        """Return the given token."""
        return self._token
