"""Signing in to IAM Identity Center in the browser: an authorization code with PKCE, as the AWS CLI does it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from candela_tui.credentials.errors import CredentialsError
from candela_tui.providers.bedrock.credentials import sso_browser
from candela_tui.providers.bedrock.credentials.sso import SCOPES
from candela_tui.providers.bedrock.sign_in.aws import SIGN_IN
from candela_tui.providers.bedrock.sign_in.browser import in_browser
from tests.credentials.conftest import command
from tests.credentials.endpoint import Endpoint
from tests.credentials.identity_center import START_URL, IdentityCenter
from tests.credentials.sign_in.aws_context import SignInSetup
from tests.credentials.sign_in.aws_user import User

Browser = Callable[[str], Awaitable[str]]
WHERE = (("Start URL", START_URL), ("Which account?", "222222222222"), ("Which role?", "Developer"))
REGION = ("Which AWS region?", "eu-west-1")
PROFILE = f"""[profile work]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = Developer
region = eu-central-1
[sso-session corp]
sso_start_url = {START_URL}
sso_region = us-east-1
"""


async def browse(url: str) -> str:
    """Go where a browser is sent, and return what the last page says."""
    async with aiohttp.ClientSession() as browser, browser.get(url) as page:
        return await page.text()


@pytest.fixture
def desktop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop that can open a browser."""
    command(home / "bin" / "xdg-open", "exit 0")
    monkeypatch.setenv("DISPLAY", ":0")


async def method(setup: SignInSetup, name: str) -> Callable[[User], Awaitable[object]]:
    """The sign-in that ``--method NAME`` is."""
    found = next(one for one in await SIGN_IN.methods(setup.context) if name in (one.id, one.key, *one.also))
    return lambda user: found.run(setup.context, user)


@pytest.mark.usefixtures("desktop")
class TestInTheBrowser:
    async def test_it_signs_in_without_a_code_to_type(self, setup: SignInSetup, center: IdentityCenter) -> None:
        user = User(*WHERE, REGION, browser=browse)
        await (await method(setup, "sso"))(user)
        assert user.done
        ((link, code),) = user.links
        assert code is None
        assert "You can close this page." in str((await user.closed_browser())[0])
        assert "Waiting for your browser, 10 minutes at most." in user.told
        assert center.registered[-1] == {
            "clientName": "candela",
            "clientType": "public",
            "scopes": ["sso:account:access"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "issuerUrl": START_URL,
        }
        assert parse_qs(urlsplit(link).query)["code_challenge_method"] == ["S256"]
        credentials = setup.credentials()
        try:
            assert (await credentials.keys()).access_key == "ASIADEVELOPER"  # type: ignore[union-attr]
        finally:
            await credentials.close()

    async def test_no_secret_is_seen_or_lies_in_plain_text(
        self, setup: SignInSetup, center: IdentityCenter, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        user = User(*WHERE, REGION, browser=browse)
        await (await method(setup, "sso"))(user)
        assert center.codes
        for secret in center.secrets:
            assert secret not in user.seen
            assert secret not in setup.plain_text()
            assert secret not in caplog.text

    async def test_a_profile_signs_in_there_too(self, home: Path, setup: SignInSetup, center: IdentityCenter) -> None:
        (home / "config").write_text(PROFILE)
        user = User(browser=browse)
        await (await method(setup, "profile:work"))(user)
        assert center.codes
        assert setup.settings.aws.profile == "work"

    async def test_a_profile_without_an_sso_session_takes_a_code_as_with_the_aws_cli(
        self, home: Path, setup: SignInSetup, center: IdentityCenter
    ) -> None:
        (home / "config").write_text(
            f"[default]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            "sso_account_id = 111111111111\nsso_role_name = ReadOnly\nregion = us-east-1\n"
        )
        user = User()
        await (await method(setup, "profile:default"))(user)
        assert [code for _, code in user.links] == ["ABCD-EFGH"]

    async def test_a_code_is_a_choice(self, setup: SignInSetup, center: IdentityCenter) -> None:
        assert [one.id for one in await SIGN_IN.methods(setup.context)][:2] == ["sso", "sso-code"]
        user = User(*WHERE, REGION)
        await (await method(setup, "sso-code"))(user)
        assert [code for _, code in user.links] == ["ABCD-EFGH"]
        assert "Waiting for you to confirm the code, 10 minutes at most." in user.told


async def test_without_a_browser_it_is_a_code(setup: SignInSetup, center: IdentityCenter) -> None:
    assert (await SIGN_IN.methods(setup.context))[0].id == "sso-code"
    user = User(*WHERE, REGION)
    await (await method(setup, "sso"))(user)
    assert [code for _, code in user.links] == ["ABCD-EFGH"]


@pytest.mark.usefixtures("home")
class TestWhatGoesWrong:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            ("access_denied", "the sign-in to AWS was denied in the browser"),
            ("server_error", "IAM Identity Center did not sign you in: server_error"),
        ],
    )
    async def test_what_the_browser_came_back_with_is_said(
        self, center: IdentityCenter, error: str, words: str
    ) -> None:
        center.denies = error
        with pytest.raises(CredentialsError) as told:
            await in_browser(User(browser=browse), START_URL, "us-east-1")
        assert str(told.value) == words

    async def test_an_answer_with_another_state_ends_nothing(self, center: IdentityCenter) -> None:
        pages: list[str] = []

        async def follow(url: str) -> None:
            redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            pages.append(await browse(f"{redirect}?state=forged&code=forged"))
            pages.append(await browse(url))

        user = User(browser=follow)
        assert (await in_browser(user, START_URL, "us-east-1")).access_token in center.valid
        await user.closed_browser()
        assert ["another sign-in" in page for page in pages] == [True, False]

    @pytest.mark.parametrize("part", ["verifier", "redirect_uri", "code"])
    async def test_a_code_is_worth_nothing_without_its_verifier_and_its_redirect(
        self, center: IdentityCenter, part: str
    ) -> None:
        begun = sso_browser.begin(START_URL, "us-east-1", SCOPES, "http://127.0.0.1:9/oauth/callback")
        code = await _code_of(begun.link)
        forged = replace(begun, **{part: "forged"}) if part != "code" else begun
        with pytest.raises(CredentialsError, match="did not accept the browser's answer"):
            await asyncio.to_thread(sso_browser.token_for, forged, code if part != "code" else "forged")
        assert center.valid == set()

    async def test_a_browser_that_does_not_come_back_is_waited_for_only_so_long(self, center: IdentityCenter) -> None:
        with pytest.raises(CredentialsError, match=r"did not come back from IAM Identity Center .*--method sso-code"):
            await in_browser(User(), START_URL, "us-east-1", limit_s=0.05)

    async def test_who_gives_up_leaves_no_port_open_and_nothing_kept(
        self, setup: SignInSetup, center: IdentityCenter, endpoint: Endpoint
    ) -> None:
        shown = asyncio.Event()

        async def read(_url: str) -> None:
            shown.set()

        user = User(browser=read)
        signing_in = asyncio.create_task(in_browser(user, START_URL, "us-east-1"))
        await shown.wait()
        signing_in.cancel()
        await asyncio.wait({signing_in})
        address = urlsplit(parse_qs(urlsplit(user.links[0][0]).query)["redirect_uri"][0])
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.hostname, address.port)
        assert not any(setup.folder.iterdir())


async def _code_of(link: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(link, allow_redirects=False) as page:
        return parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
