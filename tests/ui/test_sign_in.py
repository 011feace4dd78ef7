"""The sign-in wizard, towards a stand-in of the provider, through the real proxy."""

import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.sign_in.interface import CheckLine, Finding
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault import choice
from candela_tui.credentials.vault.choice import open_vault
from candela_tui.paths import Paths, default_paths
from candela_tui.providers.identity import Provider, RouteName
from tests.credentials.endpoint import Endpoint
from tests.proxy.running import RunningProxy
from tests.standin import Provider as AnthropicStandIn
from tests.standin import error
from tests.ui.scene import NOW, Scene, screen_text, shows, typed, until
from tests.ui.sign_in_cloud import CODE, LINK, Cloud

KEY = "sk-ant-api03-a-key-that-nobody-may-see-0123456789"
PASSPHRASE = "a few words are good"


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No keyring, no desktop, no passphrase, no key of another program."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CANDELA_PASSPHRASE", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    before = dict(choice._TYPED)
    yield
    choice._TYPED.clear()
    choice._TYPED.update(before)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return default_paths(tmp_path / "config.toml", tmp_path)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        running.respond = lambda _: (200, {"granted": False})
        yield running


@pytest.fixture
def cloud(endpoint: Endpoint) -> Cloud:
    def granted(start: str) -> bool:
        with urllib.request.urlopen(f"{endpoint.url}/token?start={start}") as answer:
            return bool(json.load(answer)["granted"])

    return Cloud(granted)


@asynccontextmanager
async def dashboard(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[Pilot[int]]:
    """A dashboard beside the proxy that its live checks go through."""
    async with RunningProxy(provider.url, paths.data) as proxy:
        # Claude Code signs in by candela where it sends the placeholder.
        scene = Scene(
            paths.data,
            feed=proxy.feed,
            address=f"127.0.0.1:{proxy.port}",
            sign_in_setup=SignInSetup(replace(paths, config=paths.data / "config.toml")),
            sign_ins=cloud.sign_in,
            **options,
        )
        async with scene.opened(size) as pilot:
            yield pilot


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (60, 12)])
async def test_what_is_said_starts_at_the_top_and_the_question_is_right_below(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, size: tuple[int, int]
) -> None:
    async with dashboard(paths, provider, cloud, size) as pilot:
        for keys, asked in (("a", "Sign in to"), ("jj\n", "How do you want to sign in?")):
            await pilot.press(*("enter" if key == "\n" else key for key in keys))
            screen = await shows(pilot, asked)
            said, question = pilot.app.screen.query_one("#said").region, pilot.app.screen.query_one("#question").region
            offers = pilot.app.screen.query_one("#offers").region
            assert said.y == 1
            assert question.y == said.bottom + 1
            assert offers.y == question.bottom
            assert offers.height >= 2
            assert offers.bottom < size[1], screen


async def at_provider(pilot: Pilot[int], place: int, *texts: str) -> None:
    """Open the wizard and go to a provider."""
    await pilot.press("a")
    await shows(pilot, "Sign in to", "Anthropic", "Amazon Bedrock")
    await pilot.press("g", *["j"] * place, "enter")
    await shows(pilot, "How do you want to sign in?", *texts)


async def at_key(pilot: Pilot[int]) -> None:
    """Open the wizard and choose Anthropic, which takes a key and asks nothing else."""
    await pilot.press("a")
    await shows(pilot, "Sign in to", "Anthropic", "Amazon Bedrock")
    await pilot.press("g", "enter")
    await shows(pilot, "Sign in › Anthropic › API key", "press ⏎ to continue")


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)])


@SIZES
async def test_an_api_key_is_kept_under_a_passphrase_checked_through_the_proxy_and_seen_nowhere(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, size: tuple[int, int]
) -> None:
    async with dashboard(paths, provider, cloud, size) as pilot:
        seen = []
        await at_key(pilot)
        await typed(pilot, KEY)
        seen.append(await shows(pilot, "•••"))
        await pilot.press("enter")
        seen.append(await shows(pilot, "no keyring", "An encrypted file", "Where should candela store"))
        await pilot.press("enter")
        for _ in range(2):
            await until(pilot, lambda: isinstance(pilot.app.focused, Input))
            await typed(pilot, PASSPHRASE)
            seen.append(screen_text(pilot))
            await pilot.press("enter")
            await until(pilot, lambda: not _value(pilot))
        seen.append(await shows(pilot, "Anthropic lists 1 model", "Ready. Start", "Back to the dashboard"))
        assert not [text for text in seen if KEY[14:] in text or PASSPHRASE in text]
        assert pilot.app.export_screenshot().count(KEY[-12:]) == 0
        asked = [request for request in provider.requests if request.path.endswith("/v1/models")]
        assert [request.header("x-api-key") for request in asked] == [KEY]
        await pilot.press("enter")
        await shows(pilot, "direct  ● signed in")
    kept = Accounts(paths.accounts).of(Provider.ANTHROPIC)
    assert kept is not None
    assert kept.store == "file"
    assert open_vault("file", paths.vault, lambda: PASSPHRASE).read("anthropic-api-key") == KEY
    found = [path for path in paths.data.iterdir() if path.is_file() and KEY.encode() in path.read_bytes()]
    assert found == []


def _value(pilot: Pilot[int]) -> str:
    return pilot.app.screen.query_one("#typed", Input).value


async def test_a_key_that_is_refused_is_told_in_the_providers_words(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    provider.respond = lambda _: error(401, "invalid x-api-key")
    async with dashboard(paths, provider, cloud) as pilot:
        await at_key(pilot)
        await typed(pilot, KEY)
        await pilot.press("enter")
        screen = await shows(pilot, "✗ Anthropic did not count", "is kept, but does not work yet")
        assert "Anthropic refused candela's API key" in re.sub(r"\s+", " ", screen)


async def test_passphrases_that_differ_are_asked_again(paths: Paths, provider: AnthropicStandIn, cloud: Cloud) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await at_key(pilot)
        await typed(pilot, KEY)
        await pilot.press("enter")
        await shows(pilot, "An encrypted file")
        await pilot.press("enter")
        await typed(pilot, "short")
        await pilot.press("enter")
        await shows(pilot, "needs 8 characters")
        for words in (PASSPHRASE, "something else"):
            await until(pilot, lambda: isinstance(pilot.app.focused, Input) and not _value(pilot))
            await typed(pilot, words)
            await pilot.press("enter")
        await shows(pilot, "The two passphrases differ.")
        assert not paths.vault.exists()


async def test_nowhere_is_an_answer_and_keeps_nothing(paths: Paths, provider: AnthropicStandIn, cloud: Cloud) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await at_key(pilot)
        await typed(pilot, KEY)
        await pilot.press("enter")
        await shows(pilot, "An encrypted file")
        await pilot.press("j", "enter")
        await shows(pilot, "Sign in to", "Amazon Bedrock")
    assert not paths.vault.exists()
    assert not paths.accounts.exists()


@SIZES
async def test_a_device_is_signed_in_with_a_link_and_a_code_that_can_be_copied(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, endpoint: Endpoint, size: tuple[int, int]
) -> None:
    cloud.lines = [
        CheckLine("ok", "You are arn:aws:sts::444455556666:assumed-role/dev/me"),
        CheckLine("warn", "No inference profile is listed in eu-west-1", "candela config set aws.region us-east-1"),
    ]
    async with dashboard(paths, provider, cloud, size) as pilot:
        await at_provider(pilot, 2, "In a browser")
        assert "^y Copy link" not in screen_text(pilot)
        await pilot.press("enter")
        await shows(pilot, "Ask your administrator", "Start URL")
        await pilot.press("enter")
        await shows(pilot, CODE, "https://device.sso.example/start", "press esc to cancel", "^y Copy link")
        await until(pilot, lambda: endpoint.requests)
        assert endpoint.requests[0].path == "/token?start=https://d-1.awsapps.com/start"
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard == LINK)
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.clipboard == CODE)
        endpoint.respond = lambda _: (200, {"granted": True})
        await shows(pilot, "Which account?", "sandbox", "444455556666")
        await pilot.press("j", "enter")
        screen = await shows(
            pilot, "✓ You are arn:aws", "! No inference profile", "→ candela config set aws.region", "What next?"
        )
        assert "Start URL: https://d-1" in screen
        assert CODE not in screen
    account = Accounts(paths.accounts).of(Provider.BEDROCK)
    assert account is not None
    assert account.label == "work"


async def test_escape_gives_up_what_is_waited_for_and_then_leads_back_step_by_step(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await at_provider(pilot, 2)
        await pilot.press("enter")
        await shows(pilot, "Start URL")
        await pilot.press("enter")
        await shows(pilot, CODE)
        await pilot.press("escape")
        await shows(pilot, "How do you want to sign in?")
        assert cloud.cancelled
        await pilot.press("escape")
        await shows(pilot, "Sign in to")
        await pilot.press("escape")
        await shows(pilot, "Waiting for the first request")


async def test_leaving_the_dashboard_cancels_what_is_under_way(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await at_provider(pilot, 2)
        await pilot.press("enter")
        await shows(pilot, "Start URL")
        await pilot.press("enter")
        await shows(pilot, CODE)
        await pilot.press("ctrl+c")
    assert cloud.cancelled


async def test_what_fails_is_told_with_what_to_do_and_can_be_tried_again(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await at_provider(pilot, 2)
        await pilot.press("j", "enter")
        await shows(pilot, "✗ the start URL belongs to nobody: ask your administrator", "Try again")
        await pilot.press("enter")
        await shows(pilot, "How do you want to sign in?")


async def test_a_mistake_in_the_settings_is_told(paths: Paths, provider: AnthropicStandIn, cloud: Cloud) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        paths.config.write_text("[proxy]\nport = 'x'\n")
        await pilot.press("a")
        await shows(pilot, "proxy.port", "Look again")
        paths.config.write_text("")
        await pilot.press("enter")
        await shows(pilot, "Sign in to", "Anthropic")


async def test_what_was_found_is_shown_and_can_be_checked_without_signing_in(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    cloud.found = [
        Finding("profile work", "SSO session, until 14:00", True, Standing.FOUND),
        Finding("AWS_ACCESS_KEY_ID", "there is no AWS_SECRET_ACCESS_KEY", False),
    ]
    cloud.lines = [CheckLine("bad", "the session is over", "aws sso login --profile work")]
    async with dashboard(paths, provider, cloud) as pilot:
        await shows(pilot, "◔ Bedrock", "○ Anthropic", "press a to sign in")
        await at_provider(pilot, 2, "✓ profile work: SSO session", "○ AWS_ACCESS_KEY_ID", "Check the credentials")
        await pilot.press("j", "j", "enter")
        await shows(pilot, "✗ the session is over", "→ aws sso login", "Something does not work yet")


async def test_signing_out_says_what_is_gone_and_what_stays(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    Accounts(paths.accounts).put(Provider.BEDROCK, Account("keyring", "the keyring", "work", datetime.now(UTC)))
    async with dashboard(paths, provider, cloud) as pilot:
        await at_provider(pilot, 2, "Sign out")
        await pilot.press("j", "j", "enter")
        await shows(pilot, "The AWS session is gone; ~/.aws is AWS's own and stays.")
    assert Accounts(paths.accounts).of(Provider.BEDROCK) is None


async def test_the_mouse_is_enough(paths: Paths, provider: AnthropicStandIn, cloud: Cloud) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await pilot.press("a")
        lines = (await shows(pilot, "Sign in to", "Amazon Bedrock")).splitlines()
        place = next(number for number, line in enumerate(lines) if "Amazon Bedrock" in line)
        await pilot.click(offset=(6, place), times=2)
        lines = (await shows(pilot, "How do you want to sign in?", "esc Back")).splitlines()
        await pilot.click(offset=(lines[-1].index("esc Back") + 1, 35))
        await shows(pilot, "Sign in to")


async def test_the_command_line_goes_straight_to_a_provider(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud
) -> None:
    async with dashboard(paths, provider, cloud) as pilot:
        await pilot.press("colon")
        await typed(pilot, "sign-in gcp")
        await pilot.press("enter")
        await shows(pilot, "Sign in › Google Vertex AI", "In a browser")


async def test_where_nobody_can_sign_in_it_is_said(scene: Scene) -> None:
    async with scene.opened() as pilot:
        assert "Credentials" not in await shows(pilot, "Waiting for the first request")
        await pilot.press("a")
        await shows(pilot, "Signing in to a provider is not available here")


def state(standing: Standing, *, minutes: float | None = None, words: str = "") -> CredentialState:
    end = NOW + timedelta(minutes=minutes) if minutes is not None else None
    return CredentialState(Provider.VERTEX, standing, end, words)


class TestTheHeader:
    @pytest.mark.parametrize(
        ("told", "words"),
        [
            (state(Standing.SIGNED_IN), "● signed in"),
            (state(Standing.SIGNED_IN, minutes=55), "● signed in until 12:55"),
            (state(Standing.SIGNED_IN, minutes=1500), "● signed in until Nov 22 13:00"),
            (state(Standing.EXPIRES_SOON, minutes=8, words="no network"), "◐ expires soon until 12:08"),
            (state(Standing.REFUSED, words="the token was revoked"), "✗ can't be used"),
        ],
    )
    async def test_says_how_the_credentials_of_the_default_route_stand(
        self, tmp_path: Path, told: CredentialState, words: str
    ) -> None:
        scene = Scene(tmp_path, route=RouteName.VERTEX)
        async with scene.opened((140, 36)) as pilot:
            scene.feed.tell_credentials(replace(told, provider=Provider.BEDROCK))
            scene.feed.tell_credentials(told)
            await until(pilot, lambda: f"vertex  {words}  " in screen_text(pilot).splitlines()[0])

    async def test_keeps_saying_what_is_wrong_where_there_is_little_room(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, route=RouteName.VERTEX)
        async with scene.opened((80, 24)) as pilot:
            scene.feed.tell_credentials(state(Standing.REFUSED, words="the token was revoked"))
            await until(pilot, lambda: "✗ can't be used" in screen_text(pilot).splitlines()[0])

    async def test_trouble_is_a_notice_once_and_its_end_is_told(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, route=RouteName.VERTEX)
        async with scene.opened() as pilot:
            scene.feed.tell_credentials(state(Standing.EXPIRES_SOON, minutes=8, words="oauth2.googleapis.com is gone"))
            await shows(pilot, "valid only until 12:08", "oauth2.googleapis.com is gone", "⚠ 1")
            scene.feed.tell_credentials(state(Standing.SIGNED_IN, minutes=60))
            await shows(pilot, "the credentials work again")
            scene.feed.tell_credentials(state(Standing.REFUSED, words="revoked"))
            await shows(pilot, "can't be used: revoked", "⚠ 2")

    async def test_a_click_on_it_opens_the_wizard(self, paths: Paths, provider: AnthropicStandIn, cloud: Cloud) -> None:
        async with dashboard(paths, provider, cloud) as pilot:
            pilot.app.sources.feed.tell_credentials(  # type: ignore[attr-defined]
                replace(state(Standing.REFUSED, words="revoked"), provider=Provider.ANTHROPIC)
            )
            header = (await shows(pilot, "✗ can't be used")).splitlines()[0]
            await pilot.click(offset=(header.index("can't be used"), 0))
            await shows(pilot, "Sign in to")


async def test_a_sign_in_that_works_offers_a_message_and_the_default_route(
    paths: Paths, provider: AnthropicStandIn, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    (paths.data / "config.toml").write_text('[proxy]\ndefault_route = "anthropic-bedrock"\n')
    async with dashboard(paths, provider, cloud) as pilot:
        await at_key(pilot)
        await typed(pilot, KEY)
        await pilot.press("enter")
        await shows(pilot, "`candela claude --route direct`", "Send one message", "$0.001 at most")
        assert "/v1/messages" not in {request.path for request in provider.requests}
        await pilot.press("j", "enter")
        screen = await shows(pilot, "answered a message on Anthropic", "Make it the default route")
        assert "Send one message" not in screen
        await pilot.press("j", "enter")
        await shows(pilot, "[proxy] default_route = anthropic-direct is in")
        await until(pilot, lambda: "Make it the default route" not in screen_text(pilot))
    assert (paths.data / "config.toml").read_text() == '[proxy]\ndefault_route = "anthropic-direct"\n'
    assert [request.path for request in provider.requests].count("/v1/messages") == 1
