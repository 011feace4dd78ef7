"""The page over real connections, as browsers and others ask for it. A small program draws in place of a dashboard."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from yarl import URL

from candela_tui.attach.client import Client
from candela_tui.attach.server import LocalServer
from candela_tui.proxy.browser.tabs import MOST_TABS
from tests.proxy.running import PATIENCE_S, RunningProxy
from tests.standin import Provider

DRAWING = (sys.executable, "-S", str(Path(__file__).with_name("drawing.py")))


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    async with RunningProxy(provider.url, tmp_path, dashboard=DRAWING) as running:
        yield running


class Browser:
    """What a browser sends, for a page of candela's own. It keeps cookies."""

    def __init__(self, candela: RunningProxy, http: aiohttp.ClientSession) -> None:
        self.candela = candela
        self.http = http

    async def get(self, path: str, site: str = "none", **headers: str) -> tuple[int, aiohttp.ClientResponse, str]:
        fields = {"Sec-Fetch-Site": site, **headers}
        async with self.http.get(f"{self.candela.origin}{path}", headers=fields, allow_redirects=False) as answer:
            return answer.status, answer, await answer.text()

    async def link(self) -> str:
        """The path and query of a link."""
        url = await asyncio.to_thread(Client(LocalServer(self.candela.port, self.candela.paths.token)).page_link)
        return "{0.path}?{0.query}".format(urlsplit(url))

    async def sign_in(self) -> None:
        status, _, _ = await self.get(await self.link())
        assert status == 303

    @contextlib.asynccontextmanager
    async def tab(self, size: str = "?width=100&height=30", **headers: str) -> AsyncIterator["Shown"]:
        fields = {"Origin": self.candela.origin, "Sec-Fetch-Site": "same-origin", **headers}
        async with self.http.ws_connect(f"{self.candela.origin}/_local/web/socket{size}", headers=fields) as socket:
            yield Shown(socket)


class Shown:
    """A tab: what was drawn, and what the page was told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.drawn = ""
        self.told: list[str] = []

    async def until(self, part: str) -> None:
        """Wait until this is drawn or told, and fail if the tab ends before."""
        while part not in self.drawn and part not in self.told:
            assert await self._next(), self.drawn

    async def end(self) -> None:
        """Wait until the tab is closed by candela."""
        while await self._next():
            pass

    async def _next(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            self.drawn += message.data.decode()
        elif message.type is aiohttp.WSMsgType.TEXT:
            self.told.append(message.data)
        else:
            return False
        return True

    async def pid(self) -> int:
        await self.until("size")
        found = re.search(r"pid (\d+)", self.drawn)
        assert found is not None
        return int(found[1])


@pytest.fixture
async def browser(candela: RunningProxy) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Browser(candela, http)


def running(pid: int) -> bool:
    """Whether the process exists, and was not only left for its parent to wait for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while running(pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def test_without_a_link_the_page_says_how_to_get_one(browser: Browser) -> None:
    status, answer, text = await browser.get("/_local/")
    assert status == 401
    assert answer.content_type == "text/html"
    assert "candela web" in text
    assert "Set-Cookie" not in answer.headers
    assert (await browser.get("/_local"))[1].headers["Location"] == "/_local/"


async def test_a_link_signs_the_browser_in_and_leaves_no_token_in_its_address(browser: Browser) -> None:
    link = await browser.link()
    status, answer, _ = await browser.get(link)
    assert (status, answer.headers["Location"]) == (303, "/_local/")
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    status, answer, text = await browser.get("/_local/")
    assert status == 200
    assert 'id="terminal"' in text
    # A second look at the same link, as after the back button.
    assert (await browser.get(link))[1].headers["Location"] == "/_local/"


async def test_a_link_is_for_one_browser(browser: Browser, candela: RunningProxy) -> None:
    link = await browser.link()
    await browser.get(link)
    async with aiohttp.ClientSession() as http:
        status, answer, text = await Browser(candela, http).get(link)
    assert status == 401
    assert "candela web" in text
    assert "Set-Cookie" not in answer.headers


async def test_all_that_the_page_needs_comes_from_candela_and_nothing_else_is_served(browser: Browser) -> None:
    await browser.sign_in()
    _, answer, text = await browser.get("/_local/")
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "frame-ancestors 'none'" in policy
    for name, media_type in (
        ("page.js", "text/javascript"),
        ("page.css", "text/css"),
        ("textual.js", "text/javascript"),
        ("xterm.css", "text/css"),
        ("mono.ttf", "font/ttf"),
        ("mono-italic.ttf", "font/ttf"),
    ):
        async with browser.http.get(f"{browser.candela.origin}/_local/web/{name}") as answer:
            assert answer.status == 200
            assert answer.content_type == media_type
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert len(await answer.read()) > 500
    for path in ("/_local/web/page.html", "/_local/web/../api/v1", "/_local/web/%2e%2e/page.py", "/_local/web/"):
        async with browser.http.get(URL(f"{browser.candela.origin}{path}", encoded=True)) as answer:
            assert answer.status == 404
    async with browser.http.post(f"{browser.candela.origin}/_local/") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_other_page_opens_it_or_its_socket(browser: Browser, site: str) -> None:
    await browser.sign_in()
    for path in ("/_local/", "/_local/web/page.js", await browser.link()):
        assert (await browser.get(path, site))[0] == 403
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with browser.tab(Origin="http://127.0.0.1:9"):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with browser.tab(**{"Sec-Fetch-Site": site}):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with browser.tab(Host="evil.example", Origin="http://evil.example"):
            pass


async def test_the_socket_asks_for_the_cookie_and_for_an_origin(browser: Browser) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        async with browser.tab():
            pass
    await browser.sign_in()
    assert (await browser.get("/_local/web/socket", "same-origin"))[0] == 401
    assert (await browser.get("/_local/web/socket", "same-origin", Origin=browser.candela.origin))[0] == 426


async def test_the_page_reaches_neither_the_local_api_nor_the_provider(browser: Browser, provider: Provider) -> None:
    await browser.sign_in()
    origin = {"Origin": browser.candela.origin}
    token = browser.candela.paths.token.read_text().strip()
    for path in ("/_local/api/v1", "/v1/models", "/healthz"):
        assert (await browser.get(path, "same-origin", **origin, Authorization=f"Bearer {token}"))[0] == 403
    assert provider.requests == []


async def test_a_tab_draws_types_and_has_a_size(browser: Browser) -> None:
    await browser.sign_in()
    async with browser.tab() as tab:
        await tab.until("size 100x30")
        await tab.socket.send_json(["stdin", "é"])
        await tab.until("typed é")
        await tab.socket.send_json(["resize", {"width": 80, "height": 24}])
        await tab.until('told {"type":"resize","width":80,"height":24}')
        await tab.socket.send_json(["ping", "17"])
        await tab.until('["pong", "17"]')
        await tab.socket.send_str("not valid JSON")
        await tab.socket.send_json(["stdin", "o"])
        await tab.until("opened")
        assert [each for each in tab.told if "open_url" in each] == [
            '["open_url",{"url":"https://example.com/","new_tab":true}]'
        ]


async def test_a_tab_that_is_closed_ends_its_process(browser: Browser) -> None:
    await browser.sign_in()
    async with browser.tab() as tab, browser.tab() as other:
        pid, left = await tab.pid(), await other.pid()
        assert pid != left
        await tab.socket.close()
        await gone(pid)
        assert running(left)
    await gone(left)


async def test_a_browser_that_is_gone_without_a_word_ends_its_process(browser: Browser) -> None:
    await browser.sign_in()
    async with browser.tab() as tab:
        pid = await tab.pid()
        connection = tab.socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
        await gone(pid)


async def test_a_process_that_does_not_quit_is_killed(browser: Browser) -> None:
    await browser.sign_in()
    async with browser.tab() as tab:
        pid = await tab.pid()
        await tab.socket.send_json(["stdin", "h"])
        await tab.until("hanging")
    await gone(pid)


@pytest.mark.parametrize("key", ["x", "c"])
async def test_a_dashboard_that_ends_closes_its_tab(browser: Browser, key: str) -> None:
    await browser.sign_in()
    async with browser.tab() as tab:
        pid = await tab.pid()
        await tab.socket.send_json(["stdin", key])
        await tab.end()
        assert not running(pid)
        assert "3 requests" not in tab.drawn


async def test_a_dashboard_that_can_not_start_says_why_in_the_tab(provider: Provider, tmp_path: Path) -> None:
    async with (
        RunningProxy(provider.url, tmp_path, dashboard=(*DRAWING, "broken")) as candela,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        browser = Browser(candela, http)
        await browser.sign_in()
        async with browser.tab() as tab:
            await tab.end()
        assert "proxy.port is not a number" in tab.drawn
        assert "\x1b" not in tab.drawn


async def test_a_program_that_is_not_there_is_said_in_the_tab(provider: Provider, tmp_path: Path) -> None:
    async with (
        RunningProxy(provider.url, tmp_path, dashboard=(str(tmp_path / "nothing"),)) as candela,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        browser = Browser(candela, http)
        await browser.sign_in()
        async with browser.tab() as tab:
            await tab.end()
        assert "could not be started: No such file" in tab.drawn


async def test_there_are_only_so_many_tabs(browser: Browser) -> None:
    await browser.sign_in()
    async with contextlib.AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(browser.tab()) for _ in range(MOST_TABS)]
        for tab in tabs:
            await tab.pid()
        async with browser.tab() as refused:
            await refused.end()
        assert "Close one of them" in refused.drawn
        await tabs[0].socket.close()
        async with browser.tab() as another:
            await another.pid()


async def test_all_processes_end_with_candela(browser: Browser) -> None:
    await browser.sign_in()
    async with browser.tab() as tab, browser.tab() as other:
        pids = [await tab.pid(), await other.pid()]
        await browser.candela.stop(0)
        assert not any(map(running, pids))
        await tab.end()


async def test_without_a_command_there_is_no_page(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as candela, aiohttp.ClientSession() as http:
        status, _, _ = await Browser(candela, http).get("/_local/")
        assert status == 401
        with pytest.raises(Exception, match="no dashboard for browsers"):
            await Browser(candela, http).link()
