"""Chromium without a window, driven by its own protocol: https://chromedevtools.github.io/devtools-protocol/"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)
_LOOK_EVERY_S = 0.02


@contextlib.asynccontextmanager
async def browsing(url: str, profile: Path, *flags: str) -> AsyncIterator[None]:
    """A browser that has opened this address, as if its user had typed it."""
    assert CHROMIUM is not None
    as_root = ["--no-sandbox"] if os.getuid() == 0 else []
    null = asyncio.subprocess.DEVNULL
    browser = await asyncio.create_subprocess_exec(
        *(CHROMIUM, *_FLAGS, *flags, *as_root, f"--user-data-dir={profile}", url),
        stdin=null,
        stdout=null,
        stderr=null,
        env=os.environ | {"HOME": str(profile)},
    )
    try:
        yield
    finally:
        browser.terminate()
        await browser.wait()


class Tab:
    """The tab of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self.complaints: list[str] = []
        """What the browser logged as warnings and errors, such as breaches of a page's policy."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        self._calls += 1
        await self._socket.send_json({"id": self._calls, "method": method, "params": parameters})
        async for message in self._socket:
            said = json.loads(message.data)
            if said.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(json.dumps(said["params"]))
            if said.get("id") == self._calls:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']['message']}")
                result: dict[str, Any] = said["result"]
                return result
        raise ConnectionError("the browser is gone")

    async def open(self, url: str) -> None:
        """Go to an address, and begin to collect complaints."""
        for domain in ("Page", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)

    async def value(self, script: str) -> Any:
        """Return the value of an expression in the page; of a promise, what it resolves to."""
        found = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"]))
        return found["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Wait until an expression in the page is true, and return its value."""
        while not (found := await self.value(condition)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
        return found

    async def press(self, key: str) -> None:
        """Press a key that types a character."""
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def resize(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def prefer(self, scheme: Literal["light", "dark"]) -> None:
        """Choose the colours that the user prefers."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])

    async def picture(self) -> bytes:
        """Return what the page shows, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@contextlib.asynccontextmanager
async def tab(profile: Path) -> AsyncIterator[Tab]:
    """An empty tab of a new browser."""
    async with browsing("about:blank", profile), aiohttp.ClientSession() as http:
        port = profile / "DevToolsActivePort"
        while not (port.exists() and "\n" in port.read_text()):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
        async with http.get(f"{_debugger(profile)}/json") as listed:
            pages = [each for each in await listed.json() if each["type"] == "page"]
        async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Tab(socket)


@contextlib.asynccontextmanager
async def another_tab(profile: Path) -> AsyncIterator[Tab]:
    """A further tab of the browser that runs with this profile."""
    async with aiohttp.ClientSession() as http:
        async with http.put(f"{_debugger(profile)}/json/new?about:blank") as made:
            url = (await made.json())["webSocketDebuggerUrl"]
        async with http.ws_connect(url, max_msg_size=0) as socket:
            yield Tab(socket)


def _debugger(profile: Path) -> str:
    return f"http://127.0.0.1:{(profile / 'DevToolsActivePort').read_text().partition(chr(10))[0]}"
