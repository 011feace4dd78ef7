"""Gateway mode with the real client: what it shows of candela's budgets, and what it goes without."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from candela_tui.database_url import DatabaseUrl
from candela_tui.protocol.claude_code.withheld import measured_for
from candela_tui.redaction import KEY_BEGINNING
from tests.e2e.candela import COMMAND, PATIENCE_S, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import is_messages, is_title, plain, speak, titled
from tests.e2e.terminal import Terminal
from tests.e2e.test_dashboard_beside_client import settled_home
from tests.keys.people import store_url
from tests.standin import Provider, ReceivedRequest, text
from tests.standin.answers import usage
from tests.standin.load_balancer import LoadBalancer
from tests.standin.oidc import CLIENT_ID, SECRET, IdentityProvider

pytestmark = pytest.mark.e2e

OWN = {"CANDELA_ANTHROPIC__KEY_COMMAND": "echo sk-ant-api03-own"}
MANAGED_MODEL = "claude-opus-4-8"
BUDGET = '[{ name = "my day", window = "day", limit_usd = 2, on_breach = "warn" }]'


async def test_the_client_shows_the_budget_as_its_own_limit(claude: Claude, tmp_path: Path) -> None:
    if not measured_for(claude.known_version).shows_spend_limits:
        pytest.skip("this version shows no limits of spending")
    project, home = tmp_path / "project", tmp_path / "home"
    await asyncio.to_thread(settled_home, home, project)
    await asyncio.to_thread(_with_status_line, home)
    async with Provider() as provider, Terminal(tmp_path / "tmux", 120, 36) as terminal:
        provider.respond = titled(lambda asked: speak(asked, text("Hi"), usage=usage(340_000), output_tokens=0))
        async with Candela(tmp_path / "data", provider.url, CANDELA_RULES__BUDGETS=BUDGET, **OWN) as candela:
            await _spend(candela)
            environment = {**candela.environment, **clean_environment(home, LANG="C.UTF-8")}
            # Without more than the conversation, it does not ask how its limits stand.
            del environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"], environment["ANTHROPIC_API_KEY"]
            environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
            await terminal.open("client", [COMMAND, "claude", "--gateway"], environment, project)
            await terminal.shows("client", "Cloud gateway", "You've used 85% of your usage credits")
            # It asks the status line again after an answer.
            provider.respond = titled(lambda asked: speak(asked, text("Hello"), usage=usage(10), output_tokens=1))
            await terminal.type("client", "hi")
            await terminal.press("client", "Enter")
            await terminal.shows("client", "Hello", '"spend_limit":{"used_percentage":85')
            await terminal.type("client", "/usage")
            await terminal.shows("client", "/usage")
            await terminal.press("client", "Enter")
            await terminal.shows("client", "Spend limit", "85% used", "$1.70 / $2.00 spent today")
            requests = await candela.records("requests")
    own = [request for request in requests if request["client"].startswith("claude-")]
    assert own
    assert {request["key"] for request in own} == {"gateway"}
    [probe] = [request for request in requests if request["kind"] == "probe"]
    assert (probe["status"], probe["cost_usd"]) == (200, 0)
    assert not any(asked.json.get("max_tokens") == 1 for asked in provider.requests)


async def _spend(candela: Candela) -> None:
    """Spend 85% of the budget."""
    asked = {"model": "claude-opus-4-7", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{candela.url}/v1/messages", json=asked) as answer,
    ):
        await answer.read()
    async with asyncio.timeout(PATIENCE_S):
        while [each["outcome"] for each in await candela.records("requests")] != ["ok"]:
            pass


def _with_status_line(home: Path) -> None:
    """Let the client show what its status line is told of limits."""
    command = """grep -o '"spend_limit":{[^}]*}'"""
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text(json.dumps({"statusLine": {"type": "command", "command": command}}))


async def test_the_client_goes_without_what_is_said(claude: Claude, tmp_path: Path) -> None:
    """With one model, so that only the mode makes a difference."""
    measured = measured_for(claude.known_version)
    sent: dict[bool, ReceivedRequest] = {}
    for gateway in (False, True):
        async with Provider() as provider:
            provider.respond = plain()
            home = tmp_path / f"home-{gateway}"
            environment = clean_environment(home, ANTHROPIC_BASE_URL=provider.url, ENABLE_TOOL_SEARCH="true")
            if gateway:
                del environment["ANTHROPIC_API_KEY"]
                environment |= {"CLAUDE_CODE_USE_GATEWAY": "1", "ANTHROPIC_AUTH_TOKEN": "ck_live_x"}
            model = "claude-opus-5-5" if measured.shows_spend_limits else "claude-opus-4-8"
            await run_claude(claude, "say hi", environment, home, "--model", model)
            [sent[gateway]] = [each for each in provider.requests if is_messages(each) and not is_title(each)]
    plainly, by_gateway = (
        {re.sub(r"-\d{4}-\d\d-\d\d$", "", beta) for beta in (sent[each].header("anthropic-beta") or "").split(",")}
        for each in (False, True)
    )
    assert plainly - by_gateway == {each.name for each in measured.in_gateway_mode if each.kind == "beta"}
    assert by_gateway - plainly == {"tool-search-tool"}
    assert set(sent[False].json) - set(sent[True].json) == {
        each.name for each in measured.in_gateway_mode if each.kind == "field"
    }
    assert len(sent[True].json["tools"]) == len(sent[False].json["tools"])


async def test_a_person_signs_in_with_login_and_gets_the_managed_settings(claude: Claude, tmp_path: Path) -> None:
    managed = tmp_path / "managed.json"
    await asyncio.to_thread(managed.write_text, json.dumps({"cleanupPeriodDays": 31}))
    async with Provider() as provider, IdentityProvider() as idp:
        candela = Candela(tmp_path / "data", provider.url, **OWN)
        url = f"http://127.0.0.1:{candela.port}"
        candela.environment |= await _team(url, idp, tmp_path)
        candela.environment["CANDELA_TEAM__MANAGED_SETTINGS"] = str(managed)
        models: list[str] = []

        async def once_more(environment: dict[str, str], home: Path) -> None:
            # The client asks for them at each start.
            await asyncio.to_thread(managed.write_text, json.dumps({"model": MANAGED_MODEL}))
            asked_before = len(provider.requests)
            await run_claude(claude, "say hi", environment, home)
            models.extend(asked.json["model"] for asked in provider.requests[asked_before:] if is_messages(asked))

        async with candela:
            token = await _logged_in_and_out(claude, url, provider, idp, tmp_path, once_more)
            after = await _status_with(url, token)
            requests = await candela.records("requests")
    assert {request["key"] for request in requests} == {"ada@example.com"}
    assert after == 401
    assert MANAGED_MODEL in models
    assert KEY_BEGINNING not in candela.log


@pytest.mark.xdist_group("postgres")
async def test_a_person_signs_in_with_login_at_replicas_in_turn(
    claude: Claude, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    pepper = tmp_path / "keys-pepper"
    await asyncio.to_thread(pepper.write_text, "ab" * 32)
    balancer = LoadBalancer()
    shared = {"CANDELA_STORE__URL": store_url(postgres_url), "CANDELA_KEYS__PEPPER_FILE": str(pepper), **OWN}
    async with Provider() as provider, IdentityProvider() as idp, balancer.listening():
        shared |= await _team(balancer.url, idp, tmp_path)
        replicas = [Candela(tmp_path / name / "data", provider.url, **shared) for name in ("one", "two")]
        balancer.replicas = [f"http://127.0.0.1:{each.port}" for each in replicas]
        async with replicas[0], replicas[1]:
            token = await _logged_in_and_out(claude, balancer.url, provider, idp, tmp_path)
            for url in balancer.replicas:
                while await _status_with(url, token) != 401:
                    pass
            requests = await replicas[0].records("requests")
    assert {request["key"] for request in requests} == {"ada@example.com"}
    assert {number for number, path in balancer.served if path.startswith("/oauth/")} == {0, 1}


async def _team(url: str, idp: IdentityProvider, directory: Path) -> dict[str, str]:
    """The settings of a candela at a URL where people sign in."""
    secret = directory / "secret"
    await asyncio.to_thread(secret.write_text, SECRET)
    return {
        "CANDELA_TEAM__URL": url,
        "CANDELA_TEAM__OIDC__ISSUER": idp.url,
        "CANDELA_TEAM__OIDC__CLIENT_ID": CLIENT_ID,
        "CANDELA_TEAM__OIDC__CLIENT_SECRET_FILE": str(secret),
    }


async def _logged_in_and_out(
    claude: Claude,
    url: str,
    provider: Provider,
    idp: IdentityProvider,
    directory: Path,
    meanwhile: Callable[[dict[str, str], Path], Awaitable[None]] | None = None,
) -> dict[str, str]:
    """Sign in with ``/login``, ask something, and ``/logout``; the header field with the token that was good.
    ``meanwhile`` gets the client's environment and home, while the person is signed in."""
    if not measured_for(claude.known_version).shows_spend_limits:
        pytest.skip("this version can't sign in to a gateway")
    project, home = directory / "project", directory / "home"
    await asyncio.to_thread(settled_home, home, project)
    await asyncio.to_thread(_with_settings, home, {"forceLoginMethod": "gateway", "forceLoginGatewayUrl": url})
    provider.respond = plain()
    async with Terminal(directory / "tmux", 120, 40) as terminal:
        environment = clean_environment(home, LANG="C.UTF-8")
        del environment["ANTHROPIC_API_KEY"]
        await terminal.open("client", [claude.path], environment, project)
        await terminal.shows("client", "❯", "Not logged in")
        await _say(terminal, "/login")
        await terminal.shows("client", "Enter to connect")
        await terminal.press("client", "Enter")
        await _agree(terminal, "❯ No, cancel login", "❯ Yes, trust this gateway")
        screen = await terminal.shows("client", "Waiting for sign-in", f"{url}/oauth/device")
        found = re.search(r"Code:\s+(\S{4}-\S{4})", screen)
        assert found is not None
        await _sign_in_by_browser(url, found[1], idp)
        await terminal.shows("client", "Signed in to Cloud gateway as ada@example.com")
        await _agree(terminal, "❯ No, cancel login", "❯ Yes, continue")
        await terminal.shows("client", "Connected to Cloud gateway")
        await terminal.press("client", "Enter")
        # With managed settings, it draws its screen again in place of "Login successful".
        await terminal.shows("client", "· Cloud gateway")
        await _say(terminal, "say hi")
        await terminal.shows("client", "from the reef")
        if meanwhile is not None:
            await meanwhile(environment, home)
        login = json.loads(await asyncio.to_thread((home / ".claude/.credentials.json").read_text))
        await _say(terminal, "/logout")
        await terminal.exit_code("client")
    assert provider.requests
    assert not any(KEY_BEGINNING in value for request in provider.requests for _, value in request.headers)
    return {"Authorization": f"Bearer {login['enterpriseGateway']['jwt']}"}


async def _status_with(url: str, token: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/models", headers=token) as answer:
        return answer.status


def _with_settings(home: Path, settings: dict[str, str]) -> None:
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text(json.dumps(settings))


async def _say(terminal: Terminal, words: str) -> None:
    await terminal.type("client", words)
    await terminal.shows("client", words)
    await terminal.press("client", "Enter")


async def _agree(terminal: Terminal, before: str, after: str) -> None:
    """Choose the upper of two answers, where the client stands on the lower."""
    await terminal.shows("client", before)
    await terminal.press("client", "Up")
    await terminal.shows("client", after)
    await terminal.press("client", "Enter")


async def _sign_in_by_browser(url: str, code: str, idp: IdentityProvider) -> None:
    form, headers = {"user_code": code}, {"Origin": url}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(f"{url}/oauth/device", data=form, headers=headers, allow_redirects=False) as answer:
            there = answer.headers["Location"]
        async with browser.get(idp.signed_in(there)) as answer:
            assert answer.status == 200
