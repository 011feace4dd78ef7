"""How many answers a sign-in takes, in the terminal and in the dashboard's wizard: the choice of the provider aside."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from textual.pilot import Pilot

from candela_tui.cli.terminal.prompter import TerminalPrompter
from candela_tui.cli.terminal.sign_in_method import Existing, Given, chosen_method
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.google.sign_in import GoogleSignIn
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.sign_in.interface import Method, SignIn
from candela_tui.paths import Paths, default_paths
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.vertex.sign_in.place import VertexPlace
from candela_tui.ui.widgets.rows.row_list import RowList
from tests.credentials.conftest import command
from tests.credentials.google_stand_in import GoogleStandIn
from tests.credentials.identity_center import START_URL, IdentityCenter
from tests.credentials.test_google import logged_in, service_account
from tests.credentials.vault.secret_service import gnome_keyring, session_bus
from tests.proxy.running import RunningProxy
from tests.standin import Provider as AnthropicStandIn
from tests.ui.conftest import apps_are_cheap as apps_are_cheap
from tests.ui.scene import Scene, screen_text, shows, typed, until

KEY = "sk-ant-api03-a-key-that-nobody-may-see-0123456789"
HOW = "How do you want to sign in?"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Steps:
    """A sign-in, and all that it asks: a part of each question, with what is typed or the id that is chosen."""

    provider: Provider
    answers: Sequence[tuple[str, str]]


KEY_STEPS = Steps(Provider.ANTHROPIC, [("API key", KEY)])
SSO_STEPS = Steps(
    Provider.BEDROCK,
    [
        (HOW, "sso-code"),
        ("Start URL of the AWS access portal", START_URL),
        ("Which account?", "222222222222"),
        ("Which role?", "Developer"),
        ("Which AWS region?", "eu-west-1"),
    ],
)
PROFILE_STEPS = Steps(Provider.BEDROCK, [(HOW, "profile:work")])
GCP_STEPS = Steps(Provider.VERTEX, [(HOW, "gcloud"), ("Google Cloud project", "work-7"), ("Region", "us")])


@dataclass
class Machine:
    """A user's machine, with a keyring and the stand-ins of all providers."""

    paths: Paths
    google: GoogleStandIn
    anthropic: AnthropicStandIn

    def sign_in(self, provider: Provider) -> SignIn:
        """The sign-in to a provider, or to its stand-in."""
        if provider is Provider.VERTEX:
            return GoogleSignIn(provider, VertexPlace(), self.google.endpoints).sign_in()
        return sign_in_to(provider)


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """gnome-keyring, unlocked. It starts before the home hides its program."""
    folder = tmp_path / "session"
    folder.mkdir()
    with session_bus(folder) as address, gnome_keyring(folder, address):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield


@pytest.fixture
async def machine(
    keyring: None,
    home: Path,
    center: IdentityCenter,
    provider: AnthropicStandIn,
    authority: trustme.CA,
    nobody_listens: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Machine]:
    """The machine. What no stand-in plays is out of reach."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{nobody_listens}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    folder = tmp_path / "candela"
    folder.mkdir()
    paths = default_paths(folder / "config.toml", folder)
    paths.config.write_text(f'[anthropic]\nbase_url = "{provider.url}"\n')
    projects = [{"projectId": "other-1", "displayName": "Other"}, {"projectId": "work-7", "displayName": "Work"}]
    async with GoogleStandIn(authority, projects=projects) as google:
        adc = json.dumps(service_account(google.endpoints.token))
        file = logged_in(home, adc)
        file.rename(home / "adc.json")
        command(home / "bin" / "gcloud", f"/bin/cp {home / 'adc.json'} {file}")
        yield Machine(paths, google, provider)


class Typist:
    """The user's end of a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._seen = ""
        self._came = asyncio.Event()

    def take(self) -> None:
        """Read what came."""
        self._seen += os.read(self._terminal, 65536).decode("utf-8", "replace")
        self._came.set()

    async def sees(self, words: str) -> None:
        """Wait until the terminal shows them, behind what was waited for before."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self._seen:
                self._came.clear()
                await self._came.wait()
        self._seen = self._seen[self._seen.index(words) + len(words) :]

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._terminal, f"{text}\n".encode())


@asynccontextmanager
async def terminal() -> AsyncIterator[Typist]:
    """A terminal, which is this process's meanwhile."""
    ours, its = pty.openpty()
    before = sys.stdin, sys.stdout, sys.stderr
    loop, typist = asyncio.get_running_loop(), Typist(ours)
    with os.fdopen(os.dup(its)) as reads, os.fdopen(os.dup(its), "w") as writes:
        sys.stdin, sys.stdout, sys.stderr = reads, writes, writes
        loop.add_reader(ours, typist.take)
        try:
            yield typist
        finally:
            loop.remove_reader(ours)
            sys.stdin, sys.stdout, sys.stderr = before
    os.close(its)
    os.close(ours)


async def in_terminal(machine: Machine, steps: Steps) -> None:
    """Sign in as ``candela auth login --provider`` does."""
    prompter = TerminalPrompter("")
    context = await SignInSetup(machine.paths).context(prompter)
    sign_in = machine.sign_in(steps.provider)

    async def conversation() -> None:
        chosen = await chosen_method(sign_in, context, prompter, Given(None, {}, False))
        assert isinstance(chosen, Method)
        await chosen.run(context, prompter)

    async with terminal() as typist, asyncio.timeout(PATIENCE_S):
        talking = asyncio.create_task(conversation())
        for question, answer in steps.answers:
            await typist.sees(question)
            await typist.sees(": ")
            typist.types(answer)
        await talking


@asynccontextmanager
async def wizard(machine: Machine) -> AsyncIterator[Pilot[int]]:
    """The dashboard's wizard, at the choice of the provider."""
    nowhere = {"aws": {"base_url": os.environ["AWS_ENDPOINT_URL"]}}
    async with RunningProxy(machine.anthropic.url, machine.paths.data, sections=nowhere) as proxy:
        scene = Scene(
            machine.paths.data,
            feed=proxy.feed,
            address=f"127.0.0.1:{proxy.port}",
            sign_in_setup=SignInSetup(machine.paths),
            sign_ins=machine.sign_in,
        )
        async with scene.opened((80, 24)) as pilot:
            await pilot.press("a")
            await shows(pilot, "Sign in to", "Anthropic")
            yield pilot


async def in_wizard(machine: Machine, steps: Steps) -> None:
    """Sign in in the wizard."""
    async with wizard(machine) as pilot:
        await _row(pilot, steps.provider)
        for question, answer in steps.answers:
            await until(pilot, lambda question=question: question in _question(pilot))
            if pilot.app.screen.query_one("#offers").display:
                await _row(pilot, answer)
            else:
                pilot.app.screen.query_one("#typed").value = ""  # type: ignore[attr-defined]
                await typed(pilot, answer)
                await pilot.press("enter")
        await shows(pilot, "What next?")


def _question(pilot: Pilot[int]) -> str:
    """The question that is open."""
    question = pilot.app.screen.query_one("#question")
    return screen_text(pilot) if question.display else ""


async def _row(pilot: Pilot[int], key: str) -> None:
    """Choose a row of the list."""
    rows = pilot.app.screen.query_one("#offers", RowList)
    await until(pilot, lambda: key in [row.key for row in rows.rows])
    for _ in [row.key for row in rows.rows].index(key) * [None]:
        await pilot.press("j")
    await until(pilot, lambda: rows.cursor_key == key)
    await pilot.press("enter")


PLACES = pytest.mark.parametrize("sign", [in_terminal, in_wizard], ids=["terminal", "wizard"])
Sign = Callable[[Machine, Steps], "asyncio.Future[None]"]


@PLACES
async def test_an_api_key_is_one_answer(machine: Machine, sign: Sign) -> None:
    await sign(machine, KEY_STEPS)
    assert len(KEY_STEPS.answers) == 1
    account = Accounts(machine.paths.accounts).of(Provider.ANTHROPIC)
    assert account is not None
    assert (account.store, account.label) == ("keyring", "API key …6789")


@PLACES
async def test_sso_from_nothing_is_five_answers(machine: Machine, sign: Sign) -> None:
    await sign(machine, SSO_STEPS)
    assert len(SSO_STEPS.answers) == 5
    account = Accounts(machine.paths.accounts).of(Provider.BEDROCK)
    assert account is not None
    assert account.label == "Developer in account 222222222222 (SSO)"
    assert 'region = "eu-west-1"' in machine.paths.config.read_text()


@PLACES
async def test_a_profile_that_is_there_is_one_answer(machine: Machine, home: Path, sign: Sign) -> None:
    keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n"
    (home / "config").write_text("[profile work]\nregion = eu-central-1\n")
    (home / "credentials").write_text(f"[work]\n{keys}")
    await sign(machine, PROFILE_STEPS)
    assert len(PROFILE_STEPS.answers) == 1
    assert 'profile = "work"' in machine.paths.config.read_text()


@PLACES
async def test_google_cloud_is_three_answers(machine: Machine, sign: Sign) -> None:
    await sign(machine, GCP_STEPS)
    assert len(GCP_STEPS.answers) == 3
    assert '[vertex]\nproject = "work-7"\nregion = "us"\n' in machine.paths.config.read_text()


async def test_a_region_that_is_not_listed_can_be_typed_in_the_wizard(machine: Machine, home: Path) -> None:
    (home / "credentials").write_text("[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n")
    async with wizard(machine) as pilot:
        await _row(pilot, Provider.BEDROCK)
        await shows(pilot, HOW)
        await _row(pilot, "profile:work")
        screen = await shows(pilot, "Which AWS region?")
        assert "us-east-1" in screen
        await pilot.press("G", "enter")
        await typed(pilot, "Frankfurt")
        await pilot.press("enter")
        await shows(pilot, "That is not an AWS region. Example: us-east-1", "US East (N. Virginia)")
        await pilot.press("G", "enter")
        await typed(pilot, "xx-test-1")
        await pilot.press("enter")
        await shows(pilot, "What next?")
    assert 'region = "xx-test-1"' in machine.paths.config.read_text()


class TestASubscription:
    @pytest.fixture(autouse=True)
    def _logged_in(self, machine: Machine, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Claude Code is logged in."""
        monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
        folder = home / ".claude"
        folder.mkdir()
        (folder / ".credentials.json").write_text('{"claudeAiOauth": {"accessToken": "sk-ant-oat01-mine"}}')

    async def test_asks_nothing_in_the_terminal_and_says_that_there_is_nothing_to_do(self, machine: Machine) -> None:
        async with terminal() as typist:
            prompter = TerminalPrompter("")
            context = await SignInSetup(machine.paths).context(prompter)
            sign_in = machine.sign_in(Provider.ANTHROPIC)
            assert await chosen_method(sign_in, context, prompter, Given(None, {}, False)) is Existing.OWN_LOGIN
            await typist.sees("Claude Code's own login: nothing to do.")

    async def test_has_nothing_to_do_in_the_wizard(self, machine: Machine) -> None:
        async with wizard(machine) as pilot:
            await _row(pilot, Provider.ANTHROPIC)
            await shows(pilot, "✓ Claude Code: is logged in", "Claude Code's own login: nothing to do.")
