import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.cached import SPARE_S
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, BearerKey, SigningKeys
from candela_tui.providers.bedrock.credentials.sso import SsoRole, SsoToken
from candela_tui.providers.bedrock.credentials.stored import (
    ENTRY,
    Stored,
    StoredApiKey,
    StoredKeys,
    StoredSession,
    StoredSso,
    keep,
    kept,
)
from candela_tui.providers.identity import Provider
from tests.credentials.endpoint import Endpoint, Request
from tests.credentials.identity_center import SECRET, START_URL, IdentityCenter
from tests.credentials.sign_in.aws_context import PASSPHRASE, SignInSetup

ROLE = SsoRole(START_URL, "us-east-1", "222222222222", "Developer")
AN_HOUR = 3600.0


@pytest.fixture
def setup(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SignInSetup:
    """Where candela keeps its files."""
    folder = tmp_path / "office"
    folder.mkdir()
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    return SignInSetup(folder)


@pytest.fixture
def center(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> IdentityCenter:
    """IAM Identity Center, where somebody has signed in."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", endpoint.url)
    center = IdentityCenter(endpoint)
    center.valid, center.refresh_tokens = {"first"}, {"refresh"}
    return center


def sso(*, ends_in: float = AN_HOUR, access: str = "first", refresh: str | None = "refresh") -> StoredSso:
    now = time.time()
    return StoredSso(ROLE, SsoToken(access, now + ends_in, refresh, "client", "client-secret", now + 7_776_000))


def signed_in(setup: SignInSetup, stored: Stored) -> None:
    """What a sign-in leaves behind."""
    keep(setup.vault, stored)
    setup.accounts.put(Provider.BEDROCK, Account("file", setup.vault.place, "jo", datetime.now(UTC)))


async def refusal(credentials: AwsCredentials) -> str:
    with pytest.raises(CredentialsError) as told:
        await credentials.keys()
    await credentials.close()
    return str(told.value)


@pytest.mark.parametrize(
    "stored",
    [
        StoredKeys(SigningKeys("AKIA", SECRET)),
        StoredKeys(SigningKeys("ASIA", SECRET, "session")),
        StoredApiKey(BearerKey(SECRET)),
        StoredSession(SigningKeys("ASIA", SECRET, "session"), "arn:aws:iam::1:role/dev", 1.5),
        sso(),
        sso(refresh=None),
    ],
)
def test_what_is_kept_is_read_again_and_shows_no_secret(setup: SignInSetup, stored: Stored) -> None:
    keep(setup.vault, stored)
    assert kept(setup.vault) == stored
    for secret in (SECRET, "session", "first", "client-secret"):
        assert secret not in repr(stored)
        assert secret not in setup.plain_text()


@pytest.mark.parametrize("text", ["", "{}", '{"kind":"other","value":{}}', '{"kind":"keys","value":{"keys":1}}'])
async def test_an_entry_that_can_t_be_read_says_to_sign_in_again(setup: SignInSetup, text: str) -> None:
    signed_in(setup, StoredKeys(SigningKeys("AKIA", SECRET)))
    setup.vault.write(ENTRY, text)
    words = await refusal(setup.credentials())
    assert words == f"{setup.vault_file} no longer has the sign-in to AWS: run `candela auth login --provider aws`"


async def test_a_sign_in_goes_before_botocore_s_chain(setup: SignInSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    signed_in(setup, StoredKeys(SigningKeys("AKIAOWN", SECRET)))
    credentials = setup.credentials()
    assert await credentials.keys() == SigningKeys("AKIAOWN", SECRET)
    await credentials.close()


async def test_a_profile_of_the_settings_goes_before_a_sign_in(home: Path, setup: SignInSetup) -> None:
    (home / "credentials").write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n")
    signed_in(setup, StoredKeys(SigningKeys("AKIAOWN", SECRET)))
    setup.config.write_text('[aws]\nprofile = "work"\n')
    credentials = setup.credentials()
    assert await credentials.keys() == SigningKeys("AKIAWORK", "s")
    await credentials.close()


async def test_signing_in_while_candela_runs_counts_from_the_next_request_on(setup: SignInSetup) -> None:
    credentials = setup.credentials()
    with pytest.raises(CredentialsError, match="there are no AWS credentials"):
        await credentials.keys()
    signed_in(setup, StoredKeys(SigningKeys("AKIAONE", SECRET)))
    assert await credentials.keys() == SigningKeys("AKIAONE", SECRET)
    signed_in(setup, StoredApiKey(BearerKey("two")))
    assert await credentials.keys() == BearerKey("two")
    setup.accounts.remove(Provider.BEDROCK)
    with pytest.raises(CredentialsError, match="there are no AWS credentials"):
        await credentials.keys()
    await credentials.close()


async def test_a_profile_and_a_region_chosen_while_candela_runs_count(home: Path, setup: SignInSetup) -> None:
    (home / "credentials").write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n")
    credentials = setup.credentials()
    assert await credentials.region() is None
    setup.config.write_text('[aws]\nprofile = "work"\nregion = "eu-west-1"\n')
    assert await credentials.keys() == SigningKeys("AKIAWORK", "s")
    assert await credentials.region() == "eu-west-1"
    setup.config.write_text("[aws\n")
    assert await credentials.region() == "eu-west-1"
    await credentials.close()


async def test_requests_that_wait_for_keys_go_on_with_a_sign_in_made_meanwhile(
    home: Path, setup: SignInSetup, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_in_then_refuse(_request: object) -> tuple[int, object]:
        signed_in(setup, StoredKeys(SigningKeys("AKIAOWN", SECRET)))
        return 403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"

    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (home / "config").write_text("[default]\nrole_arn = arn:aws:iam::1:role/dev\nsource_profile = base\n")
    (home / "credentials").write_text("[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n")
    endpoint.respond = sign_in_then_refuse
    credentials = setup.credentials()
    assert await credentials.keys() == SigningKeys("AKIAOWN", SECRET)
    await credentials.close()


@pytest.mark.parametrize("stored", [StoredKeys(SigningKeys("AKIA", SECRET)), StoredApiKey(BearerKey(SECRET))])
async def test_what_aws_refuses_is_mended_by_the_command_that_is_named(setup: SignInSetup, stored: Stored) -> None:
    signed_in(setup, stored)
    credentials = setup.credentials()
    refused = await credentials.keys()
    with pytest.raises(CredentialsError) as told:
        await credentials.renewed(refused)
    assert str(told.value) == ("AWS refused what candela signed in with (jo): run `candela auth login --provider aws`")
    await credentials.close()


async def test_a_session_that_ended_says_that_it_takes_a_new_code(setup: SignInSetup) -> None:
    keys = SigningKeys("ASIA", SECRET, "session")
    signed_in(setup, StoredSession(keys, "arn:aws:iam::1:role/dev", time.time() + 2 * AN_HOUR))
    credentials = setup.credentials()
    assert await credentials.keys() == keys
    signed_in(setup, StoredSession(keys, "arn:aws:iam::1:role/dev", time.time() + SPARE_S - 1))
    assert await refusal(credentials) == (
        "the session of arn:aws:iam::1:role/dev has ended, and it takes a new code: "
        "run `candela auth login --provider aws`"
    )


async def test_a_session_that_nothing_renews_is_warned_of_before_it_ends(setup: SignInSetup) -> None:
    told: list[CredentialState] = []
    ends = time.time() + SPARE_S + 60
    signed_in(setup, StoredSession(SigningKeys("ASIA", SECRET, "session"), "arn:aws:iam::1:role/dev", ends))
    credentials = AwsCredentials(
        setup.settings.aws,
        accounts=setup.accounts,
        vault_file=setup.vault_file,
        tell=told.append,
    )
    first = await credentials.keys()
    assert (told[-1].standing, told[-1].until) == (Standing.SIGNED_IN, datetime.fromtimestamp(ends, UTC))
    # As the fetch ahead of the end does.
    with pytest.raises(CredentialsError):
        await credentials.renewed(first)
    assert Standing.EXPIRES_SOON in [state.standing for state in told]
    soon = next(state for state in told if state.standing is Standing.EXPIRES_SOON)
    assert soon.words == "nothing renews these keys: run `candela auth login --provider aws`"
    assert SECRET not in str(told)
    await credentials.close()


async def test_a_locked_file_says_how_to_unlock_it(setup: SignInSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(setup, StoredKeys(SigningKeys("AKIA", SECRET)))
    monkeypatch.delenv("CANDELA_PASSPHRASE")
    assert f"{setup.vault_file} is locked" in await refusal(setup.credentials())


async def test_a_damaged_list_of_accounts_is_told(setup: SignInSetup) -> None:
    (setup.folder / "accounts.json").write_text("{")
    assert "accounts.json is damaged" in await refusal(setup.credentials())


class TestIdentityCenter:
    async def test_a_token_near_its_end_is_renewed_and_kept(self, setup: SignInSetup, center: IdentityCenter) -> None:
        signed_in(setup, sso(ends_in=600))
        credentials = setup.credentials()
        assert await credentials.keys() == SigningKeys("ASIADEVELOPER", SECRET, "session")
        stored = kept(setup.vault)
        assert isinstance(stored, StoredSso)
        assert (stored.token.access_token, stored.token.refresh_token) == ("access-token-1", "refresh-token-1")
        await credentials.close()

    async def test_a_token_with_time_left_is_left_alone(self, setup: SignInSetup, center: IdentityCenter) -> None:
        signed_in(setup, sso())
        credentials = setup.credentials()
        await credentials.keys()
        assert center.valid == {"first"}
        await credentials.close()

    async def test_a_token_that_was_withdrawn_is_renewed_at_once(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.valid = set()
        signed_in(setup, sso())
        credentials = setup.credentials()
        assert (await credentials.keys()) == SigningKeys("ASIADEVELOPER", SECRET, "session")
        assert center.valid == {"access-token-1"}
        await credentials.close()

    async def test_a_token_that_can_t_be_renewed_serves_until_it_ends(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        center.refresh_refused = True
        signed_in(setup, sso(ends_in=600))
        credentials = setup.credentials()
        assert await credentials.keys() == SigningKeys("ASIADEVELOPER", SECRET, "session")
        await credentials.close()

    @pytest.mark.parametrize("refresh", ["refresh", None])
    async def test_a_sign_in_that_ended_names_the_command_that_mends_it(
        self, setup: SignInSetup, center: IdentityCenter, refresh: str | None
    ) -> None:
        center.withdraw()
        signed_in(setup, sso(ends_in=-1, refresh=refresh))
        words = await refusal(setup.credentials())
        assert words == f"the AWS sign-in at {START_URL} has ended: run `candela auth login --provider aws`"

    async def test_a_token_that_another_candela_renewed_is_taken(
        self, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        signed_in(setup, sso(ends_in=-1, refresh="used"))
        respond = center._endpoint.respond

        def renewed_meanwhile(request: Request) -> tuple[int, Any]:
            keep(setup.vault, sso())
            return respond(request)

        center._endpoint.respond = renewed_meanwhile
        credentials = setup.credentials()
        assert await credentials.keys() == SigningKeys("ASIADEVELOPER", SECRET, "session")
        await credentials.close()

    async def test_a_role_that_was_taken_away_is_told(self, setup: SignInSetup, center: IdentityCenter) -> None:
        center.roles["222222222222"] = ["ReadOnly"]
        signed_in(setup, sso())
        words = await refusal(setup.credentials())
        assert words.startswith(
            "IAM Identity Center gives no keys for the role Developer in the account 222222222222: No access. "
        )

    async def test_identity_center_out_of_reach_is_named(
        self, setup: SignInSetup, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", f"http://{nobody_listens}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        signed_in(setup, sso())
        words = await refusal(setup.credentials())
        assert words.startswith("IAM Identity Center in us-east-1 can't be asked: ")
        assert SECRET not in words
