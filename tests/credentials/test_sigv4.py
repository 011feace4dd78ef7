import datetime
import re
from typing import Any

import pytest

from candela_tui.providers.bedrock.credentials.keys import BearerKey, SigningKeys
from candela_tui.providers.bedrock.signing import signed
from tests.credentials.endpoint import Endpoint

KEYS = SigningKeys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a-session-token")
NOW = datetime.datetime(2026, 3, 1, 12, 30, 15)  # noqa: DTZ001 - botocore's own have no zone
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW)


def client(service: str, url: str) -> Any:
    """botocore's own, towards a URL."""
    from botocore.config import Config
    from botocore.session import Session

    return Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
        config=Config(retries={"max_attempts": 1}),
    )


@pytest.mark.usefixtures("frozen", "home")
@pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", ARN, "anthropic.claude-opus-4-6-v1"])
async def test_a_model_s_call_is_signed_as_botocore_s_own_client_signs_it(endpoint: Endpoint, model: str) -> None:
    body = b'{"anthropic_version":"bedrock-2023-05-31","messages":[]}'
    endpoint.respond = lambda _request: (200, {})
    client("bedrock-runtime", endpoint.url).invoke_model(modelId=model, body=body, contentType="application/json")
    await _same(endpoint, "Authorization", body)


@pytest.mark.usefixtures("frozen", "home")
async def test_a_list_of_models_is_signed_as_botocore_s_own_client_signs_it(endpoint: Endpoint) -> None:
    endpoint.respond = lambda _request: (200, {"inferenceProfileSummaries": []})
    client("bedrock", endpoint.url).list_inference_profiles(typeEquals="SYSTEM_DEFINED", maxResults=100)
    await _same(endpoint, "Authorization", b"")


async def _same(endpoint: Endpoint, field: str, body: bytes) -> None:
    theirs = endpoint.requests[0]
    assert theirs.body == body
    ours = dict(
        await signed(theirs.method, endpoint.url + theirs.path, list(theirs.headers.items()), body, KEYS, "us-east-1")
    )
    assert ours == {
        "Authorization": theirs.headers["authorization"],
        "X-Amz-Date": theirs.headers["x-amz-date"],
        "X-Amz-Security-Token": KEYS.token,
    }


URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke"


async def test_what_clients_say_of_themselves_is_not_signed_and_guardrails_are() -> None:
    headers = [("User-Agent", "x"), ("Accept-Encoding", "gzip"), ("X-Amzn-Bedrock-GuardrailIdentifier", "g1")]
    added = dict(await signed("POST", URL, [("Content-Type", "application/json"), *headers], b"{}", KEYS, "us-east-1"))
    names = re.search("SignedHeaders=([^,]*)", added["Authorization"])
    assert names is not None
    assert names[1] == "content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-guardrailidentifier"
    assert sorted(added) == ["Authorization", "X-Amz-Date", "X-Amz-Security-Token"]


@pytest.mark.usefixtures("frozen")
async def test_a_signature_of_the_client_s_own_counts_for_nothing() -> None:
    own = [
        ("authorization", "AWS4-HMAC-SHA256 theirs"),
        ("x-amz-date", "20200101T000000Z"),
        ("X-Amz-Security-Token", "theirs"),
        ("x-amz-content-sha256", "0" * 64),
    ]
    assert await signed("POST", URL, own, b"{}", KEYS, "us-east-1") == await signed(
        "POST", URL, [], b"{}", KEYS, "us-east-1"
    )


@pytest.mark.usefixtures("frozen")
async def test_keys_without_a_session_add_no_session() -> None:
    added = await signed("POST", URL, [], b"{}", SigningKeys("AKIA", "secret"), "us-east-1")
    assert sorted(name for name, _ in added) == ["Authorization", "X-Amz-Date"]


async def test_an_api_key_is_sent_as_it_is() -> None:
    added = await signed("POST", URL, [("authorization", "theirs")], b"{}", BearerKey("key-1"), "us-east-1")
    assert added == [("Authorization", "Bearer key-1")]


@pytest.mark.usefixtures("frozen")
async def test_a_body_too_large_for_the_loop_is_signed_the_same() -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    body = b"x" * (3 * 2**20)
    request = AWSRequest("POST", URL, {}, body)
    SigV4Auth(KEYS, "bedrock", "us-east-1").add_auth(request)
    added = dict(await signed("POST", URL, [], body, KEYS, "us-east-1"))
    assert added["Authorization"] == request.headers["Authorization"]


async def test_a_field_that_has_no_signature_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="X-Amzn-Bedrock-Trace is not ASCII"):
        await signed("POST", URL, [("X-Amzn-Bedrock-Trace", "\udcff")], b"{}", KEYS, "us-east-1")


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    "endpoint_url",
    [
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "https://VPCE-1.Bedrock-Runtime.us-east-1.vpce.amazonaws.com:443",
        "https://bedrock.internal:8443",
        "http://127.0.0.1:8080",
        "http://localhost:80",
        "https://[fd00::1]:8443",
    ],
)
async def test_the_host_is_signed_as_botocore_signs_it(endpoint_url: str) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    url = f"{endpoint_url}/inference-profiles?maxResults=100&type=SYSTEM_DEFINED"
    request = AWSRequest("GET", url, {}, b"")
    SigV4Auth(KEYS, "bedrock", "us-east-1").add_auth(request)
    added = dict(await signed("GET", url, [], b"", KEYS, "us-east-1"))
    assert added["Authorization"] == request.headers["Authorization"]
