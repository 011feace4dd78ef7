"""Check a sign-in with real requests through candela's proxy, as Claude Code sends them."""

import json
import time
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.network.errors import described
from candela_tui.network.header_fields import ACCEPT_FIELD, ESTIMATED_FIELD
from candela_tui.protocol.errors import error_in_answer
from candela_tui.providers.identity import PROVIDERS, Provider, route_to

_MODEL: Final = "claude-haiku-4-5"
"""The model for the token count if the list of models is unavailable: the smallest that every provider has."""
_LIMIT_S: Final = 90.0
_HEADERS: Final = {
    "Authorization": f"Bearer {PLACEHOLDER}",
    "anthropic-version": "2023-06-01",
    "User-Agent": "candela-check",
}


async def check(address: str, provider: Provider) -> AsyncIterator[CheckLine]:
    """Request the list of models, if there is one, and a token count of one word from the proxy at ``address`` (host
    and port).

    Both requests are free of charge. Yields each result as soon as it is known. Failures of the proxy or provider
    become results and are never raised.
    """
    title = PROVIDERS[provider].short_title
    usual = f"{PROVIDERS[provider].model_prefix}{_MODEL}"
    base = f"http://{address}{route_to(provider).prefix}"
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        # The address is loopback, so an HTTP proxy set in the environment must not be used.
        async with aiohttp.ClientSession(headers=_HEADERS, timeout=timeout) as session:
            models: list[str] = []
            lists_models = PROVIDERS[provider].lists_models
            if lists_models:
                async for line in _models(session, base, title, models):
                    yield line
            model = _smallest(models) if models else usual
            async for line in _count(session, base, title, model, may_be_missing=not lists_models):
                yield line
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        yield CheckLine("bad", f"candela's proxy on {address} did not answer: {described(error)}")


async def _models(session: aiohttp.ClientSession, base: str, title: str, models: list[str]) -> AsyncIterator[CheckLine]:
    status, body, _, ms = await _ask(session, "GET", f"{base}/v1/models?limit=1000")
    error = error_in_answer(status, body, "data")
    if error is not None:
        yield CheckLine("bad" if status == 401 else "warn", f"no list of models: {error.message}")
        return
    try:
        models += [str(model["id"]) for model in json.loads(body)["data"]]
    except (KeyError, TypeError):
        yield CheckLine("warn", f"{title} answered with something that is no list of models")
        return
    if models:
        count = f"{len(models)} model{'s' if len(models) > 1 else ''}"
        yield CheckLine("ok", f"{title} lists {count} in {ms:.0f} ms, such as {models[0]}")
    else:
        yield CheckLine("warn", f"{title} lists no model for these credentials")


async def _count(
    session: aiohttp.ClientSession, base: str, title: str, model: str, *, may_be_missing: bool
) -> AsyncIterator[CheckLine]:
    """``may_be_missing`` is true if the model's name is a guess. A provider that does not know it has accepted the
    credentials."""
    document = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    path = f"{base}/v1/messages/count_tokens"
    status, body, estimated, ms = await _ask(session, "POST", path, json.dumps(document).encode())
    error = error_in_answer(status, body, "input_tokens")
    if estimated:
        yield CheckLine(
            "warn", f"{title} does not count the tokens of {model}: only a request shows whether it answers"
        )
    elif error is None:
        yield CheckLine("ok", f"{model} answers on {title} in {ms:.0f} ms")
    elif status == 404 and may_be_missing:
        fix = "Claude Code asks for the model in ANTHROPIC_MODEL: set it to one that is there."
        yield CheckLine("warn", f"{title} accepts the credentials, and has no {model}: {error.message}", fix)
    else:
        yield CheckLine("bad", f"{model} does not answer on {title}: {error.message}")


async def _ask(
    session: aiohttp.ClientSession, method: str, url: str, body: bytes | None = None
) -> tuple[int, bytes, bool, float]:
    """Return the status and body of an answer, whether it is an estimate, and how long it took."""
    begun = time.perf_counter()
    headers = {"Content-Type": "application/json", ACCEPT_FIELD: "accept"} if body else None
    async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
        read = await answer.read()
        return answer.status, read, ESTIMATED_FIELD in answer.headers, (time.perf_counter() - begun) * 1000


def _smallest(models: list[str]) -> str:
    return next((model for model in models if "haiku" in model), models[0])
