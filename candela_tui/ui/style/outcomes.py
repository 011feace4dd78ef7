"""How requests ended. Each outcome has a sign, a name and a style, so that colour is never the only difference."""

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.errors import ApiError

SIGNS = {
    Outcome.OK: "✓",
    Outcome.ERROR: "✗",
    Outcome.CUT: "✂",
    Outcome.CANCELLED: "⊘",
    Outcome.BLOCKED: "⊗",
    Outcome.INTERRUPTED: "‖",
    Outcome.LIVE: "◌",
}
NAMES = {
    Outcome.OK: "ok",
    Outcome.ERROR: "error",
    Outcome.CUT: "cut off by the provider",
    Outcome.CANCELLED: "cancelled by the client",
    Outcome.BLOCKED: "blocked by candela",
    Outcome.INTERRUPTED: "interrupted: candela stopped",
    Outcome.LIVE: "live",
}
STYLES = {
    Outcome.OK: "good",
    Outcome.ERROR: "bad",
    Outcome.CUT: "bad",
    Outcome.CANCELLED: "warn",
    Outcome.BLOCKED: "bad",
    Outcome.INTERRUPTED: "warn",
    Outcome.LIVE: "accent",
}


def became(exchange: Exchange) -> str:
    """Return how an exchange ended, without the provider's words: ``529 overloaded``, ``cut off by the provider``."""
    status = f"{exchange.status} " if exchange.status is not None and exchange.status >= 400 else ""
    if exchange.error is None or exchange.outcome is not Outcome.ERROR:
        return status + NAMES[exchange.outcome]
    return status + _kind(exchange.error)


def message(exchange: Exchange) -> str | None:
    """Return the provider's words if they say more than the kind of the error, else None."""
    error = exchange.error
    if error is None or exchange.outcome is not Outcome.ERROR:
        return None
    words = error.message.strip()
    return None if words.lower().rstrip(".") in ("", _kind(error)) else words


def shortfall(exchange: Exchange) -> str | None:
    """Return what to show instead of figures for a request that brought none: ``try 3 · 400 invalid request: no
    model``."""
    if exchange.live or exchange.outcome is Outcome.OK:
        return None
    said = ": ".join(filter(None, (became(exchange), message(exchange))))
    return f"try {exchange.retry + 1} · {said}" if exchange.retry else said


def _kind(error: ApiError) -> str:
    return error.type.removesuffix("_error").replace("_", " ")
