"""What a list says of a call that went wrong: what happened, how often, and what to do."""

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.headers import header
from candela_tui.ui import words

_ADVICE = {
    401: "sign in again: /login in Claude Code",
    402: "see the credit of the account",
    403: "the account may not use this",
    413: "shorten it: /compact in Claude Code",
}
_RETRIED = (429, 500, 502, 503, 504, 529)


def trouble(call: Call) -> str | None:
    """What went wrong with the last try, or with the one before a try that has said nothing yet; None: nothing."""
    last = call.last
    failed = last
    if last.live and len(call.tries) > 1 and not last.output_characters:
        failed = call.tries[-2]
    if failed.live or failed.outcome is Outcome.OK:
        return None
    parts = [_what(failed)]
    if call.retries:
        parts.append(f"try {call.retries + 1}" if last.live else f"{call.retries + 1} tries")
    advice = None if last.live else _advice(failed)
    return " · ".join([*parts, advice] if advice else parts)


def _what(exchange: Exchange) -> str:
    status = f"{exchange.status} " if exchange.status is not None and exchange.status >= 400 else ""
    error = exchange.error
    if error is None or exchange.outcome is not Outcome.ERROR:
        return status + words.OUTCOMES[exchange.outcome]
    kind = error.type.removesuffix("_error").replace("_", " ")
    message = error.message.strip()
    return f"{status}{kind}" if message.lower().rstrip(".") in ("", kind) else f"{status}{kind}: {message}"


def _advice(exchange: Exchange) -> str | None:
    if exchange.outcome is not Outcome.ERROR or exchange.status is None:
        return None
    message = exchange.error.message if exchange.error else ""
    if exchange.status == 400 and "prompt is too long" in message:
        return _ADVICE[413]
    if exchange.status in _RETRIED:
        wait = header(exchange.rate_limits, "retry-after")
        if wait and wait.isascii() and wait.isdigit() and len(wait) < 8:
            return f"again in {words.duration(int(wait) * 1000)}"
        return None
    return _ADVICE.get(exchange.status)
