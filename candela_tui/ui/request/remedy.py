"""What to do about an exchange that failed. Source of the error types: https://docs.claude.com/en/api/errors"""

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.headers import header
from candela_tui.ui import words

_BY_STATUS = {
    401: "The provider does not accept the key or login: sign in again (/login in Claude Code), or check "
    "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN where the client was started.",
    402: "The account can't pay for this: check its balance and billing in the provider's console.",
    403: "The key or account may not do this: check its workspace, and the models and features it is allowed.",
    404: "The provider knows nothing by this name: check the model's name (/model) and the route's base URL.",
    413: "The request is larger than the provider takes: /compact or /clear, and leave out large files and images.",
    429: "Too many requests or tokens in a short time: the client tries again by itself; fewer agents at once, or a "
    "smaller model, make it rarer.",
    500: "A fault of the provider's own: the client tries again by itself. Where it stays, the request id helps its "
    "support.",
    503: "The provider can't serve for now: the client tries again by itself.",
    504: "The provider took too long: the client tries again by itself; streaming and shorter prompts make it rarer.",
    529: "The provider has too much to do: the client tries again by itself. Another model may be free (/model), and "
    "the provider's status page says more.",
}
_BY_OUTCOME = {
    Outcome.CUT: "The connection to the provider broke: the client tries again by itself. Where it happens often, look "
    "at VPNs and proxies on the way, and at `candela logs`.",
    Outcome.BLOCKED: "candela itself answered this, and nothing reached the provider: its words say what to change.",
    Outcome.INTERRUPTED: "candela ended while this was live; the client saw a broken connection and will have tried "
    "again.",
}
_TOO_LONG = ("prompt is too long", "exceed context limit", "context window")


def remedy(exchange: Exchange) -> str | None:
    """The next step, in a sentence; None: there is nothing to be done."""
    if exchange.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[exchange.outcome]
    if exchange.outcome is not Outcome.ERROR:
        return None
    message = exchange.error.message.lower() if exchange.error is not None else ""
    if any(text in message for text in _TOO_LONG):
        return "The conversation no longer fits the model's window: /compact it, or begin a new one with /clear."
    if "credit balance" in message:
        return _BY_STATUS[402]
    if exchange.status is None or exchange.marks.connected is None:
        return (
            "The provider could not be reached: check the network, HTTPS_PROXY, and the base URL of the route "
            f"{exchange.route}."
        )
    step = _BY_STATUS.get(exchange.status)
    if step is None and exchange.error is not None and exchange.error.type == "overloaded_error":
        step = _BY_STATUS[529]
    if step is None and exchange.status == 400:
        return "The provider does not take this request as it is: its words say which part. Raw request shows it."
    wait = header(exchange.rate_limits, "retry-after")
    if step is not None and wait is not None and wait.isascii() and wait.isdigit() and len(wait) < 8:
        step += f" It asks to wait {words.duration(int(wait) * 1000)}."
    return step
