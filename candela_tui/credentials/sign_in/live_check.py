"""Check a sign-in with real requests through candela's proxy, as Claude Code sends them."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.network.errors import described
from candela_tui.network.header_fields import ACCEPT_FIELD, ESTIMATED_FIELD, TOKEN_FIELD
from candela_tui.network.peer import listening_uid
from candela_tui.protocol.errors import (
    FROM_ELSEWHERE,
    error_from_body,
    is_api_error,
    is_messages_error,
    page_title,
    quoted,
)
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.identity import PROVIDERS, Provider, route_to

NOT_PROVEN: Final = "not proven: "
"""How a result begins if no answer of the provider says whether it accepts the credentials."""
MOST_TOKENS: Final = (50, 1)
"""The most tokens of the message that ``LiveCheck.message`` sends, and of its answer."""
_MODEL: Final = "claude-haiku-4-5"
"""The model for the requests if the list of models is unavailable: the smallest that every provider has."""
_LIMIT_S: Final = 90.0
_HEADERS: Final = {
    "Authorization": f"Bearer {PLACEHOLDER}",
    "anthropic-version": "2023-06-01",
    "User-Agent": "candela-check",
}
_MESSAGES: Final = [{"role": "user", "content": "Hi"}]
_PORTAL: Final = "Open any page in a browser and log in to this network, then check again."
_FILTER: Final = "Ask who runs this network to allow {title}, or set HTTPS_PROXY to a proxy that may reach it."


@dataclass(frozen=True, slots=True)
class _Response:
    """A response of candela's proxy, how long it took, and whether it is an estimate of candela's."""

    status: int
    body: bytes
    ms: float
    estimated: bool

    def member(self, name: str, kind: type) -> Any:
        """Return a member of a successful JSON response, or None if it has none of that type."""
        document = decode_json(self.body) if self.status < 300 else None
        found = document.get(name) if isinstance(document, dict) else None
        return found if isinstance(found, kind) else None


class LiveCheck:
    """Checks one provider through the proxy at an address.

    Failures of the proxy or provider become results and are never raised."""

    def __init__(self, address: str, provider: Provider, token_file: Path | None = None) -> None:
        """``address`` is host and port. ``token_file`` has the token of the local API there, which stands for a key of
        candela's where one is required."""
        self._token_file = token_file
        self.provider = provider
        self._address = address
        self._info = PROVIDERS[provider]
        self._title = self._info.short_title
        self._base = f"http://{address}{route_to(provider).prefix}"
        self.model = f"{self._info.model_prefix}{_MODEL}"
        """The model that is asked: the smallest that the provider lists."""
        self.message_sent = False

    async def lines(self, before: Sequence[CheckLine] = ()) -> AsyncIterator[CheckLine]:
        """Yield ``before``, which the sign-in itself found out, and then the results of requesting the list of models,
        if there is one, and a token count of one word. Both requests are free of charge.

        A cause that was already stated is not repeated."""
        for line in before:
            yield line
        said = [line.words for line in before if line.state != "ok"]
        try:
            async with await self._session() as session:
                listed = await self._models(session) if self._info.lists_models else None
                if listed is not None and listed.state == "ok":
                    yield listed
                    listed = None
                counted = await self._count(session)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            yield self._no_proxy(error)
            return
        if listed is not None and not _repeats(counted, [_cause(listed)]) and not _repeats(listed, said):
            yield listed
        if not _repeats(counted, said):
            yield counted

    async def message(self) -> CheckLine:
        """Send the model one word and let it answer with one token, which proves the whole way and costs money."""
        self.message_sent = True
        document = {"model": self.model, "max_tokens": MOST_TOKENS[1], "messages": _MESSAGES}
        try:
            async with await self._session() as session:
                answer = await self._ask(session, "POST", f"{self._base}/v1/messages", document)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._no_proxy(error)
        if answer.member("content", list) is not None:
            return CheckLine("ok", f"{self.model} answered a message on {self._title} in {answer.ms:.0f} ms")
        return self._failed(answer, f"{self.model} does not answer on {self._title}")

    async def _models(self, session: aiohttp.ClientSession) -> CheckLine:
        answer = await self._ask(session, "GET", f"{self._base}/v1/models?limit=1000")
        data = answer.member("data", list)
        if data is None:
            failed = self._failed(answer, "no list of models")
            return failed if answer.status == 401 else CheckLine("warn", failed.words, failed.fix)
        models = [str(model["id"]) for model in data if isinstance(model, dict) and "id" in model]
        if not models:
            return CheckLine("warn", f"{self._title} lists no model for these credentials")
        self.model = next((model for model in models if "haiku" in model), models[0])
        count = f"{len(models)} model{'s' if len(models) > 1 else ''}"
        return CheckLine("ok", f"{self._title} lists {count} in {answer.ms:.0f} ms, such as {models[0]}")

    async def _count(self, session: aiohttp.ClientSession) -> CheckLine:
        document = {"model": self.model, "messages": _MESSAGES}
        answer = await self._ask(session, "POST", f"{self._base}/v1/messages/count_tokens", document)
        if answer.estimated:
            words = f"{self._title} does not count the tokens of {self.model}: only a message shows whether it answers"
            return CheckLine("warn", words)
        if answer.member("input_tokens", int) is not None:
            words = f"{self._title} counted one word for {self.model} in {answer.ms:.0f} ms, free of charge"
            return CheckLine("ok", words)
        if answer.status == 404 and is_api_error(answer.body) and not self._info.lists_models:
            # The model's name is a guess, and a provider that does not know it has accepted the credentials.
            said = error_from_body(answer.status, answer.body).message
            fix = "Claude Code asks for the model in ANTHROPIC_MODEL: set it to one that is there."
            return CheckLine("warn", f"{self._title} accepts the credentials, and has no {self.model}: {said}", fix)
        return self._failed(answer, f"{self._title} did not count a word for {self.model}")

    def _failed(self, answer: _Response, what: str) -> CheckLine:
        """Return the result for a response that is not the wanted one."""
        status, body = answer.status, answer.body
        is_own_error = is_messages_error if self.provider is Provider.ANTHROPIC else is_api_error
        if status >= 400 and is_own_error(body):
            said = error_from_body(status, body).message
            doubtful = status in (408, 429) or status >= 500 or FROM_ELSEWHERE in said
            return CheckLine("bad", f"{NOT_PROVEN}{said}" if doubtful else f"{what}: {said}")
        title = page_title(body)
        if title is None:
            said = quoted(body) or "an empty body"
            return CheckLine("bad", f"{NOT_PROVEN}the response (HTTP {status}) is not from {self._title}: {said}")
        page = f'{NOT_PROVEN}a web page came in place of an answer of {self._title} (HTTP {status}): "{title}"'
        return CheckLine("bad", page, fix_of_web_page(status, self._title))

    def _no_proxy(self, error: Exception) -> CheckLine:
        return CheckLine("bad", f"candela's proxy on {self._address} did not answer: {described(error)}")

    async def _session(self) -> aiohttp.ClientSession:
        token = await asyncio.to_thread(self._token)
        own = {TOKEN_FIELD: token} if token is not None else {}
        # The address is loopback, so an HTTP proxy set in the environment must not be used.
        return aiohttp.ClientSession(headers=_HEADERS | own, timeout=aiohttp.ClientTimeout(total=_LIMIT_S))

    def _token(self) -> str | None:
        """Return the token; None if there is none, or if the port belongs to another user, who would get it."""
        port = int(self._address.rpartition(":")[2])
        if self._token_file is None or listening_uid(port) not in (None, os.getuid()):
            return None
        try:
            return self._token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, url: str, document: dict[str, Any] | None = None
    ) -> _Response:
        begun = time.perf_counter()
        body = json.dumps(document).encode() if document is not None else None
        headers = {"Content-Type": "application/json", ACCEPT_FIELD: "accept"} if body else None
        async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
            read = await answer.read()
            ms = (time.perf_counter() - begun) * 1000
            return _Response(answer.status, read, ms, ESTIMATED_FIELD in answer.headers)


def fix_of_web_page(status: int, title: str) -> str:
    """Return what to do where a web page came in place of an answer of the provider with this title."""
    if status < 400:
        return _PORTAL
    return _FILTER.format(title=title) if status < 500 else ""


def _cause(line: CheckLine) -> str:
    """Return a result without what it says about the request."""
    return line.words.partition(": ")[2] or line.words


def _repeats(line: CheckLine, said: Sequence[str]) -> bool:
    """Return whether a failure has a cause that was already stated."""
    cause = _cause(line)
    return line.state == "bad" and any(cause in words or words in line.words for words in said)
