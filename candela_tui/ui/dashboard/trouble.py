"""What a list says of a call that went wrong: what happened, how often, and what to do."""

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.errors import ApiError
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
    failed, last = failed_try(call), call.last
    if failed is None:
        return None
    parts = [_what(failed)]
    if call.retries:
        parts.append(f"try {call.retries + 1}" if last.live else f"{call.retries + 1} tries")
    parts += [said for said in (None if last.live else _advice(failed), _message(failed)) if said]
    return " · ".join(parts)


def failed_try(call: Call) -> Exchange | None:
    """The try that a row is to speak of, because there are no figures that count; None: none."""
    last = call.last
    if last.live:
        return call.tries[-2] if len(call.tries) > 1 and not last.output_characters else None
    return None if last.outcome is Outcome.OK else last


def _what(exchange: Exchange) -> str:
    status = f"{exchange.status} " if exchange.status is not None and exchange.status >= 400 else ""
    if exchange.error is None or exchange.outcome is not Outcome.ERROR:
        return status + words.OUTCOMES[exchange.outcome]
    return status + _kind(exchange.error)


def _kind(error: ApiError) -> str:
    return error.type.removesuffix("_error").replace("_", " ")


def _message(exchange: Exchange) -> str | None:
    """The provider's words, where they say more than the kind of the error."""
    error = exchange.error
    if error is None or exchange.outcome is not Outcome.ERROR:
        return None
    message = error.message.strip()
    return None if message.lower().rstrip(".") == _kind(error) else message


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
