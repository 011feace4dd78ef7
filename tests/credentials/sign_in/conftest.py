"""What signing in to AWS needs, without AWS."""

from pathlib import Path

import pytest

from tests.credentials.endpoint import Endpoint
from tests.credentials.identity_center import IdentityCenter
from tests.credentials.sign_in.aws_context import PASSPHRASE, SignInSetup


@pytest.fixture
def setup(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SignInSetup:
    """Where candela keeps its files."""
    folder = tmp_path / "office"
    folder.mkdir()
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    return SignInSetup(folder)


@pytest.fixture
def center(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> IdentityCenter:
    """IAM Identity Center; botocore knows its user's home since it was imported."""
    cache = str(home / ".aws" / "sso" / "cache")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", endpoint.url)
    return IdentityCenter(endpoint)
