"""How credentials stand for the next request: five places say the same, and the request shows that it is true."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner, Result

from candela_tui.cli.commands.auth import auth
from candela_tui.cli.invocation import Invocation
from candela_tui.config import load
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.state import SIGNS, Standing
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.doctor.access import check_access
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.credentials import credential_checks
from candela_tui.doctor.run_checks import gather_results
from candela_tui.providers.bedrock.credentials.sso import SsoToken
from candela_tui.providers.bedrock.credentials.sso_cache import SsoSession, write
from candela_tui.providers.identity import PROVIDERS, route_to
from candela_tui.providers.identity import Provider as ProviderId
from tests.credentials.conftest import home as home
from tests.credentials.conftest import nobody_listens as nobody_listens
from tests.credentials.endpoint import Endpoint
from tests.credentials.identity_center import START_URL
from tests.credentials.sign_in.test_aws_who import IDENTITY
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex
from tests.ui.conftest import apps_are_cheap as apps_are_cheap
from tests.ui.scene import Scene, screen_text, until

KEY = "sk-ant-api03-kept-by-candela"
PASSPHRASE = "a few words are good"
SSO = f"""[default]
sso_session = corp
sso_account_id = 1111
sso_role_name = Developer
region = us-east-1
[sso-session corp]
sso_start_url = {START_URL}
sso_region = us-east-1
"""


@dataclass
class Machine:
    """A user's machine, with stand-ins for the providers."""

    home: Path
    data: Path
    environment: pytest.MonkeyPatch
    anthropic: Provider
    bedrock: Bedrock
    vertex: Vertex
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    client: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer candela"})
    """The credentials that Claude Code sends: the placeholder if it has none."""

    def keep_key(self) -> None:
        """Sign in with a key, in the encrypted file."""
        file = self.data / "vault.json"
        EncryptedFile(file, lambda: PASSPHRASE, cost=16).write(vault_entry(ProviderId.ANTHROPIC), KEY)
        account = Account("file", str(file), "API key", datetime.now(UTC))
        Accounts(self.data / "accounts.json").put(ProviderId.ANTHROPIC, account)

    def write_profile(self, name: str) -> None:
        """Write a profile with keys that the stand-in takes."""
        access_key, secret, token = self.bedrock.issue()
        text = f"aws_access_key_id = {access_key}\naws_secret_access_key = {secret}\naws_session_token = {token}\n"
        (self.home / "credentials").write_text(f"[{name}]\n{text}")


def nothing(_: Machine) -> None:
    pass


def login_of_claude_code(machine: Machine) -> None:
    (machine.home / ".claude").mkdir()
    login = {"claudeAiOauth": {"accessToken": "sk-ant-oat01-a", "refreshToken": "sk-ant-ort01-b"}}
    (machine.home / ".claude" / ".credentials.json").write_text(json.dumps(login))
    machine.client = {"Authorization": "Bearer sk-ant-oat01-a"}


def key_in_the_environment(machine: Machine) -> None:
    machine.environment.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-of-the-client")
    machine.client = {"x-api-key": "sk-ant-api03-of-the-client"}


def kept_key(machine: Machine) -> None:
    machine.keep_key()
    machine.environment.setenv("CANDELA_PASSPHRASE", PASSPHRASE)


def locked_vault(machine: Machine) -> None:
    machine.keep_key()


def wrong_passphrase(machine: Machine) -> None:
    machine.keep_key()
    machine.environment.setenv("CANDELA_PASSPHRASE", "another passphrase")


def command_that_fails(machine: Machine) -> None:
    machine.sections["anthropic"] = {"key_command": "exit 3"}


def command_that_prints_a_key(machine: Machine) -> None:
    machine.sections["anthropic"] = {"key_command": f"echo {KEY}"}


def profile_that_nobody_chose(machine: Machine) -> None:
    machine.write_profile("work")
    machine.sections["aws"] = {"region": "us-east-1"}


def chosen_profile(machine: Machine) -> None:
    machine.write_profile("work")
    machine.sections["aws"] = {"profile": "work", "region": "us-east-1"}


def keys_without_a_region(machine: Machine) -> None:
    machine.write_profile("default")


def ended_sso_session(machine: Machine) -> None:
    (machine.home / "config").write_text(SSO)
    ended = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    write(SsoSession(START_URL, "us-east-1", "corp", ()), SsoToken("token", ended, None, "client", "secret", ended))


def bedrock_api_key(machine: Machine) -> None:
    machine.bedrock.bearer_keys.add("ABSK-a-key")
    machine.environment.setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSK-a-key")
    machine.sections["aws"] = {"region": "us-east-1"}


def login_of_gcloud(machine: Machine) -> None:
    (machine.home / "gcloud").mkdir()
    key = machine.vertex.service_account(machine.home)
    (machine.home / "gcloud" / "application_default_credentials.json").write_bytes(key.read_bytes())
    machine.sections["vertex"] = {"project": machine.vertex.project}


def keys_without_a_workspace(machine: Machine) -> None:
    machine.write_profile("default")
    machine.sections["aws"] = {"region": "us-east-1"}


ANTHROPIC, BEDROCK, VERTEX = ProviderId.ANTHROPIC, ProviderId.BEDROCK, ProviderId.VERTEX
NONE, FOUND, SIGNED_IN = Standing.NONE, Standing.FOUND, Standing.SIGNED_IN
CASES = [
    (ANTHROPIC, nothing, NONE, NONE),
    (ANTHROPIC, login_of_claude_code, Standing.CLIENT, Standing.CLIENT),
    (ANTHROPIC, key_in_the_environment, Standing.CLIENT, Standing.CLIENT),
    (ANTHROPIC, kept_key, SIGNED_IN, SIGNED_IN),
    (ANTHROPIC, locked_vault, Standing.LOCKED, Standing.LOCKED),
    (ANTHROPIC, wrong_passphrase, Standing.LOCKED, Standing.LOCKED),
    (ANTHROPIC, command_that_fails, FOUND, Standing.REFUSED),
    (ANTHROPIC, command_that_prints_a_key, FOUND, SIGNED_IN),
    (BEDROCK, profile_that_nobody_chose, NONE, NONE),
    (BEDROCK, chosen_profile, FOUND, SIGNED_IN),
    (BEDROCK, keys_without_a_region, NONE, NONE),
    (BEDROCK, ended_sso_session, Standing.REFUSED, Standing.REFUSED),
    (BEDROCK, bedrock_api_key, FOUND, SIGNED_IN),
    (VERTEX, login_of_gcloud, FOUND, SIGNED_IN),
    (ProviderId.MANTLE, keys_without_a_region, NONE, NONE),
    (ProviderId.CLAUDE_AWS, keys_without_a_workspace, NONE, NONE),
]
"""A provider, a set-up, and the standing before and after the first request."""


@pytest.fixture
async def machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """A machine on which nothing is set up."""
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "CANDELA_PASSPHRASE", "CANDELA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_MODEL", "claude-sonnet-4-5")
    data = tmp_path / "data"
    data.mkdir()
    with Endpoint() as sts:
        sts.respond = lambda _: (200, IDENTITY)
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with Provider() as anthropic, Bedrock() as bedrock, Vertex() as vertex:
            yield Machine(home, data, monkeypatch, anthropic, bedrock, vertex)


class Places:
    """The places that say how the credentials of one provider stand."""

    def __init__(self, machine: Machine, candela: RunningProxy, provider: ProviderId) -> None:
        self._machine = machine
        self._candela = candela
        self._provider = provider
        self._account = PROVIDERS[provider].account

    async def status(self) -> Standing:
        ran = await self._auth("status", "--json", "--provider", self._account)
        [found] = json.loads(ran.output)["providers"]
        standing = Standing(found["standing"])
        assert (ran.exit_code == 0) == standing.ready
        return standing

    async def test_passes(self) -> bool:
        return (await self._auth("test", "--json", "--provider", self._account)).exit_code == 0

    async def doctor(self) -> Standing:
        context = self._doctors_context()
        checks = [check for check in credential_checks() if check.topic.id == f"credentials.{self._account}"]
        [found] = await gather_results(context, checks)
        said = next((one for one in Standing if found.words.startswith(one.value)), NONE)
        wrong = said in (Standing.LOCKED, Standing.REFUSED) or (said is NONE and self._provider is not ANTHROPIC)
        assert (found.state is CheckState.BAD) == wrong
        return said

    async def doctors_request_passes(self) -> bool:
        [found] = await check_access(self._provider, self._doctors_context())
        return found.state is not CheckState.BAD

    async def relay_answers(self) -> bool:
        url = f"{self._candela.origin}{route_to(self._provider).prefix}/v1/messages"
        async with (
            aiohttp.ClientSession(headers=self._machine.client) as client,
            client.post(url, data=BODY) as answer,
        ):
            await answer.read()
            return answer.status == 200

    def _doctors_context(self) -> DoctorContext:
        paths, project = self._candela.paths, self._machine.home / "project"
        project.mkdir(exist_ok=True)
        return DoctorContext(
            paths, load(paths.config), environ=os.environ, home=self._machine.home, directory=project, managed=project
        )

    async def _auth(self, *arguments: str) -> Result:
        paths = self._candela.paths
        invoke: Callable[[], Result] = lambda: CliRunner(catch_exceptions=False).invoke(  # noqa: E731
            auth, arguments, obj=Invocation(paths.config, paths.data)
        )
        return await asyncio.to_thread(invoke)


def written(sections: dict[str, dict[str, Any]]) -> str:
    """The sections as TOML."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
        for name, section in sections.items()
    )


@pytest.mark.parametrize(
    ("provider", "prepare", "before", "after"), CASES, ids=[f"{case[0]}-{case[1].__name__}" for case in CASES]
)
async def test_all_places_agree_with_what_the_request_finds(
    machine: Machine, provider: ProviderId, prepare: Callable[[Machine], None], before: Standing, after: Standing
) -> None:
    prepare(machine)
    of_stand_in = {"anthropic": machine.anthropic.url, "aws": machine.bedrock.url, "vertex": machine.vertex.url}
    for section, url in of_stand_in.items():
        machine.sections[section] = {**machine.sections.get(section, {}), "base_url": url}
    route = route_to(provider).name
    candela = RunningProxy(machine.anthropic.url, machine.data, sections=machine.sections, default_route=route)
    own = {**machine.sections, "proxy": {"port": candela.port, "default_route": route}}
    candela.paths.config.write_text(written(own))
    scene = Scene(
        machine.data,
        feed=candela.feed,
        address=f"127.0.0.1:{candela.port}",
        route=route,
        sign_in_setup=SignInSetup(candela.paths),
    )
    places = Places(machine, candela, provider)
    async with candela, scene.opened((140, 36)) as pilot:

        async def all_say(standing: Standing) -> None:
            assert await places.status() is standing
            assert await places.doctor() is standing
            shown = f"{SIGNS[standing]} {standing.value} "
            await until(pilot, lambda: shown in screen_text(pilot).splitlines()[0])

        await all_say(before)
        answered = await places.relay_answers()
        await all_say(after)
        assert answered is after.ready
        if prepare is not bedrock_api_key:  # botocore sends no API key without TLS.
            assert await places.test_passes() is answered
        if provider is not ANTHROPIC or before not in (NONE, Standing.CLIENT):
            assert await places.doctors_request_passes() is answered
        await all_say(after)
