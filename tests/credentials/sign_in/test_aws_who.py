from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.protocol.errors import FROM_ELSEWHERE
from candela_tui.providers.bedrock.credentials.keys import BearerKey, SigningKeys
from candela_tui.providers.bedrock.credentials.stored import StoredApiKey, StoredKeys, keep
from candela_tui.providers.bedrock.sign_in.live_check import who
from candela_tui.providers.identity import Provider
from tests.credentials.endpoint import Endpoint, Request
from tests.credentials.sign_in.aws_context import SignInSetup

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ME = "arn:aws:iam::123456789012:user/jo"
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult>"
    f"<Arn>{ME}</Arn><UserId>A</UserId><Account>123456789012</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def profile(*models: str) -> dict[str, Any]:
    return {
        "inferenceProfileName": "p",
        "inferenceProfileArn": "arn:aws:bedrock:us-east-1:1:inference-profile/p",
        "inferenceProfileId": "p",
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        "models": [{"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}"} for model in models],
    }


class Aws:
    """STS and Bedrock's control plane at one address."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.identity: tuple[int, Any] = (200, IDENTITY)
        self.pages: list[list[dict[str, Any]]] = [[profile("anthropic.claude-haiku-4-5"), profile("amazon.nova")]]
        self.refusal: tuple[str, str] | None = None
        self.asked: list[Request] = []
        endpoint.respond = self._respond

    def _respond(self, request: Request) -> tuple[int, Any]:
        self.endpoint.fields = {}
        if not request.path.startswith("/inference-profiles"):
            return self.identity
        self.asked.append(request)
        if self.refusal is not None:
            self.endpoint.fields = {"x-amzn-ErrorType": self.refusal[0]}
            return 403, {"message": self.refusal[1]}
        at = len(self.asked) - 1
        more = {"nextToken": "more"} if at + 1 < len(self.pages) else {}
        return 200, {"inferenceProfileSummaries": self.pages[at], **more}


@pytest.fixture
def aws(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS, with keys of the environment and a region."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", endpoint.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Aws(endpoint)


async def test_who_it_is_and_what_bedrock_lists_is_told(setup: SignInSetup, aws: Aws) -> None:
    aws.pages = [[profile("anthropic.claude-haiku"), profile("amazon.nova")], [profile("anthropic.claude-opus")]]
    assert await who(setup.context) == [
        CheckLine("ok", f"{ME} in the account 123456789012"),
        CheckLine("ok", "Bedrock in us-east-1 lists 2 inference profiles of Claude models"),
    ]
    assert "Credential=AKIAENV/" in aws.asked[0].headers["authorization"]


async def test_what_candela_keeps_is_asked_before_the_environment(setup: SignInSetup, aws: Aws) -> None:
    keep(setup.vault, StoredKeys(SigningKeys("AKIAOWN", SECRET)))
    setup.accounts.put(Provider.BEDROCK, Account("file", setup.vault.place, "jo", datetime.now(UTC)))
    assert [line.state for line in await who(setup.context)] == ["ok", "ok"]
    assert "Credential=AKIAOWN/" in aws.asked[0].headers["authorization"]


async def test_an_api_key_names_nobody_and_lists_the_profiles(
    setup: SignInSetup, aws: Aws, tls_endpoint: Endpoint, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    # botocore sends no bearer key in the clear.
    over_tls = Aws(tls_endpoint)
    authority.cert_pem.write_to_path(setup.folder / "ca.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(setup.folder / "ca.pem"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", tls_endpoint.url)
    keep(setup.vault, StoredApiKey(BearerKey("ABSKsecret")))
    setup.accounts.put(Provider.BEDROCK, Account("file", setup.vault.place, "a key", datetime.now(UTC)))
    first, second = await who(setup.context)
    assert first.words == "a Bedrock API key of candela's vault: AWS does not say whose it is"
    assert second == CheckLine("ok", "Bedrock in us-east-1 lists 1 inference profile of Claude models")
    assert over_tls.asked[0].headers["authorization"] == "Bearer ABSKsecret"


async def test_an_own_endpoint_is_asked(setup: SignInSetup, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK")
    setup.config.write_text(f'[aws]\nbase_url = "{aws.endpoint.url}"\n')
    assert [line.state for line in await who(setup.context)] == ["ok", "ok"]


async def test_access_denied_names_the_action_that_it_takes(setup: SignInSetup, aws: Aws) -> None:
    said = f"User: {ME} is not authorized to perform: bedrock:ListInferenceProfiles"
    aws.refusal = ("AccessDeniedException", said)
    line = (await who(setup.context))[1]
    assert line.state == "warn"
    assert line.words == f"Bedrock in us-east-1 does not list its inference profiles: {said}"
    assert line.fix == (
        "ask for an IAM policy that allows bedrock:ListInferenceProfiles; Claude Code itself needs "
        "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"
    )


async def test_a_region_that_is_not_enabled_is_a_possible_reason(setup: SignInSetup, aws: Aws) -> None:
    aws.refusal = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    line = (await who(setup.context))[1]
    assert line.state == "bad"
    assert "a region that must be enabled first says this, too" in line.fix


async def test_a_region_without_claude_says_where_to_look(setup: SignInSetup, aws: Aws) -> None:
    aws.pages = [[profile("amazon.nova")]]
    line = (await who(setup.context))[1]
    assert (line.state, line.words) == ("warn", "Bedrock in us-east-1 lists no inference profile of a Claude model")


async def test_keys_that_aws_does_not_know_end_the_check(setup: SignInSetup, aws: Aws) -> None:
    error = "<Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message></Error>"
    aws.identity = (403, f"<ErrorResponse>{error}</ErrorResponse>")
    (line,) = await who(setup.context)
    assert line.state == "bad"
    assert line.words.startswith("AWS does not know this access key")
    assert line.fix == "run `candela auth login --provider aws`"


async def test_no_region_is_told_with_what_sets_one(
    setup: SignInSetup, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    line = (await who(setup.context))[1]
    assert line == CheckLine(
        "bad", "no AWS region is known", "set [aws] region, or AWS_REGION, to where you have Claude on Bedrock"
    )


async def test_bedrock_out_of_reach_is_named(
    setup: SignInSetup, aws: Aws, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", f"http://{nobody_listens}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    line = (await who(setup.context))[1]
    assert line.state == "bad"
    assert nobody_listens in line.words


async def test_without_credentials_the_command_that_signs_in_is_named(
    home: Path, setup: SignInSetup, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert await who(setup.context) == [
        CheckLine("bad", "there are no AWS credentials: run `candela auth login --provider aws`")
    ]


async def test_a_locked_vault_is_told(setup: SignInSetup, aws: Aws) -> None:
    keep(setup.vault, StoredKeys(SigningKeys("AKIAOWN", SECRET)))
    setup.accounts.put(Provider.BEDROCK, Account("file", setup.vault.place, "jo", datetime.now(UTC)))
    setup.vault_file.write_text("{}")
    (line,) = await who(setup.context)
    assert line.state == "bad"
    assert "is damaged" in line.words


@pytest.mark.parametrize("status", [200, 403])
async def test_a_web_page_is_not_taken_for_an_answer_of_aws(setup: SignInSetup, aws: Aws, status: int) -> None:
    page = (status, "<html><title>Guest Wi-Fi</title></html>")
    aws.identity = page
    [line] = await who(setup.context)
    said = f'a web page came in place of an answer (HTTP {status}): "Guest Wi-Fi". {FROM_ELSEWHERE}'.rstrip(".")
    assert line == CheckLine("bad", f"AWS STS in us-east-1 can't be asked: {said}")
    aws.identity = (200, IDENTITY)
    aws.endpoint.respond = lambda request: page if request.path.startswith("/inference") else aws.identity
    assert (await who(setup.context))[1] == CheckLine("bad", f"Bedrock in us-east-1 can't be asked: {said}")


async def test_a_wrong_clock_is_no_reason_to_sign_in_again(setup: SignInSetup, aws: Aws) -> None:
    said = "Signature expired: 20261129T000000Z is now earlier than 20261129T001000Z"
    code = f"<Error><Code>SignatureDoesNotMatch</Code><Message>{said}</Message></Error>"
    aws.identity = (403, f"<ErrorResponse>{code}</ErrorResponse>")
    [line] = await who(setup.context)
    assert line == CheckLine("bad", f"AWS refused the signature: {said}. Set this machine's clock")
