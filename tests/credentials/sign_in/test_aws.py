import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, BearerKey, SigningKeys
from candela_tui.providers.bedrock.credentials.sso import SsoToken
from candela_tui.providers.bedrock.sign_in.aws import SIGN_IN
from candela_tui.providers.bedrock.sign_in.device import by_code
from candela_tui.providers.identity import Provider
from tests.credentials.conftest import command
from tests.credentials.endpoint import Endpoint
from tests.credentials.identity_center import START_URL, IdentityCenter
from tests.credentials.sign_in.aws_context import SignInSetup
from tests.credentials.sign_in.aws_user import User

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
STATIC = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n"
SSO_PROFILE = f"""[profile work]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = Developer
region = eu-central-1
[sso-session corp]
sso_start_url = {START_URL}
sso_region = us-east-1
sso_registration_scopes = sso:account:access
"""
MFA = "arn:aws:iam::123456789012:mfa/jo"
REGION = ("Which AWS region?", "eu-west-1")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """AWS as moto plays it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def sts(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its STS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    return moto


async def signed_in(setup: SignInSetup, method: str, user: User) -> Account | None:
    """Sign in in one of the ways that are offered."""
    way = next(way for way in await SIGN_IN.methods(setup.context) if method in (way.id, way.key, *way.also))
    account = await way.run(setup.context, user)
    assert user.done
    return account


async def refused(setup: SignInSetup, method: str, user: User) -> str:
    """What is told when that fails."""
    with pytest.raises(CredentialsError) as told:
        await signed_in(setup, method, user)
    assert told.value.__cause__ is None
    return str(told.value)


async def keys(credentials: AwsCredentials) -> Any:
    """The keys that a request would get."""
    try:
        return await credentials.keys()
    finally:
        await credentials.close()


def sts_refuses(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    answer = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    endpoint.respond = lambda _request: (403, answer)


async def test_the_ways_to_sign_in_begin_with_the_profiles_that_are_there(home: Path, setup: SignInSetup) -> None:
    assert [way.id for way in await SIGN_IN.methods(setup.context)] == ["sso-code", "keys", "role", "api-key"]
    (home / "config").write_text("[default]\nregion = us-east-1\n[profile a]\nregion = us-east-1\n")
    assert (await SIGN_IN.methods(setup.context))[0].id == "sso-code"
    (home / "credentials").write_text("".join(f"[{name}]\n{STATIC}" for name in "abcde"))
    setup.config.write_text('[aws]\nprofile = "c"\n')
    ways = await SIGN_IN.methods(setup.context)
    assert [way.title for way in ways[:5]] == [f"Profile {name}" for name in "cabde"]
    assert (ways[0].key, ways[0].about) == ("profile:c", "access key …MPLE")
    (home / "credentials").write_text("".join(f"[{name}]\n{STATIC}" for name in "abcdefghij"))
    another = (await SIGN_IN.methods(setup.context))[8]
    assert (another.title, another.about) == ("Another profile", "2 more in ~/.aws")
    await another.run(setup.context, User(("Which profile?", "j"), ("Which AWS region?", "us-east-1")))
    assert setup.settings.aws.profile == "j"


class TestIdentityCenter:
    async def test_without_any_configuration_start_url_account_and_role_are_chosen(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        user = User(
            ("Start URL", START_URL),
            ("Which account?", "222222222222"),
            ("Which role?", "Developer"),
            REGION,
        )
        account = await signed_in(setup, "sso", user)
        assert account is not None
        assert account.label == "Developer in account 222222222222 (SSO)"
        assert user.links == [("https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH", "ABCD-EFGH")]
        assert [choice.title for choice in user.offered["Which account?"]] == ["play", "work"]
        assert center.registered[-1] == {
            "clientName": "candela",
            "clientType": "public",
            "scopes": ["sso:account:access"],
        }
        credentials = setup.credentials()
        assert await credentials.region() == "eu-west-1"
        assert await keys(credentials) == SigningKeys("ASIADEVELOPER", SECRET, "session")

    async def test_the_only_account_and_the_only_role_are_not_asked_for(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        await signed_in(setup, "sso", User(("Start URL", START_URL), REGION))
        assert (await keys(setup.credentials())).access_key == "ASIAREADONLY"

    async def test_a_config_file_that_can_not_be_written_loses_no_finished_round_in_the_browser(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        # Too long for the temporary file beside it, for root, too.
        setup.config = setup.folder / ("c" * 250)
        user = User(("Start URL", START_URL), REGION)
        assert await signed_in(setup, "sso", user) is not None
        assert (await keys(setup.credentials())).access_key == "ASIAREADONLY"
        [told] = [words for words in user.told if "eu-west-1" in words]
        assert told.startswith(f"{setup.config}: can't be written: ")
        assert told.endswith(f'Add this line below [aws] in {setup.config}: region = "eu-west-1"')

    async def test_no_secret_is_seen_or_lies_in_plain_text(
        self, home: Path, setup: SignInSetup, center: IdentityCenter, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        center.accounts = {"111111111111": "play"}
        user = User(("Start URL", START_URL), REGION)
        await signed_in(setup, "sso", user)
        await keys(setup.credentials())
        assert not (home / ".aws").exists()
        for secret in center.secrets:
            assert secret not in user.seen
            assert secret not in setup.plain_text()
            assert secret not in caplog.text

    async def test_the_code_is_asked_for_less_often_when_aws_says_so(self, center: IdentityCenter) -> None:
        center.answers = ["authorization_pending", "slow_down", "authorization_pending", "slow_down"]
        center.interval_s = 3
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        token = await by_code(User(), START_URL, "us-east-1", pause=pause)
        assert isinstance(token, SsoToken)
        assert pauses == [3, 3, 8, 8, 13]

    async def test_a_connection_that_is_lost_for_a_moment_ends_no_sign_in(
        self, center: IdentityCenter, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        here = os.environ["AWS_ENDPOINT_URL_SSO_OIDC"]
        addresses = [f"http://{nobody_listens}", f"http://{nobody_listens}", here]

        async def pause(_seconds: float) -> None:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", addresses.pop(0))

        assert isinstance(await by_code(User(), START_URL, "us-east-1", pause=pause), SsoToken)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", here)
        addresses = [f"http://{nobody_listens}"] * 3
        with pytest.raises(CredentialsError, match="can't be asked"):
            await by_code(User(), START_URL, "us-east-1", pause=pause)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("access_denied", "the sign-in to AWS was denied in the browser"),
            ("expired_token", "the code was not confirmed in time: begin the sign-in to AWS again"),
            ("invalid_grant", "IAM Identity Center did not sign you in: InvalidGrantException"),
        ],
    )
    async def test_a_sign_in_that_comes_to_nothing_says_why(
        self, setup: SignInSetup, center: IdentityCenter, answer: str, said: str
    ) -> None:
        center.answers = ["authorization_pending", answer]
        assert await refused(setup, "sso", User(("Start URL", START_URL))) == said
        assert setup.accounts.of(Provider.BEDROCK) is None

    async def test_a_code_that_nobody_confirms_ends(self, setup: SignInSetup, center: IdentityCenter) -> None:
        center.code_life_s = 0
        assert "was not confirmed in time" in await refused(setup, "sso", User(("Start URL", START_URL)))

    async def test_the_region_is_asked_for_only_where_the_start_url_is_not_known_in_the_usual_one(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        center.not_here = 2
        user = User(
            ("Start URL", START_URL),
            ("Region of IAM Identity Center", "Frankfurt"),
            ("Region of IAM Identity Center", "eu-west-3"),
            ("Region of IAM Identity Center", "eu-central-1"),
            REGION,
        )
        account = await signed_in(setup, "sso", user)
        assert account is not None
        assert f"us-east-1 does not take the start URL {START_URL}" in user.told[0]
        assert user.told[1] == "That is not an AWS region. Example: us-east-1"
        assert f"eu-west-3 does not take the start URL {START_URL}" in user.told[2]
        again = User(("Start URL", ""), REGION)
        center.not_here = 9
        with pytest.raises(CredentialsError, match="eu-central-1 does not take the start URL"):
            await signed_in(setup, "sso", again)

    async def test_a_region_that_the_start_url_names_is_taken_from_it(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        words = await refused(setup, "sso", User(("Start URL", "https://ssoins-1.portal.eu-north-1.app.aws")))
        assert "IAM Identity Center in eu-north-1 does not take the start URL" in words

    async def test_what_is_no_start_url_is_asked_again_before_aws_is_asked(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        user = User(("Start URL", "corp"), ("Start URL", START_URL), REGION)
        await signed_in(setup, "sso", user)
        assert user.told[0] == "That is not a start URL. Example: https://my-company.awsapps.com/start"

    async def test_identity_center_out_of_reach_is_named(
        self, setup: SignInSetup, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", f"http://{nobody_listens}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        words = await refused(setup, "sso", User(("Start URL", START_URL)))
        assert words.startswith("IAM Identity Center in us-east-1 can't be asked: ")
        assert nobody_listens in words

    async def test_a_broken_file_of_aws_s_is_named(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text("[default\n")
        user = User(("Start URL", START_URL))
        said = f"Unable to parse config file: {home / 'config'}"
        assert said in await refused(setup, "sso", user)
        assert said in user.told[0]

    async def test_who_was_given_no_account_or_role_is_told_whom_to_ask(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        asked = ("Start URL", START_URL)
        center.roles["222222222222"] = []
        words = await refused(setup, "sso", User(asked, ("Which account?", "222222222222")))
        assert words == "no role is assigned to you in the account 222222222222: ask its administrator"
        center.accounts = {}
        assert "no account is assigned to you" in await refused(setup, "sso", User(asked))

    async def test_signing_in_again_offers_first_what_was_signed_in_to(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        await signed_in(setup, "sso", User(("Start URL", START_URL), REGION))
        center.withdraw()
        (home / "config").write_text(SSO_PROFILE)
        await signed_in(setup, "sso", User(("Start URL", ""), ("Which AWS region?", "")))
        assert (await keys(setup.credentials())).access_key == "ASIAREADONLY"

    async def test_account_role_and_region_of_the_sign_in_before_are_the_defaults(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        chosen = ("Which account?", "222222222222"), ("Which role?", "Developer"), ("Which AWS region?", "eu-west-3")
        await signed_in(setup, "sso", User(("Start URL", START_URL), *chosen))
        again = User(("Start URL", ""), *((question, "") for question, _ in chosen))
        await signed_in(setup, "sso", again)
        assert [choices[0].id for choices in again.offered.values()] == ["222222222222", "Developer", "eu-west-3"]
        assert (await keys(setup.credentials())).access_key == "ASIADEVELOPER"

    async def test_a_vault_that_can_t_be_read_any_more_does_not_hold_up_signing_in_again(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.accounts = {"111111111111": "play"}
        answers = (("Start URL", START_URL), REGION)
        await signed_in(setup, "sso", User(*answers))
        setup.vault_file.write_text("{}")
        user = User(*answers[:2], REGION)
        with pytest.raises(VaultError, match="is damaged"):
            await signed_in(setup, "sso", user)
        assert "is damaged" in user.told[0]

    async def test_for_a_profile_the_token_lies_where_botocore_and_the_aws_cli_find_and_renew_it(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text(SSO_PROFILE)
        center.token_life_s = 60
        assert await signed_in(setup, "profile:work", User()) is None
        assert setup.settings.aws.profile == "work"
        assert center.registered[0]["scopes"] == ["sso:account:access"]
        assert _by_botocore() == SigningKeys("ASIADEVELOPER", SECRET, "session")
        # It had less than fifteen minutes.
        assert center.valid == {"access-token-2"}
        (file,) = (home / ".aws" / "sso" / "cache").iterdir()
        assert file.stat().st_mode & 0o077 == 0
        assert (await keys(setup.credentials())).access_key == "ASIADEVELOPER"

    async def test_a_profile_without_an_sso_session_gets_a_token_that_is_not_renewed(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text(
            f"[default]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            "sso_account_id = 111111111111\nsso_role_name = ReadOnly\nregion = us-east-1\n"
        )
        await signed_in(setup, "profile:default", User())
        assert "scopes" not in center.registered[0]
        assert (await keys(setup.credentials())).access_key == "ASIAREADONLY"

    async def test_an_sso_session_without_a_profile_gives_its_start_url(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text(SSO_PROFILE[SSO_PROFILE.index("[sso-session") :])
        center.accounts = {"111111111111": "play"}
        await signed_in(setup, "sso", User(("Start URL", ""), REGION))
        assert setup.accounts.of(Provider.BEDROCK) is not None


def _by_botocore() -> SigningKeys:
    """As any other tool of AWS's takes them."""
    from botocore.session import Session

    frozen = Session(profile="work").get_credentials().get_frozen_credentials()
    return SigningKeys(frozen.access_key, frozen.secret_key, frozen.token)


class TestProfile:
    async def test_a_profile_with_keys_is_set_in_config_toml(self, home: Path, setup: SignInSetup) -> None:
        (home / "config").write_text("[profile work]\nregion = eu-central-1\n")
        (home / "credentials").write_text(f"[work]\n{STATIC}")
        user = User()
        assert await signed_in(setup, "profile:work", user) is None
        assert setup.config.read_text() == '[aws]\nprofile = "work"\n'
        assert SECRET not in user.seen
        assert ACCESS_KEY not in user.seen

    async def test_a_region_is_asked_for_where_nobody_knows_one(self, home: Path, setup: SignInSetup) -> None:
        (home / "credentials").write_text(f"[work]\n{STATIC}")
        user = User(("Which AWS region", "Frankfurt"), ("Which AWS region", "xx-test-1"))
        await signed_in(setup, "profile:work", user)
        assert (setup.settings.aws.profile, setup.settings.aws.region) == ("work", "xx-test-1")
        assert user.told == ["That is not an AWS region. Example: us-east-1"]
        regions = [choice.id for choice in user.offered["Which AWS region?"]]
        assert regions[0] == "us-east-1"
        assert {"eu-central-1", "us-gov-west-1"} < set(regions)

    async def test_an_sso_profile_that_ended_goes_on_to_its_sign_in(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text(SSO_PROFILE)
        assert (await SIGN_IN.methods(setup.context))[0].about == "Developer in 222222222222, not signed in"
        # Ended at once, but botocore can renew it.
        center.token_life_s = -60
        user = User()
        await signed_in(setup, "profile:work", user)
        assert len(user.links) == 1
        again = User()
        await signed_in(setup, "profile:work", again)
        assert again.links == []
        assert (await SIGN_IN.methods(setup.context))[0].about == "Developer in 222222222222, signed in"

    async def test_a_role_by_an_sso_profile_signs_in_to_that(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        role = "[profile dev]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = work\nregion = us-east-1\n"
        (home / "config").write_text(SSO_PROFILE + role)
        user = User()
        await signed_in(setup, "profile:dev", user)
        assert len(user.links) == 1
        assert setup.settings.aws.profile == "dev"

    async def test_what_candela_kept_before_is_taken_away(self, home: Path, setup: SignInSetup, sts: str) -> None:
        await signed_in(setup, "keys", typed_keys())
        (home / "config").write_text("[profile work]\nregion = eu-central-1\n")
        (home / "credentials").write_text(f"[work]\n{STATIC}")
        user = User()
        await signed_in(setup, "profile:work", user)
        assert "was deleted from" in user.told[0]
        assert setup.accounts.of(Provider.BEDROCK) is None
        assert not setup.vault_file.exists()


def typed_keys(secret: str = SECRET) -> User:
    return User(("Access key ID", ACCESS_KEY), ("Secret access key", secret), REGION)


class TestKeys:
    async def test_typed_keys_are_checked_and_kept(self, setup: SignInSetup, sts: str) -> None:
        user = typed_keys()
        account = await signed_in(setup, "keys", user)
        assert account is not None
        assert account.label == "arn:aws:sts::123456789012:user/moto"
        assert user.hidden == ["Secret access key"]
        assert await keys(setup.credentials()) == SigningKeys(ACCESS_KEY, SECRET)
        assert SECRET not in setup.plain_text() + user.seen
        assert setup.settings.aws.region == "eu-west-1"

    async def test_temporary_keys_have_a_session_token(self, setup: SignInSetup, sts: str) -> None:
        user = User(
            ("Access key ID", "ASIAIOSFODNN7EXAMPLE"), ("Secret", SECRET), ("Session token", "tok/en=="), REGION
        )
        await signed_in(setup, "keys", user)
        assert user.hidden == ["Secret access key", "Session token"]
        assert await keys(setup.credentials()) == SigningKeys("ASIAIOSFODNN7EXAMPLE", SECRET, "tok/en==")

    @pytest.mark.parametrize(
        ("code", "message", "said"),
        [
            (
                "InvalidClientTokenId",
                "The security token included in the request is invalid",
                "does not know this access key",
            ),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", "does not belong to"),
            ("SignatureDoesNotMatch", "Signature expired: 20260301T000000Z is now earlier", "Set this machine's clock"),
            (
                "ExpiredToken",
                "The security token included in the request is expired",
                "the session of these keys has ended",
            ),
        ],
    )
    async def test_keys_that_aws_refuses_are_not_kept(
        self,
        setup: SignInSetup,
        endpoint: Endpoint,
        monkeypatch: pytest.MonkeyPatch,
        code: str,
        message: str,
        said: str,
    ) -> None:
        sts_refuses(endpoint, monkeypatch, code, message)
        assert said in await refused(setup, "keys", typed_keys())
        assert setup.accounts.of(Provider.BEDROCK) is None
        assert not setup.vault_file.exists()

    async def test_a_profile_of_the_environment_that_is_not_there_stands_in_nobody_s_way(
        self, setup: SignInSetup, sts: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
        user = typed_keys()
        await signed_in(setup, "keys", user)
        assert user.told == []

    async def test_keys_that_can_t_be_checked_are_kept_and_that_is_told(
        self, setup: SignInSetup, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://{nobody_listens}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        user = typed_keys()
        account = await signed_in(setup, "keys", user)
        assert account is not None
        assert account.label == "access key …MPLE"
        assert user.told[0].startswith("AWS STS in eu-west-1 can't be asked: ")
        assert user.told[0].endswith("The keys are kept unchecked.")

    @pytest.mark.parametrize(
        "answers",
        [
            [("Access key ID", SECRET), ("Access key ID", ACCESS_KEY), ("Secret", SECRET)],
            [("Access key ID", ACCESS_KEY), ("Secret", ""), ("Secret", SECRET)],
            [("Access key ID", ACCESS_KEY), ("Secret", f"{SECRET} {SECRET}"), ("Secret", SECRET)],
            [("Access key ID", "ASIAIOSFODNN7EXAMPLE"), ("Secret", SECRET), ("Session", ""), ("Session", "t")],
        ],
    )
    async def test_what_can_t_be_a_key_is_asked_again_without_being_quoted(
        self, setup: SignInSetup, sts: str, answers: list[tuple[str, str]]
    ) -> None:
        user = User(*answers, REGION)
        assert await signed_in(setup, "keys", user)
        assert user.told[0].startswith("That is not a")
        assert SECRET not in user.seen

    async def test_an_api_key_of_bedrock_is_kept(self, setup: SignInSetup) -> None:
        user = User(("Bedrock API key", "ABSKsecret-of-bedrock"), REGION)
        account = await signed_in(setup, "api-key", user)
        assert account is not None
        assert account.label == "Bedrock API key …rock"
        assert user.hidden == ["Bedrock API key"]
        assert await keys(setup.credentials()) == BearerKey("ABSKsecret-of-bedrock")
        assert "ABSKsecret-of-bedrock" not in setup.plain_text() + user.seen

    async def test_an_api_key_for_hours_says_so(self, setup: SignInSetup) -> None:
        account = await signed_in(setup, "api-key", User(("Bedrock API key", "bedrock-api-key-YWJjZGVm"), REGION))
        assert account is not None
        assert account.label == "Bedrock API key …ZGVm, for twelve hours at most"

    async def test_what_goes_before_a_sign_in_is_told(
        self, setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "other")
        user = User(("Bedrock API key", "ABSKsecret-of-bedrock"), REGION)
        await signed_in(setup, "api-key", user)
        assert user.told == ["AWS_BEARER_TOKEN_BEDROCK is set in this environment and takes precedence: unset it."]
        assert await keys(setup.credentials()) == BearerKey("other")

    async def test_a_profile_that_was_chosen_before_no_longer_counts(
        self, home: Path, setup: SignInSetup, sts: str
    ) -> None:
        (home / "credentials").write_text("[work]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n")
        setup.config.write_text('# mine\n[aws]\nprofile = "work"\nregion = "eu-west-1"\n')
        await signed_in(setup, "keys", typed_keys())
        assert setup.config.read_text() == '# mine\n[aws]\nregion = "eu-west-1"\n'
        assert (await keys(setup.credentials())).access_key == ACCESS_KEY


class TestRole:
    def profile(self, home: Path, **more: str) -> None:
        lines = {"role_arn": "arn:aws:iam::123456789012:role/dev", "source_profile": "base", "mfa_serial": MFA, **more}
        (home / "config").write_text(
            "[profile dev]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())
        )
        (home / "credentials").write_text(f"[base]\n{STATIC}")

    async def test_a_role_with_a_code_gives_a_session_that_is_kept_until_it_ends(
        self, home: Path, setup: SignInSetup, sts: str
    ) -> None:
        self.profile(home)
        user = User(("Which role?", "dev"), REGION, ("For how long?", "4"), (f"Code of {MFA}", "123 456"))
        account = await signed_in(setup, "role", user)
        assert account is not None
        assert account.label == "arn:aws:sts::123456789012:assumed-role/dev/candela"
        assert account.until is not None
        assert timedelta(hours=3.9) < account.until - datetime.now(UTC) <= timedelta(hours=4)
        found = await keys(setup.credentials())
        assert found.access_key.startswith("ASIA")
        assert found.secret_key not in setup.plain_text() + user.seen
        assert found.token not in setup.plain_text()

    async def test_everything_that_the_profile_says_of_its_role_goes_to_aws(
        self, home: Path, setup: SignInSetup, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.profile(home, duration_seconds="900", external_id="shared-word", role_session_name="jo")
        sts_refuses(endpoint, monkeypatch, "AccessDenied", "no")
        await refused(setup, "role", User(("Which role?", "dev"), REGION, ("Code of", "123456")))
        asked = dict(parse_qsl(endpoint.requests[0].body.decode()))
        asked.pop("Version")
        assert asked == {
            "Action": "AssumeRole",
            "RoleArn": "arn:aws:iam::123456789012:role/dev",
            "RoleSessionName": "jo",
            "DurationSeconds": "900",
            "ExternalId": "shared-word",
            "SerialNumber": MFA,
            "TokenCode": "123456",
        }
        assert f"Credential={ACCESS_KEY}/" in endpoint.requests[0].headers["authorization"]

    async def test_choosing_a_profile_that_wants_a_code_asks_for_it(
        self, home: Path, setup: SignInSetup, sts: str
    ) -> None:
        self.profile(home, duration_seconds="7200")
        user = User(REGION, (f"Code of {MFA}", "123456"))
        account = await signed_in(setup, "profile:dev", user)
        assert account is not None
        assert account.until is not None
        assert timedelta(hours=1.9) < account.until - datetime.now(UTC) <= timedelta(hours=2)

    async def test_another_role_is_assumed_with_keys_that_are_typed(
        self, setup: SignInSetup, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, sts: str
    ) -> None:
        user = User(
            ("ARN of the role", "arn:aws:iam::123456789012:role/team/dev"),
            ("With whose keys?", "candela:typed"),
            ("MFA device", MFA),
            REGION,
            ("Access key ID", ACCESS_KEY),
            ("Secret access key", SECRET),
            ("For how long?", "1"),
            ("Code of", "123456"),
        )
        assert await signed_in(setup, "role", user) is not None
        assert (await keys(setup.credentials())).access_key.startswith("ASIA")

    async def test_a_wrong_code_can_be_typed_again(
        self, home: Path, setup: SignInSetup, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.profile(home, duration_seconds="3600")
        said = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        sts_refuses(endpoint, monkeypatch, "AccessDenied", said)
        code = ("Code of", "000000")
        user = User(("Which role?", "dev"), REGION, code, code, code)
        words = await refused(setup, "role", user)
        assert words.startswith("AWS did not take the code: ")
        assert user.told == [f"{words}."] * 2

    @pytest.mark.parametrize(
        ("code", "message", "said"),
        [
            ("AccessDenied", "User: jo is not authorized to perform: sts:AssumeRole", "trust policy must allow it"),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds",
                "Choose a shorter time",
            ),
        ],
    )
    async def test_a_role_that_can_t_be_assumed_says_why(
        self,
        home: Path,
        setup: SignInSetup,
        endpoint: Endpoint,
        monkeypatch: pytest.MonkeyPatch,
        code: str,
        message: str,
        said: str,
    ) -> None:
        self.profile(home, duration_seconds="43200")
        sts_refuses(endpoint, monkeypatch, code, message)
        words = await refused(setup, "role", User(("Which role?", "dev"), REGION, ("Code of", "123456")))
        assert message in words
        assert said in words

    async def test_what_is_no_role_is_asked_again(self, setup: SignInSetup, sts: str) -> None:
        arn = "arn:aws:iam::123456789012:role/dev"
        user = User(
            ("ARN of the role", "developer"),
            ("ARN of the role", arn),
            ("With whose keys?", "candela:typed"),
            ("MFA device", ""),
            REGION,
            ("Access key ID", ACCESS_KEY),
            ("Secret access key", SECRET),
            ("For how long?", "1"),
        )
        assert await signed_in(setup, "role", user) is not None
        assert user.told == ["That is not the ARN of a role. Example: arn:aws:iam::123456789012:role/developer"]

    async def test_a_command_that_gives_the_first_keys_and_fails_is_named(self, home: Path, setup: SignInSetup) -> None:
        self.profile(home)
        file = command(home / "bin" / "get-keys", "echo sealed >&2; exit 1")
        (home / "credentials").write_text("")
        with (home / "config").open("a") as config:
            config.write(f"[profile base]\ncredential_process = {file}\n")
        words = await refused(setup, "role", User(("Which role?", "dev"), REGION))
        assert words == "get-keys, the credential_process of the AWS profile base, gave no keys: sealed"


class TestSigningOut:
    async def test_who_never_signed_in_here_is_told_where_the_rest_is(self, setup: SignInSetup) -> None:
        assert "candela stores no sign-in to AWS" in await SIGN_IN.forget(setup.context)

    async def test_keys_are_gone_from_the_vault(self, setup: SignInSetup, sts: str) -> None:
        await signed_in(setup, "keys", typed_keys())
        words = await SIGN_IN.forget(setup.context)
        assert words.endswith(
            f"was deleted from {setup.vault_file}. AWS still accepts it until it expires or is deleted there."
        )
        assert setup.accounts.of(Provider.BEDROCK) is None
        assert not setup.vault_file.exists()

    async def test_the_session_at_the_portal_is_ended_too(self, setup: SignInSetup, center: IdentityCenter) -> None:
        center.accounts = {"111111111111": "play"}
        await signed_in(setup, "sso", User(("Start URL", START_URL), REGION))
        assert (await SIGN_IN.forget(setup.context)).endswith(f"Its session at {START_URL} is ended.")
        assert center.signed_out == ["access-token-1"]
