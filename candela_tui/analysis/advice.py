"""Advice on what to do about a failed exchange, as a sentence and in a few words.

Source of the error types: https://docs.claude.com/en/api/errors
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.headers import header
from candela_tui.protocol.user_agent import is_claude_code
from candela_tui.providers.identity import PROVIDERS, Dialect, Provider
from candela_tui.text import times


class _Advice(NamedTuple):
    sentence: str
    short: str | None = None
    """None if the user doesn't have to do anything."""


_LATE_S = 5.0
"""How much later than asked, in seconds, a client may try again."""
_BY_STATUS = {
    401: _Advice(
        "The provider rejected the key or login: check the one that the client sends.",
        "check the client's key or login",
    ),
    402: _Advice(
        "The account can't pay for this: check its balance and billing in the provider's console.",
        "check the account's credit",
    ),
    403: _Advice(
        "The key or account is not allowed to do this: check its workspace and its permitted models and features.",
        "the account is not allowed to use this",
    ),
    404: _Advice(
        "The provider does not know this name: check the model's name and the route's base URL.",
        "check the model's name",
    ),
    413: _Advice(
        "The request is larger than the provider accepts: leave out large files, images and old messages.",
        "shorten the request",
    ),
    429: _Advice(
        "Too many requests or tokens in a short time. The client retries automatically; fewer agents at once, or a "
        "smaller model, make this less likely."
    ),
    500: _Advice(
        "The provider failed. The client retries automatically. If it persists, give the request id to the provider's "
        "support."
    ),
    503: _Advice("The provider is temporarily unavailable. The client retries automatically."),
    504: _Advice(
        "The provider took too long. The client retries automatically; streaming and shorter prompts make this less "
        "likely."
    ),
    529: _Advice(
        "The provider is overloaded. The client retries automatically. Another model may be available; see the "
        "provider's status page."
    ),
}
_IN_CLAUDE_CODE = {
    401: _Advice(
        "The provider rejected the key or login: sign in again (/login in Claude Code), or check "
        "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN where it was started.",
        "sign in again: /login in Claude Code",
    ),
    404: _Advice(
        "The provider does not know this name: check the model's name (/model) and the route's base URL.",
        "check the model's name: /model in Claude Code",
    ),
    413: _Advice(
        "The request is larger than the provider accepts: use /compact or /clear, or leave out large files and images.",
        "shorten it: /compact in Claude Code",
    ),
    529: _Advice(
        "The provider is overloaded. The client retries automatically. Another model may be available (/model); see "
        "the provider's status page."
    ),
}
"""The same advice for requests that Claude Code made, with its commands."""
_OF_CLOUDS = {
    401: _Advice(
        "The cloud rejected candela's credentials. The error says which command signs in again.",
        "sign in to the cloud again",
    ),
    403: _Advice(
        "The account is not allowed to use this model there. The error says where to enable it or which permission is "
        "missing.",
        "the account is not allowed to use this model",
    ),
    404: _Advice(
        "The provider has no model of this name: try another region, or set the provider's name for it with "
        "`candela config set 'models.\"NAME\".vertex' ID` (or .bedrock).",
        "check region and model",
    ),
    429: _Advice(
        "The account's quota for this model and region is used up for now. The client retries automatically. Another "
        "region or the global one may have quota left; quotas are raised in the cloud's console."
    ),
}
"""Advice for requests that candela maps, and signs with its own credentials."""
_PASSED_ON = (403, 429)
"""The statuses for which it is also right where candela passes requests on to a cloud as they are. The model's name is
the client's choice there."""
_NO_DEPLOYMENT = _Advice(
    "The Foundry resource has no deployment of this name: let the client ask for one that it has, such as with "
    "ANTHROPIC_MODEL.",
    "check the name of the deployment",
)
_BY_OUTCOME = {
    Outcome.CUT: _Advice(
        "The connection to the provider broke. The client retries automatically. If it happens often, check VPNs and "
        "proxies in between; `candela doctor` tests the connection to the provider."
    ),
    Outcome.BLOCKED: _Advice(
        "candela answered this itself, and nothing reached the provider. The error says what to change."
    ),
    Outcome.INTERRUPTED: _Advice(
        "candela stopped while this was live. The client saw a broken connection and probably retried."
    ),
}
_TOO_LONG = _Advice(
    "The conversation no longer fits the model's window: leave out old messages, or start a new one.",
    "shorten the conversation",
)
_TOO_LONG_IN_CLAUDE_CODE = _Advice(
    "The conversation no longer fits the model's window: use /compact, or start a new one with /clear.",
    "shorten it: /compact in Claude Code",
)
_CERTIFICATE = _Advice(
    "Set proxy.ca_bundle in config.toml to the PEM file of your network's or gateway's certificate authority, and "
    "restart candela.",
    "set proxy.ca_bundle",
)
_DESCRIPTORS = _Advice(
    "Raise the limit of open files (`ulimit -n` in candela's shell), and restart candela.",
    "raise `ulimit -n` and restart candela",
)
_BELOW_V1 = ("/messages", "/models", "/complete", "/files", "/organizations", "/chat/completions", "/responses")
_OF_OPENAI = ("/v1/chat/completions", "/v1/responses", "/v1/embeddings")
_SAYS_TOO_LONG = ("prompt is too long", "exceed context limit", "context window")
_NOT_AS_IT_IS = _Advice("The provider rejected this request. The error says which part is wrong; see Raw request.")


def advice(exchange: Exchange) -> str | None:
    """Return the next step as a sentence, or None if there is nothing to do."""
    step, wait = _step(exchange), _wait(exchange)
    if step is None:
        return None
    if wait is None:
        return step.sentence
    return f"{step.sentence} The provider asks to wait {times.duration(wait * 1000)}."


def short_advice(exchange: Exchange, *, waiting: bool = False) -> str | None:
    """Return the next step in a few words, or None if the user has nothing to do or to wait for.

    ``waiting``: whether the client may still be waiting before it tries again.
    """
    step, wait = _step(exchange), _wait(exchange)
    if waiting and wait is not None:
        return f"retry after {times.duration(wait * 1000)}"
    return step.short if step is not None else None


def waits(exchange: Exchange, now: datetime) -> bool:
    """Return whether the client may still be waiting to try again, judging by the time alone."""
    wait = _wait(exchange)
    return wait is not None and _waited_for(exchange, now) <= wait + _LATE_S


def _waited_for(exchange: Exchange, now: datetime) -> float:
    """Return the seconds since the response."""
    return (now - exchange.started_at).total_seconds() - (exchange.duration_ms or 0.0) / 1000


def _step(exchange: Exchange) -> _Advice | None:
    if exchange.outcome is not Outcome.ERROR:
        return _BY_OUTCOME.get(exchange.outcome)
    said = exchange.error.message.lower() if exchange.error is not None else ""
    if any(text in said for text in _SAYS_TOO_LONG):
        return _TOO_LONG_IN_CLAUDE_CODE if _is_claude_code(exchange) else _TOO_LONG
    if "credit balance" in said:
        return _BY_STATUS[402]
    if exchange.status is None or exchange.marks.connected is None:
        # candela's own message names the cause, and for some errors the fix (network/errors.py).
        if "proxy.ca_bundle" in said:
            return _CERTIFICATE
        if "ulimit -n" in said:
            return _DESCRIPTORS
        return _Advice(
            "The provider could not be reached: check the network, HTTPS_PROXY, and the base URL of the route "
            f"{exchange.route}."
        )
    if exchange.status == 404 and (fault := _path_fault(exchange)) is not None:
        return fault
    step = _steps(exchange).get(exchange.status)
    if step is None and exchange.error is not None and exchange.error.type == "overloaded_error":
        step = _BY_STATUS[529]
    return _NOT_AS_IT_IS if step is None and exchange.status == 400 else step


def _steps(exchange: Exchange) -> Mapping[int, _Advice]:
    """Return the advice by status for the client and provider of an exchange."""
    steps = _BY_STATUS | _IN_CLAUDE_CODE if _is_claude_code(exchange) else _BY_STATUS
    info = PROVIDERS.get(exchange.provider)
    if info is None or info.provider is Provider.ANTHROPIC:
        return steps
    if exchange.dialect != info.dialect:
        return steps | _OF_CLOUDS
    login = _Advice(
        f"{info.short_title} rejected the credentials. If they are candela's, sign in again: "
        f"`candela auth login --provider {info.account}`.",
        "sign in to the cloud again",
    )
    no_model = {404: _NO_DEPLOYMENT} if info.provider is Provider.FOUNDRY else {}
    return steps | {status: _OF_CLOUDS[status] for status in _PASSED_ON} | {401: login} | no_model


def _is_claude_code(exchange: Exchange) -> bool:
    """Return whether Claude Code made the request. Records without a client are recognised by their session id, which
    only Claude Code sends."""
    named = exchange.session_id is not None and "session_id" not in exchange.inferred
    return is_claude_code(exchange.client) or (exchange.client is None and named)


def _path_fault(exchange: Exchange) -> _Advice | None:
    """Return advice on a path that the Messages API does not have, or None if no fault is known."""
    path = exchange.path.partition("?")[0]
    if exchange.dialect != Dialect.MESSAGES:
        return None
    if path.startswith("/v1/v1/"):
        return _Advice(
            f"The path {path} has /v1 twice, because the client adds it too. Remove /v1 from the end of its base URL.",
            "remove /v1 from the client's base URL",
        )
    if path.startswith(_BELOW_V1):
        return _Advice(
            f"The path {path} lacks /v1: the client does not add it. Its base URL must end in /v1, such as "
            f"/proxy/{exchange.route}/v1.",
            "add /v1 to the client's base URL",
        )
    if path.startswith(_OF_OPENAI):
        return _Advice(
            f"The path {path} is OpenAI's, and this route speaks the Messages API: chat completions are at "
            "/proxy/anthropic/v1.",
            "chat completions are at /proxy/anthropic/v1",
        )
    return None


def _wait(exchange: Exchange) -> int | None:
    """Return the seconds that the provider asks to wait before the next try, or None if it does not ask."""
    seconds = header(exchange.rate_limits, "retry-after")
    tried_again = exchange.status is not None and (exchange.status == 429 or exchange.status >= 500)
    if exchange.outcome is not Outcome.ERROR or not tried_again or seconds is None:
        return None
    understood = seconds.isascii() and seconds.isdigit() and len(seconds) < 8
    return (int(seconds) or None) if understood else None
