"""The live check of a sign-in: through candela's own proxy, as Claude Code will go."""

import json
import time
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.sign_in.provider import CheckLine, ProviderName
from candela_tui.network_errors import described
from candela_tui.protocol.errors import error_from_body

_ROUTES: Final[dict[ProviderName, str]] = {
    "anthropic": "anthropic-direct",
    "gcp": "anthropic-vertex",
    "aws": "anthropic-bedrock",
}
_NAMES: Final[dict[ProviderName, str]] = {"anthropic": "Anthropic", "gcp": "Vertex AI", "aws": "Bedrock"}
_MODEL: Final = "claude-haiku-4-5"
"""Asked for the count where no list of models tells of one: the smallest that every provider has."""
_LIMIT_S: Final = 90.0
_HEADERS: Final = {
    "Authorization": f"Bearer {PLACEHOLDER}",
    "anthropic-version": "2023-06-01",
    "User-Agent": "candela-check",
}


async def check(address: str, name: ProviderName) -> AsyncIterator[CheckLine]:
    """Ask a proxy at ``address`` (host and port) for the models and for a count of one word, which costs nothing.

    Lines come as they are known. Never raises for what a proxy or provider does.
    """
    base = f"http://{address}/proxy/{_ROUTES[name]}"
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        # Loopback: no HTTP proxy of the environment is in between.
        async with aiohttp.ClientSession(headers=_HEADERS, timeout=timeout) as session:
            models: list[str] = []
            async for line in _models(session, base, name, models):
                yield line
            async for line in _count(session, base, name, _MODEL if not models else _smallest(models)):
                yield line
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        yield CheckLine("bad", f"candela's proxy on {address} did not answer: {described(error)}")


async def _models(
    session: aiohttp.ClientSession, base: str, name: ProviderName, models: list[str]
) -> AsyncIterator[CheckLine]:
    status, body, ms = await _ask(session, "GET", f"{base}/v1/models?limit=1000")
    if status >= 400:
        yield CheckLine(
            "bad" if status == 401 else "warn", f"no list of models: {error_from_body(status, body).message}"
        )
        return
    try:
        models += [str(model["id"]) for model in json.loads(body)["data"]]
    except (ValueError, KeyError, TypeError):
        yield CheckLine("warn", f"{_NAMES[name]} answered with something that is no list of models")
        return
    if models:
        yield CheckLine("ok", f"{_NAMES[name]} lists {len(models)} models in {ms:.0f} ms, such as {models[0]}")
    else:
        yield CheckLine("warn", f"{_NAMES[name]} lists no model for these credentials")


async def _count(session: aiohttp.ClientSession, base: str, name: ProviderName, model: str) -> AsyncIterator[CheckLine]:
    document = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    status, body, ms = await _ask(session, "POST", f"{base}/v1/messages/count_tokens", json.dumps(document).encode())
    if status < 400:
        yield CheckLine("ok", f"{model} answers on {_NAMES[name]} in {ms:.0f} ms")
    else:
        yield CheckLine("bad", f"{model} does not answer on {_NAMES[name]}: {error_from_body(status, body).message}")


async def _ask(
    session: aiohttp.ClientSession, method: str, url: str, body: bytes | None = None
) -> tuple[int, bytes, float]:
    begun = time.perf_counter()
    headers = {"Content-Type": "application/json"} if body else None
    async with session.request(method, url, data=body, headers=headers) as answer:
        return answer.status, await answer.read(), (time.perf_counter() - begun) * 1000


def _smallest(models: list[str]) -> str:
    return next((model for model in models if "haiku" in model), models[0])
