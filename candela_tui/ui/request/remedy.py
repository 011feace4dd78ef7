"""What to do about an exchange that failed, in a sentence and in a few words.

Source of the error types: https://docs.claude.com/en/api/errors
"""

from datetime import datetime
from typing import NamedTuple

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.headers import header
from candela_tui.protocol.user_agent import is_claude_code
from candela_tui.ui import words


class _Step(NamedTuple):
    sentence: str
    short: str | None = None
    """None: nothing that the user has to do."""


_LATE_S = 5.0
"""How much later than it was asked to a client may try again."""
_BY_STATUS = {
    401: _Step(
        "The provider does not accept the key or login: check the one that the client sends.",
        "check the client's key or login",
    ),
    402: _Step(
        "The account can't pay for this: check its balance and billing in the provider's console.",
        "see the credit of the account",
    ),
    403: _Step(
        "The key or account may not do this: check its workspace, and the models and features it is allowed.",
        "the account may not use this",
    ),
    404: _Step(
        "The provider knows nothing by this name: check the model's name and the route's base URL.",
        "check the model's name",
    ),
    413: _Step(
        "The request is larger than the provider takes: leave out large files and images, and old messages.",
        "shorten the request",
    ),
    429: _Step(
        "Too many requests or tokens in a short time: the client tries again by itself; fewer agents at once, or a "
        "smaller model, make it rarer."
    ),
    500: _Step(
        "A fault of the provider's own: the client tries again by itself. Where it stays, the request id helps its "
        "support."
    ),
    503: _Step("The provider can't serve for now: the client tries again by itself."),
    504: _Step(
        "The provider took too long: the client tries again by itself; streaming and shorter prompts make it rarer."
    ),
    529: _Step(
        "The provider has too much to do: the client tries again by itself. Another model may be free, and the "
        "provider's status page says more."
    ),
}
_IN_CLAUDE_CODE = {
    401: _Step(
        "The provider does not accept the key or login: sign in again (/login in Claude Code), or check "
        "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN where it was started.",
        "sign in again: /login in Claude Code",
    ),
    404: _Step(
        "The provider knows nothing by this name: check the model's name (/model) and the route's base URL.",
        "check the model's name: /model in Claude Code",
    ),
    413: _Step(
        "The request is larger than the provider takes: /compact or /clear, and leave out large files and images.",
        "shorten it: /compact in Claude Code",
    ),
    529: _Step(
        "The provider has too much to do: the client tries again by itself. Another model may be free (/model), and "
        "the provider's status page says more."
    ),
}
"""The same where the client is known to be Claude Code, with its commands."""
_OF_CLOUDS = {
    401: _Step(
        "The cloud does not accept candela's credentials: its words say which command signs in again.",
        "sign in to the cloud again",
    ),
    403: _Step(
        "The account may not use this model there: its words say where to enable it, or which right is missing.",
        "the account may not use this model",
    ),
    404: _Step(
        "The model is not there by this name: try another region, or say what the provider calls it with "
        "`candela config set 'models.\"NAME\".vertex' ID` (or .bedrock).",
        "check region and model",
    ),
    429: _Step(
        "The quota of the account for this model and region is used up for now: the client tries again by itself. "
        "Another region or a global one may have more, and the cloud's console raises quotas."
    ),
}
"""Where the credentials are candela's own matter."""
_BY_OUTCOME = {
    Outcome.CUT: _Step(
        "The connection to the provider broke: the client tries again by itself. Where it happens often, look at VPNs "
        "and proxies on the way; `candela doctor` tests the way to the provider."
    ),
    Outcome.BLOCKED: _Step(
        "candela itself answered this, and nothing reached the provider: its words say what to change."
    ),
    Outcome.INTERRUPTED: _Step(
        "candela ended while this was live; the client saw a broken connection and will have tried again."
    ),
}
_TOO_LONG = _Step(
    "The conversation no longer fits the model's window: leave out old messages, or begin a new one.",
    "shorten the conversation",
)
_TOO_LONG_IN_CLAUDE_CODE = _Step(
    "The conversation no longer fits the model's window: /compact it, or begin a new one with /clear.",
    "shorten it: /compact in Claude Code",
)
_CERTIFICATE = _Step(
    "Let proxy.ca_bundle in config.toml name the PEM file of the certificate authority of your network or gateway, and "
    "restart candela.",
    "set proxy.ca_bundle",
)
_DESCRIPTORS = _Step(
    "Raise the number of files that candela may open (`ulimit -n` in its shell), and start it again.",
    "raise `ulimit -n` and restart candela",
)
_BELOW_V1 = ("/messages", "/models", "/complete", "/files", "/organizations", "/chat/completions", "/responses")
_OF_OPENAI = ("/v1/chat/completions", "/v1/responses", "/v1/embeddings")
_SAYS_TOO_LONG = ("prompt is too long", "exceed context limit", "context window")
_NOT_AS_IT_IS = _Step(
    "The provider does not take this request as it is: its words say which part. Raw request shows it."
)


def remedy(exchange: Exchange) -> str | None:
    """The next step, in a sentence; None: there is nothing to be done."""
    step, wait = _step(exchange), _wait(exchange)
    if step is None:
        return None
    return f"{step.sentence} It asks to wait {words.duration(wait * 1000)}." if wait is not None else step.sentence


def remedy_in_short(exchange: Exchange, *, waiting: bool = False) -> str | None:
    """Return the next step, in a few words; None: there is nothing that the user has to do or to wait for.

    ``waiting``: whether the client may still be waiting to try again.
    """
    step, wait = _step(exchange), _wait(exchange)
    if waiting and wait is not None:
        return f"retry after {words.duration(wait * 1000)}"
    return step.short if step is not None else None


def waits(exchange: Exchange, now: datetime) -> bool:
    """Return whether the client may be waiting to try again, as far as the time says."""
    wait = _wait(exchange)
    return wait is not None and _waited_for(exchange, now) <= wait + _LATE_S


def _waited_for(exchange: Exchange, now: datetime) -> float:
    """Seconds since the answer."""
    return (now - exchange.started_at).total_seconds() - (exchange.duration_ms or 0.0) / 1000


def _step(exchange: Exchange) -> _Step | None:
    if exchange.outcome is not Outcome.ERROR:
        return _BY_OUTCOME.get(exchange.outcome)
    said = exchange.error.message.lower() if exchange.error is not None else ""
    if any(text in said for text in _SAYS_TOO_LONG):
        return _TOO_LONG_IN_CLAUDE_CODE if _is_claude_code(exchange) else _TOO_LONG
    if "credit balance" in said:
        return _BY_STATUS[402]
    if exchange.status is None or exchange.marks.connected is None:
        # candela's own words name the cause, and some the remedy, too (network_errors.py).
        if "proxy.ca_bundle" in said:
            return _CERTIFICATE
        if "ulimit -n" in said:
            return _DESCRIPTORS
        return _Step(
            "The provider could not be reached: check the network, HTTPS_PROXY, and the base URL of the route "
            f"{exchange.route}."
        )
    if exchange.status == 404 and (fault := _path_fault(exchange)) is not None:
        return fault
    steps = _BY_STATUS | _IN_CLAUDE_CODE if _is_claude_code(exchange) else _BY_STATUS
    step = (steps if exchange.provider == "anthropic" else steps | _OF_CLOUDS).get(exchange.status)
    if step is None and exchange.error is not None and exchange.error.type == "overloaded_error":
        step = _BY_STATUS[529]
    return _NOT_AS_IT_IS if step is None and exchange.status == 400 else step


def _is_claude_code(exchange: Exchange) -> bool:
    """Also by the session that only Claude Code names, for records that do not name their client."""
    named = exchange.session_id is not None and "session_id" not in exchange.inferred
    return is_claude_code(exchange.client) or (exchange.client is None and named)


def _path_fault(exchange: Exchange) -> _Step | None:
    """What is wrong with a path that the Messages API does not have; None: nothing, as far as is known."""
    path = exchange.path.partition("?")[0]
    if exchange.dialect != "messages":
        return None
    if path.startswith("/v1/v1/"):
        return _Step(
            f"The path {path} has /v1 twice: the client adds it by itself. Take /v1 off the end of its base URL.",
            "take /v1 off the client's base URL",
        )
    if path.startswith(_BELOW_V1):
        return _Step(
            f"The path {path} lacks /v1: the client does not add it. Let its base URL end in /v1, such as "
            f"/proxy/{exchange.route}/v1.",
            "add /v1 to the client's base URL",
        )
    if path.startswith(_OF_OPENAI):
        return _Step(
            f"The path {path} is OpenAI's, and this route speaks the Messages API: chat completions are at "
            "/proxy/anthropic/v1.",
            "chat completions are at /proxy/anthropic/v1",
        )
    return None


def _wait(exchange: Exchange) -> int | None:
    """How many seconds the provider asks to wait before the next try; None: it does not."""
    seconds = header(exchange.rate_limits, "retry-after")
    tried_again = exchange.status is not None and (exchange.status == 429 or exchange.status >= 500)
    if exchange.outcome is not Outcome.ERROR or not tried_again or seconds is None:
        return None
    understood = seconds.isascii() and seconds.isdigit() and len(seconds) < 8
    return (int(seconds) or None) if understood else None
