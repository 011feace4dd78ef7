from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.sign_in.interface import Finding
from candela_tui.providers.bedrock.credentials.sso import SsoToken
from candela_tui.providers.bedrock.credentials.sso_cache import SsoSession, write
from candela_tui.providers.bedrock.sign_in.findings import _machine, find
from candela_tui.providers.identity import Provider
from tests.credentials.identity_center import START_URL
from tests.credentials.sign_in.aws_context import SignInSetup

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STATIC = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n"
SSO = f"""[profile work]
sso_session = corp
sso_account_id = 1111
sso_role_name = Developer
[sso-session corp]
sso_start_url = {START_URL}
sso_region = us-east-1
"""
NOW = datetime.now(UTC)


async def found(setup: SignInSetup) -> list[tuple[str, str, bool]]:
    """What there is; nothing secret is in it."""
    findings = await find(setup.context)
    words = [(one.source, one.detail, one.usable) for one in findings]
    assert SECRET not in str(words)
    assert "AKIAIOSFODNN7EXAMPLE" not in str(words)
    return words


def token(*, ends: timedelta = timedelta(hours=1), refresh: str | None = "refresh", client_ends: int = 90) -> SsoToken:
    later = (NOW + timedelta(days=client_ends)).timestamp()
    return SsoToken(SECRET, (NOW + ends).timestamp(), refresh, "client", SECRET, later)


async def test_without_anything_nothing_is_found(setup: SignInSetup) -> None:
    assert await found(setup) == []


async def test_each_kind_of_profile_says_what_it_is(home: Path, setup: SignInSetup) -> None:
    (home / "config").write_text(
        f"{SSO}[profile dev]\nrole_arn = arn:aws:iam::1:role/dev\nsource_profile = base\n"
        "[profile guarded]\nrole_arn = arn:aws:iam::1:role/g\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::1:mfa/j\n"
        "[profile lost]\nrole_arn = arn:aws:iam::1:role/l\nsource_profile = gone\n"
        "[profile place]\nregion = us-east-1\n"
        "[profile pod]\nrole_arn = arn:aws:iam::1:role/pod\ncredential_source = EcsContainer\n"
        "[profile tool]\ncredential_process = /bin/get-keys --password hunter2\n"
        "[profile web]\nlogin_session = arn:aws:iam::1:user/jo\n"
    )
    (home / "credentials").write_text(f"[base]\n{STATIC}")
    assert await found(setup) == [
        ("AWS profile base (access key)", "access key …MPLE", True),
        ("AWS profile dev (role)", "arn:aws:iam::1:role/dev, by base: access key …MPLE", True),
        ("AWS profile pod (role)", "arn:aws:iam::1:role/pod", True),
        ("AWS profile tool (command)", "a command gives the keys", True),
        ("AWS profile web (aws login)", "by `aws login`", True),
        ("AWS profile guarded (role)", "arn:aws:iam::1:role/g, with an MFA code", False),
        (
            "AWS profile lost (role)",
            "arn:aws:iam::1:role/l: there is no profile gone to take the first keys from",
            False,
        ),
        ("AWS profile work (SSO)", "Developer in 1111, not signed in", False),
    ]


@pytest.mark.parametrize(
    ("kept", "said", "usable"),
    [
        (token(), "Developer in 1111, signed in", True),
        (token(ends=-timedelta(hours=1)), "Developer in 1111, signed in", True),
        (token(refresh=None), "Developer in 1111, signed in until ", True),
        (token(ends=-timedelta(hours=1), refresh=None), "Developer in 1111, ended ", False),
        (token(ends=-timedelta(hours=1), client_ends=-1), "Developer in 1111, ended ", False),
    ],
)
async def test_an_sso_profile_says_whether_its_sign_in_still_holds(
    home: Path, setup: SignInSetup, kept: SsoToken, said: str, usable: bool
) -> None:
    (home / "config").write_text(SSO)
    write(SsoSession(START_URL, "us-east-1", "corp", ()), kept)
    ((source, detail, holds),) = await found(setup)
    assert (source, holds) == ("AWS profile work (SSO)", usable)
    assert detail.startswith(said)


async def test_an_sso_profile_whose_session_is_missing_says_so(home: Path, setup: SignInSetup) -> None:
    (home / "config").write_text(SSO.partition("[sso-session")[0])
    ((_, detail, usable),) = await found(setup)
    assert detail == "Developer in 1111: its sso-session has no start URL or region in ~/.aws/config"
    assert not usable


async def test_a_role_of_itself_is_no_endless_way(home: Path, setup: SignInSetup) -> None:
    (home / "config").write_text("[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = a\n")
    assert (await found(setup))[0][1] == "arn:aws:iam::1:role/a"


async def test_what_candela_takes_first_stands_first(
    home: Path, setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", SECRET)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    (home / "credentials").write_text(f"[a]\n{STATIC}[b]\n{STATIC}")
    setup.accounts.put(Provider.BEDROCK, Account("keyring", "GNOME", "arn of jo", datetime(2026, 3, 1, 12, tzinfo=UTC)))
    sources = [source for source, _, _ in await found(setup)]
    assert sources == [
        "AWS_BEARER_TOKEN_BEDROCK",
        "GNOME",
        "AWS_ACCESS_KEY_ID",
        "AWS profile a (access key)",
        "AWS profile b (access key)",
    ]
    setup.config.write_text('[aws]\nprofile = "b"\n')
    sources = [source for source, _, _ in await found(setup)]
    assert sources[:3] == ["AWS_BEARER_TOKEN_BEDROCK", "AWS profile b (access key)", "GNOME"]


async def test_a_session_of_candela_s_own_says_when_it_ends(
    setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for ends, said, usable in ((NOW + timedelta(hours=1), "until", True), (NOW - timedelta(hours=1), "ended", False)):
        setup.accounts.put(Provider.BEDROCK, Account("file", "vault.json", "arn of dev", NOW, ends))
        assert await found(setup) == [("vault.json", f"arn of dev, {said} {ends.astimezone():%Y-%m-%d %H:%M}", usable)]


async def test_a_chosen_profile_that_is_not_there_is_told(
    home: Path, setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "wrok")
    (home / "credentials").write_text(f"[work]\n{STATIC}")
    assert await found(setup) == [
        ("AWS profile work (access key)", "access key …MPLE", True),
        ("AWS profile wrok", "is chosen, but is not there or has no keys", False),
    ]


async def test_half_a_key_of_the_environment_can_t_serve(setup: SignInSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    assert await found(setup) == [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is not set beside it", False)]


async def test_broken_files_are_told_and_nothing_is_raised(home: Path, setup: SignInSetup) -> None:
    (home / "config").write_text("[default\n")
    (setup.folder / "accounts.json").write_text("{")
    own, profiles = await find(setup.context)
    assert (own.source, own.usable) == ("candela's own sign-in", False)
    assert "is damaged" in own.detail
    words = f"Unable to parse config file: {home / 'config'}. Correct it."
    assert profiles == Finding("AWS profiles", words, usable=False)


def test_roles_of_machines_are_seen_without_asking_the_network(tmp_path: Path) -> None:
    vendor = tmp_path / "sys_vendor"
    assert _machine({}, vendor) == []
    vendor.write_text("Amazon EC2\n")
    assert [one.source for one in _machine({}, vendor)] == ["Amazon EC2"]
    assert _machine({"AWS_EC2_METADATA_DISABLED": "true"}, vendor) == []
    vendor.write_text("QEMU\n")
    assert _machine({}, vendor) == []
    container = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"}
    assert [one.source for one in _machine(container, vendor)] == ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/pod"}
    assert _machine(web, vendor)[0].detail == "the role arn:aws:iam::1:role/pod, as in Kubernetes"
