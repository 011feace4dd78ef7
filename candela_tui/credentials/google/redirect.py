"""The loopback server that Google redirects the browser to during a sign-in (RFC 8252, section 7.3)."""

import asyncio
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.oauth import WrongState, code_in

_HOST: Final = "127.0.0.1"
_LEAVE_S: Final = 1.0
"""How long the browser may take to read the last page."""


class RedirectServer:
    """A context manager that listens on a loopback port until it exits."""

    def __init__(self, port: int = 0) -> None:
        """``port`` 0 uses any free port."""
        self._port = port
        self._state: str | None = None
        self._code: asyncio.Future[str] | None = None
        self._strangers = 0
        self.uri = ""
        """The redirect URI, set once the server listens."""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/", self._came_back)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_LEAVE_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise CredentialsError(
                f"candela can't listen on {_HOST} for the browser to come back ({error.strerror or error}): sign in "
                "with --method paste"
            ) from None
        self._code = asyncio.get_running_loop().create_future()
        self.uri = f"http://{_HOST}:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._code is not None:
            self._code.cancel()

    async def code(self, state: str, limit_s: float) -> str:
        """Wait for the browser to come back with this state, and return its code. Raises CredentialsError if it does
        not come within ``limit_s`` seconds or consent was denied."""
        assert self._code is not None
        self._state = state
        await asyncio.wait({self._code}, timeout=limit_s)
        if not self._code.done():
            others = "; what came belonged to another sign-in" if self._strangers else ""
            raise CredentialsError(
                f"the browser did not come back from Google within {limit_s:g} s{others}. Sign in again, or with "
                "--method paste if the browser runs on another machine."
            )
        return self._code.result()

    async def _came_back(self, request: web.Request) -> web.Response:
        assert self._code is not None
        if self._state is None or not request.rel_url.raw_query_string:
            return _page(404, "Nothing is here.")
        try:
            code = code_in(f"?{request.rel_url.raw_query_string}", self._state)
        except WrongState:
            # Keep waiting, so that another program that knows the port can't end the sign-in.
            self._strangers += 1
            return _page(400, "This page belongs to another sign-in. Follow the newest link that candela shows.")
        except CredentialsError as error:
            if not self._code.done():
                self._code.set_exception(error)
            return _page(400, "You are not signed in. candela tells why.")
        if not self._code.done():
            self._code.set_result(code)
        return _page(200, "candela has the answer. You can close this page.")


def _page(status: int, words: str) -> web.Response:
    text = f"<!doctype html><meta charset=utf-8><title>candela</title><p>{words}</p>"
    # The page's address contains the code, which must not leak to other sites or into a cache.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Connection": "close"}
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)
