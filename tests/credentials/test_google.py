import datetime
import json
import threading
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from candela_tui.config.settings import VertexSettings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.errors import FROM_ELSEWHERE
from candela_tui.providers.vertex.credentials import GoogleCredentials
from tests.credentials.conftest import command
from tests.credentials.endpoint import Endpoint, Request

SECRET = "GOCSPX-clientsecret1234567890abcdefghij"
REFRESH_TOKEN = "1//0gRefreshTokenWith4Digits-and_Letters1234567890"


@lru_cache(maxsize=1)
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def service_account(token_uri: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "project_id": "account-project",
        "private_key_id": "k1",
        "private_key": private_key(),
        "client_email": "candela@account-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def user(**more: str) -> dict[str, str]:
    return {
        "type": "authorized_user",
        "client_id": "client-1",
        "client_secret": SECRET,
        "refresh_token": REFRESH_TOKEN,
        **more,
    }


def logged_in(home: Path, adc: dict[str, Any] | str) -> Path:
    """What `gcloud auth application-default login` leaves behind."""
    file = home / "gcloud" / "application_default_credentials.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(adc if isinstance(adc, str) else json.dumps(adc))
    return file


def token(value: str, lasts_s: int = 3600) -> tuple[int, dict[str, Any]]:
    return 200, {"access_token": value, "expires_in": lasts_s, "token_type": "Bearer"}


@pytest.fixture
def google(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """An endpoint for users' refresh tokens: google-auth takes its own address whatever the file says."""
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{endpoint.url}/token")
    monkeypatch.setattr("google.auth._exponential_backoff.time", SimpleNamespace(sleep=lambda _seconds: None))
    return endpoint


async def refusal(*, passing: bool = False, **settings: Any) -> str:
    """What is told when no token can be had, and whether that may pass; nothing that is secret is in it."""
    credentials = GoogleCredentials(VertexSettings(**settings))
    with pytest.raises(CredentialsError) as told:
        await credentials.token()
    await credentials.close()
    words = str(told.value)
    assert told.value.passing is passing
    assert told.value.__cause__ is None
    for secret in (SECRET, REFRESH_TOKEN, *private_key().splitlines()[1:-1]):
        assert secret not in words
    return words


async def test_a_service_account_s_key_brings_a_token_and_its_project(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "key.json").write_text(json.dumps(service_account(f"{endpoint.url}/token")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "key.json"))
    endpoint.respond = lambda _request: token("ya29.one")
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.one"
    assert await credentials.project() == "account-project"
    assert await credentials.token() == "ya29.one"
    assert [parse_qs(request.body.decode())["grant_type"] for request in endpoint.requests] == [
        ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    ]
    await credentials.close()


async def test_a_user_s_login_brings_a_token_and_the_quota_project(home: Path, google: Endpoint) -> None:
    logged_in(home, user(quota_project_id="paying-project"))
    google.respond = lambda _request: token("ya29.user")
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.user"
    assert await credentials.project() == credentials.quota_project == "paying-project"
    assert parse_qs(google.requests[0].body.decode())["refresh_token"] == [REFRESH_TOKEN]
    await credentials.close()


async def test_the_project_that_gcloud_works_in_comes_before_the_one_that_pays(home: Path, google: Endpoint) -> None:
    command(home / "bin" / "gcloud", "echo working-project")
    logged_in(home, user(quota_project_id="paying-project"))
    google.respond = lambda _request: token("ya29.user")
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.project() == "working-project"
    await credentials.close()


async def test_a_project_of_settings_or_environment_needs_no_credentials(home: Path) -> None:
    assert await GoogleCredentials(VertexSettings(project="mine")).project() == "mine"
    assert await GoogleCredentials(VertexSettings(), {"ANTHROPIC_VERTEX_PROJECT_ID": "env"}).project() == "env"


async def test_an_impersonated_service_account_s_token_is_asked_for_with_the_user_s(
    home: Path, google: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.auth.iam._IAM_ENDPOINT", google.url + "/impersonate/{}")
    target = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p.iam.gserviceaccount.com"
    logged_in(
        home,
        {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": f"{target}:generateAccessToken",
            "source_credentials": user(),
        },
    )
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)

    def respond(request: Request) -> tuple[int, Any]:
        if request.path == "/token":
            return token("ya29.user")
        assert request.path == "/impersonate/robot@p.iam.gserviceaccount.com"
        assert request.headers["authorization"] == "Bearer ya29.user"
        return 200, {"accessToken": "ya29.robot", "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}

    google.respond = respond
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.robot"
    await credentials.close()
    google.respond = lambda request: (
        token("ya29.user")
        if request.path == "/token"
        else (403, {"error": {"message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource"}})
    )
    assert "Permission 'iam.serviceAccounts.getAccessToken' denied" in await refusal()


async def test_workload_identity_exchanges_the_machine_s_own_token(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "oidc").write_text("token-of-the-workload")
    audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/p"
    (home / "wif.json").write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": audience,
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": f"{endpoint.url}/sts",
                "credential_source": {"file": str(home / "oidc")},
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "wif.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "workload-project")
    endpoint.respond = lambda _request: token("ya29.workload")
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.workload"
    assert parse_qs(endpoint.requests[0].body.decode())["subject_token"] == ["token-of-the-workload"]
    await credentials.close()


@pytest.fixture
def metadata_server(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setenv("GCE_METADATA_IP", endpoint.address)
    monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", endpoint.address)
    endpoint.fields = {"Metadata-Flavor": "Google"}
    given = ["ya29.machine"]

    def respond(request: Request) -> tuple[int, Any]:
        path = request.path.partition("?")[0]
        if path.endswith("/project/project-id"):
            return 200, "machine-project"
        if path.endswith("/token"):
            return token(given[0])
        if path.endswith("/default/"):
            return 200, {"email": "robot@p.iam.gserviceaccount.com", "scopes": [], "aliases": ["default"]}
        return 200, ""

    endpoint.respond = respond
    return endpoint


async def test_something_of_another_cloud_at_that_address_is_none_of_googles(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_IP", endpoint.address)
    endpoint.respond = lambda _request: (200, "latest")
    credentials = GoogleCredentials(VertexSettings())
    with pytest.raises(CredentialsError, match="there are no Google credentials"):
        await credentials.token()
    await credentials.close()


async def test_a_metadata_server_gives_token_and_project(metadata_server: Endpoint) -> None:
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.machine"
    assert await credentials.project() == "machine-project"
    await credentials.close()


async def test_a_refused_token_that_a_metadata_server_gives_again_is_told_as_that(metadata_server: Endpoint) -> None:
    credentials = GoogleCredentials(VertexSettings())
    refused = await credentials.token()
    with pytest.raises(CredentialsError, match=r"Google refused the access token, and .* gives the same again"):
        await credentials.renewed(refused)
    await credentials.close()


async def test_a_refused_token_is_renewed(home: Path, google: Endpoint) -> None:
    logged_in(home, user())
    google.respond = lambda _request: token(f"ya29.{len(google.requests)}")
    credentials = GoogleCredentials(VertexSettings())
    refused = await credentials.token()
    assert await credentials.renewed(refused) == "ya29.2"
    assert await credentials.token() == "ya29.2"
    await credentials.close()


async def test_without_any_credentials_the_login_is_named(home: Path) -> None:
    words = await refusal()
    assert words.startswith("there are no Google credentials: run `candela auth login --provider gcp` or `gcloud auth ")


async def test_a_login_in_another_terminal_mends_a_candela_that_runs(home: Path, google: Endpoint) -> None:
    credentials = GoogleCredentials(VertexSettings())
    with pytest.raises(CredentialsError):
        await credentials.token()
    logged_in(home, user())
    google.respond = lambda _request: token("ya29.user")
    assert await credentials.token() == "ya29.user"
    await credentials.close()


async def test_a_file_that_is_not_there_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    words = await refusal()
    assert words.startswith("GOOGLE_APPLICATION_CREDENTIALS names /nowhere/key.json, which does not exist")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '"text"',
        '{"type": "service_account"}',
        '{"type": "authorized_user", "client_id": "1"}',
        '{"type": "external_account"}',
        '{"type": "impersonated_service_account"}',
        '{"type": "service_account", "client_email": "a", "token_uri": "b", "private_key": "' + REFRESH_TOKEN + '"}',
    ],
)
async def test_a_broken_file_is_named_with_the_command_that_writes_it_again(home: Path, content: str) -> None:
    file = logged_in(home, content)
    words = await refusal()
    assert words.startswith(f"{file} holds no Google credentials that can be used: ")
    assert words.endswith("Run `gcloud auth application-default login`.")


async def test_a_file_that_is_no_text_is_named(home: Path) -> None:
    file = logged_in(home, "")
    file.write_bytes(b"\xff\xfe\x00")
    assert (await refusal()).startswith(f"{file} holds no Google credentials that can be used: ")


async def test_a_file_that_may_not_be_read_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home))
    assert (await refusal()).startswith(f"{home} holds no Google credentials that can be used: ")


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
        {"error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)", "error_subtype": "rapt"},
        {"error": "invalid_grant", "error_description": "reauth", "error_subtype": "invalid_rapt"},
    ],
)
async def test_a_login_that_is_over_says_so_with_the_command_that_renews_it(
    home: Path, google: Endpoint, answer: dict[str, str]
) -> None:
    file = logged_in(home, user())
    google.respond = lambda _request: (400, answer)
    words = await refusal()
    assert words.startswith(f"Google gave no access token for {file}: ")
    assert words.endswith("Run `gcloud auth application-default login`.")
    assert answer["error_description"].rstrip(".") in words or "Reauthentication is needed" in words


async def test_a_clock_that_is_wrong_is_told(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "key.json").write_text(json.dumps(service_account(f"{endpoint.url}/token")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "key.json"))
    said = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    endpoint.respond = lambda _request: (400, {"error": "invalid_grant", "error_description": said})
    assert (await refusal()).endswith("timeframe. Set this machine's clock.")


async def test_a_token_endpoint_out_of_order_is_no_reason_to_log_in_again(home: Path, google: Endpoint) -> None:
    logged_in(home, user())
    google.respond = lambda _request: (503, {"error": "temporarily_unavailable"})
    words = await refusal(passing=True)
    assert words.endswith("this time: temporarily_unavailable. Try again later.")


@pytest.mark.parametrize("status", [200, 403])
async def test_a_web_page_on_the_way_is_no_reason_to_log_in_again(home: Path, google: Endpoint, status: int) -> None:
    file = logged_in(home, user())
    google.respond = lambda _request: (status, "<html><title>Guest Wi-Fi</title></html>")
    assert await refusal(passing=True) == (
        f"Google gave no access token for {file}: a web page came in place of an answer (HTTP {status}): "
        f'"Guest Wi-Fi". {FROM_ELSEWHERE}'
    )


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Account has been deleted", "The account was deleted, so another one is needed."),
        ("Invalid grant: account not found", "The service account was deleted, so the key of another one is needed."),
        ("Invalid JWT Signature.", "This key of the service account was deleted."),
    ],
)
async def test_what_is_gone_is_named_before_the_command(home: Path, google: Endpoint, said: str, cause: str) -> None:
    logged_in(home, user())
    google.respond = lambda _request: (400, {"error": "invalid_grant", "error_description": said})
    assert (await refusal()).endswith(f". {cause} Run `gcloud auth application-default login`.")


async def test_an_answer_without_a_token_is_not_taken_for_one(home: Path, google: Endpoint) -> None:
    logged_in(home, user())
    google.respond = lambda _request: (200, {"id_token": "eyJhbGciOi.x"})
    assert "No access token in response" in await refusal()


async def test_a_token_endpoint_out_of_reach_is_named(
    home: Path, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "key.json").write_text(json.dumps(service_account(f"http://{nobody_listens}/token?x=secret")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "key.json"))
    words = await refusal(passing=True)
    assert words.startswith(f"candela could not reach http://{nobody_listens}/token for a Google access token")
    assert "secret" not in words


async def test_a_company_s_own_ca_is_trusted_where_requests_is_told_of_it(
    home: Path, tls_endpoint: Endpoint, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "key.json").write_text(json.dumps(service_account(f"{tls_endpoint.url}/token")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "key.json"))
    tls_endpoint.respond = lambda _request: token("ya29.one")
    assert (await refusal()).endswith("certificate is not trusted. Set REQUESTS_CA_BUNDLE to a file with its CA (PEM).")
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home / "ca.pem"))
    credentials = GoogleCredentials(VertexSettings())
    assert await credentials.token() == "ya29.one"
    await credentials.close()


async def test_a_ca_file_that_is_not_there_is_named(
    home: Path, tls_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "key.json").write_text(json.dumps(service_account(f"{tls_endpoint.url}/token")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(home / "key.json"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    words = await refusal()
    assert words.endswith("invalid path: /nowhere/ca.pem. Correct REQUESTS_CA_BUNDLE.")


async def test_a_token_endpoint_that_hangs_holds_a_request_no_longer_than_the_limit(
    home: Path, google: Endpoint
) -> None:
    logged_in(home, user())
    released = threading.Event()

    def hang(_request: Request) -> tuple[int, Any]:
        released.wait()
        return token("ya29.late")

    google.respond = hang
    credentials = GoogleCredentials(VertexSettings(), limit_s=0.05)
    with pytest.raises(CredentialsError, match=r"Google credentials: no answer within 0.05 s"):
        await credentials.token()
    released.set()
    await credentials.close()
