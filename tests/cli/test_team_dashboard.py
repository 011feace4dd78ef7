"""``candela login`` and ``candela attach https://…``: what a person sees of a server on another machine, over TLS."""

import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from candela_tui.keys.person import OF_DASHBOARD
from tests.cli.command import Home, open_window
from tests.e2e.candela import free_port
from tests.e2e.terminal import Terminal
from tests.keys.made import make
from tests.proxy.running import RunningProxy
from tests.proxy.test_keys import ADDRESS, MESSAGES, beyond
from tests.proxy.test_server_certificate import AUTHORITY, write
from tests.standin import Provider, message, text
from tests.standin.oidc import SECRET, IdentityProvider

pytestmark = beyond
ADA = "ada@example.com"


@dataclass
class Server:
    """A server with TLS, and the browser of a person."""

    url: str
    proxy: RunningProxy
    idp: IdentityProvider
    browser: aiohttp.ClientSession
    keys: dict[str, str]

    async def ask(self, name: str, prompt: str) -> None:
        body = {"model": "claude-opus-4-8", "max_tokens": 64, "stream": True}
        body["messages"] = [{"role": "user", "content": prompt}]
        headers = {"x-api-key": self.keys[name], "X-Claude-Code-Session-Id": name}
        async with self.browser.post(f"{self.proxy.origin}{MESSAGES}", json=body, headers=headers) as answer:
            await answer.read()

    async def sign_in(self, code: str) -> None:
        """What the person does in the browser, with the code that the terminal shows."""
        headers = {"Origin": self.url}
        page = f"{self.url}/oauth/device"
        form = {"user_code": code, "lets_in": OF_DASHBOARD}
        async with self.browser.post(page, data=form, headers=headers, allow_redirects=False) as sent:
            there = self.idp.signed_in(sent.headers["Location"])
        async with self.browser.get(there) as done:
            assert ADA in await done.text()


@pytest.fixture
async def server(tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    for module in ("device_codes", "sign_in"):
        monkeypatch.setattr(f"candela_tui.proxy.team.{module}.INTERVAL_S", 0.2)
    data = tmp_path / "server"
    data.mkdir()
    (data / "secret").write_text(SECRET)
    cert, key = write(data, AUTHORITY.issue_cert(str(ADDRESS)))
    port = free_port()
    url = f"https://{ADDRESS}:{port}"
    tls = ssl.create_default_context(cadata=AUTHORITY.cert_pem.bytes().decode())
    connector = aiohttp.TCPConnector(ssl=tls)
    jar = aiohttp.CookieJar(unsafe=True)
    keys = {name: make(data, name, user=user)[1] for name, user in (("ada", ADA), ("bob", "bob"))}
    async with IdentityProvider() as idp:
        own = {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}
        sections = {"anthropic": own, **idp.settings(url, str(data / "secret"))}
        listening = {"listen": ADDRESS, "tls_cert": str(cert), "tls_key": str(key)}
        async with (
            RunningProxy(provider.url, data, listen_on=port, sections=sections, **listening) as proxy,
            aiohttp.ClientSession(connector=connector, cookie_jar=jar) as browser,
        ):
            yield Server(url, proxy, idp, browser, keys)


@pytest.fixture
def at_home(home: Home) -> Home:
    """A home whose system trusts the server's authority, and that keeps secrets in the encrypted file."""
    authority = home.directory / "authority.pem"
    authority.write_bytes(AUTHORITY.cert_pem.bytes())
    home.environment |= {"SSL_CERT_FILE": str(authority), "CANDELA_PASSPHRASE": "correct horse"}
    return home


async def test_a_person_signs_in_and_sees_their_requests_of_the_server(
    server: Server, at_home: Home, terminal: Terminal, provider: Provider
) -> None:
    provider.answer(*[message(text("It turns."))] * 3)
    await server.ask("ada", "mend the weather vane")
    await server.ask("bob", "a secret of bob's")
    environment, directory = at_home.environment, at_home.directory
    await open_window(terminal, "in", ["login", server.url], environment, directory)
    screen = await terminal.shows(
        "in", f"{server.url}/oauth/device", "and confirm this code there", "Waiting for you to sign in"
    )
    found = re.search(r"^[A-Z]{4}-[A-Z]{4}$", screen, re.MULTILINE)
    assert found is not None, screen
    await server.sign_in(found.group())
    await terminal.shows("in", f"Signed in as {ADA}", "candela attach https://")
    assert await terminal.exit_code("in") == 0

    await open_window(terminal, "it", ["attach", server.url], environment, directory)
    await terminal.shows("it", f"as {ADA} (member)", "you see your own requests", "mend the weather vane")
    await server.ask("ada", "paint the weather vane")
    await terminal.shows("it", "1 session  2 req")
    await terminal.press("it", "K")
    await terminal.shows("it", "are made on its own machine")
    await terminal.press("it", "Escape")
    screen = await terminal.shows("it", "you see your own requests")
    assert "a secret of bob" not in screen
    await terminal.press("it", "q")
    assert await terminal.exit_code("it") == 0

    out = await at_home.run("logout", server.url)
    assert (out.code, out.out) == (0, f"Signed out of {server.url}.\n")
    again = await at_home.run("logout", server.url)
    assert "You are not signed in" in again.err
    ended = [exchange for exchange in server.proxy._latest.values() if exchange.key == "ada"]
    assert len(ended) == 2


async def test_nothing_is_sent_to_a_server_whose_certificate_nobody_trusts(server: Server, at_home: Home) -> None:
    del at_home.environment["SSL_CERT_FILE"]
    result = await at_home.run("login", server.url, "--store", "file")
    assert result.code == 1
    assert "certificate" in result.err
    assert "Traceback" not in result.err


async def test_an_address_without_tls_is_refused_before_anything_is_sent(home: Home) -> None:
    for command in ("login", "logout", "attach"):
        result = await home.run(command, "http://candela.example")
        assert (result.code, "use https://" in result.err) == (2, True)
