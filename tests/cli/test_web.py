"""``candela web``: the dashboard in a real browser, where there is one."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from benchmarks.chromium import CHROMIUM, Tab, another_tab, tab
from tests.cli.command import PATIENCE_S, Home
from tests.reports.exchanges import exchange

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (Debian: apt install chromium)")

# The terminal draws on a canvas, so the test reads what arrives for it.
LISTEN = """
window.drawn = "";
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    const decoder = new TextDecoder();
    this.addEventListener("message", ({data}) => {
      if (typeof data !== "string") window.drawn += decoder.decode(data, {stream: true});
    });
  }
};
"""
_PATIENCE_S = 60.0
TITLE = "Fix the weather vane"
HELP = "Keys and signs"
FOOTER_KEYS = {"x": 925, "y": 747}
"""Where the footer has the key for help, in pixels."""


async def link_of(home: Home) -> str:
    result = await home.run("web", "--url")
    assert result.code == 0, result.err
    return result.out.splitlines()[-1]


@pytest.fixture
async def page(home: Home, tmp_path: Path) -> AsyncIterator[Tab]:
    """A browser that the dashboard of a candela in the background is open in."""
    home.record(exchange(session_title=TITLE))
    await home.run("start")
    async with asyncio.timeout(_PATIENCE_S), tab(tmp_path / "profile") as first:
        await opened(first, await link_of(home))
        yield first


async def opened(page: Tab, url: str) -> None:
    """Open an address that shows the dashboard."""
    await page.resize(1200, 760)
    await page.call("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
    await page.open(url)
    await shows(page, TITLE)
    await page.until("document.activeElement.className === 'xterm-helper-textarea'")


async def shows(page: Tab, words: str) -> None:
    await page.until(f"(window.drawn || '').includes({words!r})")


async def forget(page: Tab) -> None:
    """Let ``shows`` wait for what is drawn from now on."""
    await page.value("window.drawn = ''")


@needs_chromium
async def test_the_dashboard_is_used_in_a_browser_as_in_a_terminal(page: Tab, home: Home) -> None:
    assert await page.value("location.href") == f"http://127.0.0.1:{home.port}/_local/"
    before = await page.picture()
    await page.press("?")
    await shows(page, HELP)
    assert await page.picture() != before
    # The browser's own complaints are about its software, not about what a page may do.
    assert [each for each in page.complaints if "WebGL" not in each] == []


@needs_chromium
async def test_it_follows_the_size_of_the_window(page: Tab) -> None:
    await forget(page)
    await page.resize(700, 500)
    await shows(page, TITLE)
    assert await page.value(
        "document.querySelector('.xterm-screen').getBoundingClientRect().width <= 700"
        " && document.documentElement.scrollWidth <= 700"
    )


@needs_chromium
async def test_the_mouse_works(page: Tab) -> None:
    await forget(page)
    for kind in ("mousePressed", "mouseReleased"):
        await page.call("Input.dispatchMouseEvent", type=kind, **FOOTER_KEYS, button="left", clickCount=1)
    await shows(page, HELP)


@needs_chromium
async def test_what_is_copied_is_in_the_clipboard_of_the_browser(page: Tab, home: Home) -> None:
    origin = f"http://127.0.0.1:{home.port}"
    await page.call(
        "Browser.grantPermissions", origin=origin, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    await page.call("Page.bringToFront")
    await page.press("y")
    await shows(page, "Copied")
    copied = await page.until("navigator.clipboard.readText()")
    assert copied == exchange().id


@needs_chromium
async def test_the_page_can_be_loaded_again_and_opened_in_more_tabs(page: Tab, home: Home, tmp_path: Path) -> None:
    await page.call("Page.reload")
    await page.until("document.readyState === 'complete'")
    await shows(page, TITLE)
    await page.until("document.activeElement.className === 'xterm-helper-textarea'")
    async with another_tab(tmp_path / "profile") as other:
        await opened(other, f"http://127.0.0.1:{home.port}/_local/")
        await page.call("Page.bringToFront")
        await page.press("?")
        await shows(page, HELP)
        assert HELP not in await other.value("window.drawn")
    await forget(page)
    await page.call("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape", windowsVirtualKeyCode=27)
    await shows(page, TITLE)
    await page.press("q")
    await page.until("document.body.classList.contains('-closed')")
    assert await page.value("getComputedStyle(document.getElementById('ended')).display") == "flex"
    await page.value("document.getElementById('again').click()")
    await page.until("document.body?.classList.contains('-first-byte') && !document.body.classList.contains('-closed')")


@needs_chromium
async def test_it_says_so_when_candela_ends(page: Tab, home: Home) -> None:
    await home.run("stop")
    await page.until("document.body.classList.contains('-closed')")
    assert "has ended" in await page.value("document.getElementById('ended').innerText")


async def test_it_opens_the_desktops_browser_and_does_not_print_the_token(home: Home) -> None:
    await home.run("start")
    home.with_programs(**{"xdg-open": f'echo "$1" > {home.directory}/opened'})
    result = await home.run("web", DISPLAY=":7")
    assert result.out == f"The dashboard is open in your browser: http://127.0.0.1:{home.port}/_local/\n"
    opened = home.directory / "opened"
    async with asyncio.timeout(PATIENCE_S):
        while not (opened.exists() and opened.read_text()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    assert opened.read_text().startswith(f"http://127.0.0.1:{home.port}/_local/?token=")


async def test_without_a_desktop_the_link_is_the_last_line(home: Home) -> None:
    await home.run("start")
    lines = (await home.run("web")).out.splitlines()
    assert len(lines) == 2
    assert "within ten minutes" in lines[0]
    assert re.fullmatch(rf"http://127\.0\.0\.1:{home.port}/_local/\?token=[\w-]{{43}}", lines[1])
    assert lines[1] != (await home.run("web", "--url")).out.strip()


async def test_the_token_of_a_link_is_in_no_log(home: Home) -> None:
    await home.run("start")
    word = (await link_of(home)).partition("=")[2]
    assert word not in (home.data / "candela.log").read_text()


async def test_where_none_runs_it_says_how_to_start_one(home: Home) -> None:
    result = await home.run("web")
    assert result.code == 1
    assert "candela start" in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="the children of a process are read from /proc")
async def test_a_dashboard_ends_also_where_candela_is_killed(home: Home) -> None:
    await home.run("start")
    candela = json.loads((await home.run("status", "--json")).out)["pid"]
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.get(await link_of(home)) as answer:
            assert answer.status == 200
        origin = f"http://127.0.0.1:{home.port}"
        async with http.ws_connect(f"{origin}/_local/web/socket", headers={"Origin": origin}) as socket:
            drawn = b""
            while b"Attached to candela" not in drawn:
                drawn += (await socket.receive_bytes()) or b""
            [dashboard] = children_of(candela)
            os.kill(candela, signal.SIGKILL)
            (home.data / "candela.pid").unlink()
            while dashboard in running():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)


def running() -> dict[int, int]:
    """The processes, each with its parent."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                found[int(status.parent.name)] = int(fields[1])
    return found


def children_of(parent: int) -> list[int]:
    return [pid for pid, of in running().items() if of == parent]
