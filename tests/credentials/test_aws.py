import datetime
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.errors import CredentialsError
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, BearerKey, SigningKeys
from tests.credentials.conftest import command
from tests.credentials.endpoint import Endpoint, Request

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STATIC = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n"


def in_an_hour() -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def temporary(name: str) -> dict[str, str]:
    """Keys as containers and EC2 give them."""
    return {
        "Code": "Success",
        "AccessKeyId": name,
        "SecretAccessKey": SECRET,
        "Token": "session",
        "Expiration": in_an_hour(),
    }


def configured(home: Path, config: str = "", credentials: str = "") -> None:
    (home / "config").write_text(config)
    (home / "credentials").write_text(credentials)


async def keys(**settings: Any) -> SigningKeys:
    credentials = AwsCredentials(AwsSettings(**settings))
    try:
        found = await credentials.keys()
    finally:
        await credentials.close()
    assert isinstance(found, SigningKeys)
    return found


async def refusal(*, passing: bool = False, **settings: Any) -> str:
    """What is told when there are no keys, and whether that may pass; nothing that is secret is in it."""
    with pytest.raises(CredentialsError) as told:
        await keys(**settings)
    assert SECRET not in str(told.value)
    assert told.value.passing is passing
    assert told.value.__cause__ is None
    return str(told.value)


async def test_keys_of_the_environment_are_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert await keys() == SigningKeys("AKIAENV", SECRET)


async def test_a_profile_of_the_settings_goes_before_keys_of_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    configured(home, credentials=f"[work]\n{STATIC}")
    assert (await keys(profile="work")).access_key == "AKIAIOSFODNN7EXAMPLE"


async def test_aws_profile_chooses_the_profile_and_its_region(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    configured(home, "[profile work]\nregion = eu-central-1\n", f"[work]\n{STATIC}")
    credentials = AwsCredentials(AwsSettings())
    assert await credentials.keys() == SigningKeys("AKIAIOSFODNN7EXAMPLE", SECRET)
    assert await credentials.region() == "eu-central-1"
    await credentials.close()


async def test_a_region_of_settings_or_environment_goes_before_the_profile_s(home: Path) -> None:
    configured(home, "[default]\nregion = eu-central-1\n")
    assert await AwsCredentials(AwsSettings(region="us-east-1")).region() == "us-east-1"
    assert await AwsCredentials(AwsSettings(), {"AWS_REGION": "us-west-2"}).region() == "us-west-2"
    assert await AwsCredentials(AwsSettings()).region() == "eu-central-1"


async def test_no_region_anywhere_is_no_error(home: Path) -> None:
    assert await AwsCredentials(AwsSettings()).region() is None


async def test_an_api_key_of_bedrock_goes_before_everything(home: Path) -> None:
    credentials = AwsCredentials(AwsSettings(), {"AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-1"})
    key = await credentials.keys()
    assert key == BearerKey("bedrock-api-key-1")
    assert "bedrock-api-key-1" not in repr(key)
    with pytest.raises(CredentialsError, match="AWS refused the API key of AWS_BEARER_TOKEN_BEDROCK"):
        await credentials.renewed(key)
    await credentials.close()


def test_no_secret_is_in_what_keys_show_of_themselves() -> None:
    assert repr(SigningKeys("AKIA", SECRET, "session")) == "SigningKeys(access_key='AKIA')"


async def test_a_container_s_endpoint_gives_keys(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{endpoint.url}/keys")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me")
    endpoint.respond = lambda _request: (200, temporary("ASIATASK"))
    assert await keys() == SigningKeys("ASIATASK", SECRET, "session")
    assert endpoint.requests[0].headers["authorization"] == "let-me"


async def test_a_machine_s_role_on_ec2_gives_keys(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.url)
    base = "/latest/meta-data/iam/security-credentials/"
    answers = {"/latest/api/token": "imds-token", base: "role", f"{base}role": temporary("ASIAEC2")}
    endpoint.respond = lambda request: (200, answers[request.path])
    assert await keys() == SigningKeys("ASIAEC2", SECRET, "session")
    assert endpoint.requests[-1].headers["x-aws-ec2-metadata-token"] == "imds-token"


def process(home: Path, script: str) -> None:
    """A default profile whose keys a command prints."""
    file = command(home / "bin" / "get-keys", script)
    configured(home, f"[default]\ncredential_process = {file} --password hunter2\n")


def printed(**fields: Any) -> str:
    return f"echo '{json.dumps({'Version': 1, 'AccessKeyId': 'ASIACMD', 'SecretAccessKey': SECRET, **fields})}'"


async def test_a_command_s_keys_are_taken_and_not_asked_for_again_while_they_last(home: Path) -> None:
    process(home, f"echo run >> {home}/runs\n{printed(SessionToken='session', Expiration=in_an_hour())}")
    credentials = AwsCredentials(AwsSettings())
    first = await credentials.keys()
    assert first == SigningKeys("ASIACMD", SECRET, "session")
    assert await credentials.keys() == first
    assert (home / "runs").read_text() == "run\n"
    await credentials.close()


async def test_keys_that_end_are_known_to_end(home: Path) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=9)
    file = home / "keys.json"
    process(home, f"read -r line < {file}; echo $line")
    given = {"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t"}
    file.write_text(json.dumps({**given, "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}) + "\n")
    credentials = AwsCredentials(AwsSettings())
    assert await credentials.keys() == SigningKeys("ASIA1", "s", "t")
    file.write_text(json.dumps({**given, "AccessKeyId": "ASIA2", "Expiration": in_an_hour()}) + "\n")
    assert await credentials.keys() == SigningKeys("ASIA2", "s", "t")
    await credentials.close()


async def test_a_command_that_fails_is_named_with_what_it_says(home: Path) -> None:
    process(home, f"echo 'vault is sealed, {SECRET}' >&2; exit 1")
    words = await refusal()
    assert (
        words
        == "get-keys, the credential_process of the AWS profile default, gave no keys: vault is sealed, [redacted]"
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo nonsense", "its output is not JSON"),
        ("echo '[]'", ""),
        ("echo '{\"Version\": 2}'", "Unsupported version '2'"),
        ("echo '{\"Version\": 1}'", "Missing required key"),
    ],
)
async def test_a_command_that_prints_no_keys_is_named(home: Path, script: str, said: str) -> None:
    process(home, script)
    words = await refusal()
    assert words.startswith("get-keys, the credential_process of the AWS profile default, gave no keys: ")
    assert said in words
    assert "hunter2" not in words


async def test_a_command_that_is_not_there_is_named(home: Path) -> None:
    configured(home, "[default]\ncredential_process = /nowhere/get-keys\n")
    assert (await refusal()).endswith("gave no keys: there is no such program")


async def test_a_command_that_hangs_holds_a_request_no_longer_than_the_limit(home: Path) -> None:
    pipe = home / "pipe"
    os.mkfifo(pipe)
    process(home, f"read -r line < {pipe}")
    credentials = AwsCredentials(AwsSettings(), limit_s=0.5)
    with pytest.raises(CredentialsError, match=r"^AWS credentials: no answer within 0.5 s"):
        await credentials.keys()
    pipe.write_text("over\n")
    await credentials.close()


async def test_without_any_keys_the_commands_that_set_them_are_named(home: Path) -> None:
    words = await refusal()
    assert words == "there are no AWS credentials: run `candela auth login --provider aws`"


async def test_without_keys_the_profiles_that_may_have_some_are_named(home: Path) -> None:
    configured(home, "[profile play]\nregion = us-east-1\n[profile work]\nregion = us-east-1\n")
    assert (await refusal()).endswith("or set [aws] profile or AWS_PROFILE to one of play, work")


async def test_an_unknown_profile_is_named_beside_those_that_exist(home: Path) -> None:
    configured(home, "[profile work]\nregion = us-east-1\n")
    words = "there is no AWS profile wrok: set [aws] profile or AWS_PROFILE to one of work"
    assert await refusal(profile="wrok") == words
    with pytest.raises(CredentialsError, match="there is no AWS profile wrok"):
        await AwsCredentials(AwsSettings(profile="wrok")).region()


async def test_a_profile_where_there_are_none_at_all_is_told(home: Path) -> None:
    assert await refusal(profile="work") == "there is no AWS profile work: there are none; run `aws configure`"


@pytest.mark.parametrize("name", ["config", "credentials"])
async def test_a_broken_file_is_named(home: Path, name: str) -> None:
    (home / name).write_text(f"[default\n{SECRET}\n")
    assert await refusal() == f"Unable to parse config file: {home / name}. Correct it."


@pytest.mark.parametrize("content", [b"\xff\xfe[default]\n", b"[default]\nregion = \xe9\n"])
async def test_a_file_that_is_no_text_is_named(home: Path, content: bytes) -> None:
    (home / "config").write_bytes(content)
    assert str(home / "config") in await refusal()


async def test_half_a_key_is_told(home: Path) -> None:
    configured(home, credentials="[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
    assert "missing: aws_secret_access_key" in await refusal()


async def test_keys_changed_in_the_file_are_taken_when_the_old_ones_are_refused(home: Path) -> None:
    configured(home, credentials=f"[default]\n{STATIC}")
    credentials = AwsCredentials(AwsSettings())
    refused = await credentials.keys()
    with pytest.raises(CredentialsError, match="AWS refused the keys of the profile default, and they are still"):
        await credentials.renewed(refused)
    configured(home, credentials="[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = new\n")
    assert await credentials.renewed(refused) == SigningKeys("AKIANEW", "new")
    await credentials.close()


SSO = """[default]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Developer
"""
SSO_SESSION = """[profile work]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
"""


def signed_in(home: Path, name: str, ends: str, **more: str) -> None:
    """What `aws sso login` leaves behind."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    content = {"startUrl": "https://example.awsapps.com/start", "accessToken": SECRET, "expiresAt": ends, **more}
    (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(json.dumps(content))


@pytest.fixture
def sso(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """SSO's portal; botocore knows its user's home since it was imported."""
    cache = str(home / ".aws" / "sso" / "cache")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint.url)
    ends = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).timestamp()

    def respond(request: Request) -> tuple[int, Any]:
        if request.headers["x-amz-sso_bearer_token"] != SECRET:
            return 401, {"message": "Session token not found or invalid"}
        given = {"accessKeyId": "ASIASSO", "secretAccessKey": SECRET, "sessionToken": "session"}
        return 200, {"roleCredentials": {**given, "expiration": int(ends * 1000)}}

    endpoint.respond = respond
    return endpoint


async def test_a_sign_in_with_sso_that_ended_is_mended_by_the_command_that_is_named(home: Path, sso: Endpoint) -> None:
    configured(home, SSO)
    credentials = AwsCredentials(AwsSettings())
    told = (
        "the SSO session of the AWS profile default has ended or never began: run `candela auth login --provider aws` "
        "or `aws sso login`"
    )
    with pytest.raises(CredentialsError) as never_began:
        await credentials.keys()
    signed_in(home, "https://example.awsapps.com/start", "2020-01-01T00:00:00Z")
    with pytest.raises(CredentialsError) as ended:
        await credentials.keys()
    assert str(never_began.value) == str(ended.value) == told
    signed_in(home, "https://example.awsapps.com/start", in_an_hour())
    assert await credentials.keys() == SigningKeys("ASIASSO", SECRET, "session")
    await credentials.close()


async def test_an_sso_session_names_its_profile_in_the_command(home: Path, sso: Endpoint) -> None:
    configured(home, SSO_SESSION)
    signed_in(home, "corp", "2020-01-01T00:00:00Z")
    words = await refusal(profile="work")
    assert words.endswith("run `candela auth login --provider aws` or `aws sso login --profile work`")
    signed_in(home, "corp", in_an_hour())
    assert await keys(profile="work") == SigningKeys("ASIASSO", SECRET, "session")


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    """AWS as moto plays it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def role(home: Path, **more: str) -> None:
    """A role that the keys of another profile assume."""
    lines = {"role_arn": "arn:aws:iam::123456789012:role/developer", "source_profile": "base", **more}
    configured(
        home, "[profile dev]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()), f"[base]\n{STATIC}"
    )


async def test_a_role_is_assumed_and_renewed(home: Path, sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
    role(home)
    credentials = AwsCredentials(AwsSettings(profile="dev", region="us-east-1"))
    first = await credentials.keys()
    assert isinstance(first, SigningKeys)
    assert first.access_key.startswith("ASIA")
    assert first.token
    again = await credentials.renewed(first)
    assert again not in (first, SigningKeys("AKIAIOSFODNN7EXAMPLE", SECRET))
    await credentials.close()


async def test_a_role_whose_source_is_sso_names_the_profile_to_sign_in_with(home: Path, sso: Endpoint) -> None:
    configured(home, f"{SSO_SESSION}[profile dev]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = work\n")
    words = await refusal(profile="dev", region="us-east-1")
    assert "of the AWS profile work has ended or never began: " in words
    assert words.endswith("run `candela auth login --provider aws` or `aws sso login --profile work`")


async def test_a_command_that_gives_a_role_s_first_keys_is_named(home: Path) -> None:
    file = command(home / "bin" / "get-keys", "echo sealed >&2; exit 1")
    configured(
        home,
        "[profile dev]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
        f"[profile base]\ncredential_process = {file}\n",
    )
    words = "get-keys, the credential_process of the AWS profile base, gave no keys: sealed"
    assert await refusal(profile="dev", region="us-east-1") == words


async def test_a_role_that_may_not_be_assumed_is_told_in_aws_s_words(
    home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    role(home)
    who = "User: arn:aws:iam::123456789012:user/jo is not authorized to perform: sts:AssumeRole"
    endpoint.respond = lambda _request: (
        403,
        f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{who}</Message></Error></ErrorResponse>",
    )
    assert who in await refusal(profile="dev", region="us-east-1")


async def test_a_clock_that_is_wrong_is_told(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    role(home)
    said = "Signature expired: 20260301T000000Z is now earlier than 20260301T010000Z (20260301T011500Z - 15 min.)"
    endpoint.respond = lambda _request: (
        403,
        f"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>{said}</Message></Error></ErrorResponse>",
    )
    assert (await refusal(profile="dev", region="us-east-1")).endswith("Set this machine's clock.")


async def test_sts_behind_a_ca_that_nobody_knows_says_how_to_make_it_known(
    home: Path, tls_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", tls_endpoint.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    role(home)
    words = await refusal(profile="dev", region="us-east-1")
    assert words.endswith("Set AWS_CA_BUNDLE to a file with its CA (PEM).")


async def test_sts_out_of_reach_is_named(home: Path, nobody_listens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{nobody_listens}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    role(home)
    assert f"http://{nobody_listens}" in await refusal(passing=True, profile="dev", region="us-east-1")


async def test_a_role_that_wants_an_mfa_code_takes_the_session_that_the_aws_cli_keeps(
    home: Path, sts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
    role(home, mfa_serial="arn:aws:iam::123456789012:mfa/jo")
    credentials = AwsCredentials(AwsSettings(profile="dev", region="us-east-1"))
    with pytest.raises(CredentialsError, match="run `aws sts get-caller-identity --profile dev`") as told:
        await credentials.keys()
    assert "MFA" in str(told.value)
    by_cli = _asked_with_a_code(home)
    assert await credentials.keys() == by_cli
    await credentials.close()


def _asked_with_a_code(home: Path) -> SigningKeys:
    """As the AWS CLI does it: botocore, with its cache in files."""
    from botocore.session import Session
    from botocore.utils import JSONFileCache

    session = Session(profile="dev")
    session.set_config_variable("region", "us-east-1")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(home / ".aws" / "cli" / "cache"))
    provider._prompter = lambda _prompt: "123456"
    frozen = session.get_credentials().get_frozen_credentials()
    return SigningKeys(frozen.access_key, frozen.secret_key, frozen.token)
