"""The loopback server that a provider redirects the browser to at the end of a sign-in (RFC 8252, section 7.3)."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web

from candela_tui.credentials.errors import CredentialsError

_HOST: Final = "127.0.0.1"
_LEAVE_S: Final = 1.0
"""How long the browser may take to read the last page."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """How one provider redirects the browser."""

    provider: str
    """The provider's name in messages."""
    otherwise: str
    """The sign-in that works without this machine's browser, such as ``--method paste``."""
    refusal: Callable[[str, str], str]
    """Returns the message for an OAuth error and its description."""
    path: str = "/"


class WrongAnswer(CredentialsError):
    """What was pasted holds no code of this sign-in."""


class WrongState(WrongAnswer):
    """The answer belongs to another sign-in or to none."""


class RedirectServer:
    """A context manager that listens on a loopback port until it exits."""

    def __init__(self, redirect: Redirect, port: int = 0) -> None:
        """``port`` 0 uses any free port."""
        self._redirect = redirect
        self._port = port
        self._state: str | None = None
        self._code: asyncio.Future[str] | None = None
        self._strangers = 0
        self.uri = ""
        """The redirect URI, set once the server listens."""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get(self._redirect.path, self._came_back)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_LEAVE_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise CredentialsError(
                f"candela can't listen on {_HOST} for the browser to come back ({error.strerror or error}): sign in "
                f"with {self._redirect.otherwise}"
            ) from None
        self._code = asyncio.get_running_loop().create_future()
        self.uri = f"http://{_HOST}:{self._runner.addresses[0][1]}{self._redirect.path}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._code is not None:
            self._code.cancel()

    async def code(self, state: str, limit_s: float) -> str:
        """Wait for the browser to come back with this state, and return its code. Raises CredentialsError if it does
        not come within ``limit_s`` seconds or the sign-in was denied."""
        assert self._code is not None
        self._state = state
        await asyncio.wait({self._code}, timeout=limit_s)
        if not self._code.done():
            others = "; what came belonged to another sign-in" if self._strangers else ""
            raise CredentialsError(
                f"the browser did not come back from {self._redirect.provider} within {limit_s:g} s{others}. Sign in "
                f"again, or with {self._redirect.otherwise} if the browser runs on another machine."
            )
        return self._code.result()

    async def _came_back(self, request: web.Request) -> web.Response:
        assert self._code is not None
        if self._state is None or not request.rel_url.raw_query_string:
            return _page(404, "Nothing is here.")
        try:
            code = code_in(f"?{request.rel_url.raw_query_string}", self._state, self._redirect.refusal)
        except WrongState:
            # Keep waiting, so that another program that knows the port can't end the sign-in.
            self._strangers += 1
            return _page(400, "This page belongs to another sign-in. Follow the newest link that candela shows.")
        except CredentialsError as error:
            if not self._code.done():
                self._code.set_exception(error)
            return _page(400, "You are not signed in. candela says why.")
        if not self._code.done():
            self._code.set_result(code)
        return _page(200, "candela has the answer. You can close this page.")


def code_in(answer: str, state: str, refusal: Callable[[str, str], str]) -> str:
    """Return the code from what the browser came back with: a query, a URL with that query, or the code itself.

    Raises WrongAnswer, or CredentialsError if the sign-in was denied."""
    answer = answer.strip()
    query = parse_qs(urlsplit(answer).query if "?" in answer else answer if "=" in answer else "")
    if not query:
        if not answer or any(c.isspace() for c in answer) or "://" in answer:
            raise WrongAnswer("there is no code in that: copy the whole URL that the browser ended at")
        return unquote(answer)
    if not hmac.compare_digest(query.get("state", [""])[0].encode(), state.encode()):
        raise WrongState("that answer belongs to another sign-in: follow the newest link")
    if errors := query.get("error"):
        raise CredentialsError(refusal(errors[0], query.get("error_description", [""])[0]))
    if not query.get("code"):
        raise WrongAnswer("there is no code in that: copy the whole URL that the browser ended at")
    return query["code"][0]


def _page(status: int, words: str) -> web.Response:
    text = f"<!doctype html><meta charset=utf-8><title>candela</title><p>{words}</p>"
    # The page's address contains the code, which must not leak to other sites or into a cache.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Connection": "close"}
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)
