"""Chromium's own importer opens the archive, as when its user drops the file on the network panel."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.reports.har import HAR
from candela_tui.reports.report import export_of
from tests.reports.exchanges import Crossed
from tests.reports.test_har import EVENTS, STREAMED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (Debian: apt install chromium)")

_FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)
_PATIENCE_S = 90.0
_LOADED = "location.pathname === '/devtools/inspector.html' && document.readyState === 'complete'"
_IMPORT = """
(async () => {
  const har = await import(new URL("./models/har/har.js", location.href));
  const archive = new har.HARFormat.HARRoot(JSON.parse(%s));
  const requests = await har.Importer.Importer.requestsFromHARLog(archive.log);
  return Promise.all(requests.map(async request => ({
    url: request.url(),
    status: request.statusCode,
    duration: request.duration,
    body: await request.requestFormData(),
    content: (await request.requestContentData()).text,
    events: request.eventSourceMessages().map(event => [event.eventName, event.time, event.data]),
  })));
})()
"""


class Browser:
    """One page of a browser, driven by the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._session: dict[str, str] = {}

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters, **self._session})
        while True:
            answer = json.loads((await self._socket.receive()).data)
            if answer.get("id") == self._number:
                return answer["result"]

    async def open(self, url: str) -> None:
        target = await self.call("Target.createTarget", url=url)
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    async def value_of(self, expression: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"]["value"]


async def _imported(archive: str, directory: Path) -> list[dict[str, Any]]:
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    started = (CHROMIUM or "", *_FLAGS, *sandbox, f"--user-data-dir={directory}", "about:blank")
    process = await asyncio.create_subprocess_exec(*started, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_PATIENCE_S), aiohttp.ClientSession() as client:
            address = None
            while address is None:
                line = (await process.stderr.readline()).decode()
                assert line, "Chromium ended"
                address = re.search(r"ws://(127\.0\.0\.1:\d+)\S+", line)
            async with client.ws_connect(address[0], max_msg_size=0) as socket:
                browser = Browser(socket)
                await browser.open(f"http://{address[1]}/devtools/inspector.html")
                while not await browser.value_of(_LOADED):
                    pass
                return await browser.value_of(_IMPORT % json.dumps(archive))
    finally:
        process.terminate()
        await process.wait()


async def test_the_importer_reads_request_answer_events_and_times(tmp_path: Path) -> None:
    crossed = Crossed(STREAMED, b'{"model": "m"}', EVENTS, (101.0, 151.5, 1201.0))
    archive = b"".join(HAR.pieces(export_of([STREAMED], crossed))).decode()
    (request,) = await _imported(archive, tmp_path)
    assert request["url"] == "https://api.anthropic.com/v1/messages?beta=true"
    assert (request["status"], round(request["duration"], 3)) == (200, 1.201)
    assert (request["body"], request["content"]) == ('{"model": "m"}', b"".join(EVENTS).decode())
    names, times, data = zip(*request["events"], strict=True)
    assert names == ("message_start", "content_block_delta", "message")
    assert [round(time - STREAMED.started_at.timestamp(), 3) for time in times] == [0.101, 1.201, 1.201]
    assert "grüße" in data[1]
