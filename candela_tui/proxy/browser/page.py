"""The page below ``/_local/``: its files, its sign-in, and the WebSocket of each tab."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from aiohttp import web

from candela_tui.api_root import PAGE_ROOT
from candela_tui.proxy.browser.access import LINK_S, Access
from candela_tui.proxy.browser.tabs import Tabs

_OURS, _FRONT_END = "candela_tui.proxy.browser", "textual_serve"
_WIDTH, _HEIGHT = 80, 24


class _File(NamedTuple):
    package: str
    path: str
    media_type: str


_FILES: Final = {
    "page.js": _File(_OURS, "page.js", "text/javascript"),
    "page.css": _File(_OURS, "page.css", "text/css"),
    "textual.js": _File(_FRONT_END, "static/js/textual.js", "text/javascript"),
    "xterm.css": _File(_FRONT_END, "static/css/xterm.css", "text/css"),
    "mono.ttf": _File(_FRONT_END, "static/fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
    "mono-italic.ttf": _File(_FRONT_END, "static/fonts/RobotoMono-Italic-VariableFont_wght.ttf", "font/ttf"),
}
"""What is served below ``web/``: textual-serve's front end, with nothing from elsewhere."""
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# xterm.js writes style elements.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; "
    "connect-src 'self' {socket}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class DashboardPage:
    """Handles requests for the page, which passed the guard."""

    def __init__(self, access: Access, command: Sequence[str]) -> None:
        """``command`` starts a dashboard that is attached to this candela."""
        self.access = access
        self._tabs = Tabs(command)

    async def answer(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """Respond by the path and query of a target."""
        path, _, query = target.partition("?")
        if request.method != "GET":
            return _plain(405, "The dashboard's page is read with GET.", {"Allow": "GET"})
        given = parse_qs(query)
        match path.removeprefix(PAGE_ROOT.rstrip("/")).removeprefix("/").split("/"):
            case [""] if not path.endswith("/"):
                return _plain(303, "", {"Location": PAGE_ROOT})
            case [""] if "token" in given:
                return self._sign_in(given["token"][0], signed_in=self._signed_in(request))
            case [""] if not self._signed_in(request):
                return await _page(request, "sign_in.html", 401)
            case [""]:
                return await _page(request, "page.html", 200)
            case ["web", "socket"]:
                return await self._socket(request, given)
            case ["web", name] if name in _FILES:
                return await _file(_FILES[name])
        return _plain(404, "There is no such page.")

    def _signed_in(self, request: web.BaseRequest) -> bool:
        return self.access.admits("; ".join(request.headers.getall("Cookie", ())))

    def _sign_in(self, word: str, *, signed_in: bool) -> web.Response:
        """Give the browser a cookie, and a page whose address has no token in it."""
        if self.access.redeem(word):
            return _plain(303, "", {"Location": PAGE_ROOT, "Set-Cookie": self.access.cookie()})
        if signed_in:
            return _plain(303, "", {"Location": PAGE_ROOT})
        words = (
            f"This link was opened before, is older than {LINK_S // 60} minutes, or is from before candela was started "
            "again.\nRun `candela web` for another one."
        )
        return _plain(401, words)

    async def _socket(self, request: web.BaseRequest, given: dict[str, list[str]]) -> web.StreamResponse:
        # The guard lets no foreign origin in; here one must be named, as every browser does.
        if "Origin" not in request.headers or not self._signed_in(request):
            return _plain(401, "Run `candela web` to open the dashboard in a browser.")
        if not web.WebSocketResponse().can_prepare(request):
            return _plain(426, "This is the address of a WebSocket.", {"Upgrade": "websocket"})
        return await self._tabs.serve(request, _number(given, "width", _WIDTH), _number(given, "height", _HEIGHT))

    async def close(self) -> None:
        """End all tabs and wait for their processes."""
        await self._tabs.close()


def _number(given: dict[str, list[str]], name: str, otherwise: int) -> int:
    text = given.get(name, [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


async def _page(request: web.BaseRequest, name: str, status: int) -> web.Response:
    body = await asyncio.to_thread((files(_OURS) / name).read_bytes)
    # Older browsers do not count a WebSocket to the page's own place as 'self'. The guard checked that Host is a
    # loopback name.
    policy = _POLICY.format(socket=f"ws://{request.headers['Host'].strip()}")
    headers = {**_SECURITY, "Cache-Control": "no-store", "Content-Security-Policy": policy}
    return web.Response(status=status, body=body, content_type="text/html", charset="utf-8", headers=headers)


async def _file(file: _File) -> web.Response:
    body = await asyncio.to_thread((files(file.package) / file.path).read_bytes)
    headers = {**_SECURITY, "Cache-Control": "private, max-age=3600"}
    return web.Response(body=body, content_type=file.media_type, headers=headers)


def _plain(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    text = f"{words}\n" if words else ""
    return web.Response(status=status, text=text, headers={**_SECURITY, "Cache-Control": "no-store", **(headers or {})})
