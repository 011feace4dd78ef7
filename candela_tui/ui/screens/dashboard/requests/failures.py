"""The text of a list row for a call that failed: what happened, how often, and what to do."""

from candela_tui.analysis.advice import short_advice
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui.style import outcomes


def failure_text(call: Call, *, waiting: bool = False) -> str | None:
    """Return how the last try failed, or the one before it if the last has no output yet; None if nothing failed.

    ``waiting``: whether the client may still be waiting to retry.
    """
    failed, last = failed_try(call), call.last
    if failed is None:
        return None
    parts = [outcomes.became(failed)]
    if call.retries:
        parts.append(f"try {call.retries + 1}" if last.live else f"{call.retries + 1} tries")
    advice = None if last.live else short_advice(failed, waiting=waiting)
    parts += [said for said in (advice, outcomes.message(failed)) if said]
    if call.left_out:
        parts.append(f"retried without {', '.join(call.left_out)}")
    return " · ".join(parts)


def failed_try(call: Call) -> Exchange | None:
    """Return the failed try that a row describes, or None if there are figures to show."""
    last = call.last
    if last.live:
        return call.tries[-2] if len(call.tries) > 1 and not call.run and not last.output_characters else None
    return None if last.outcome is Outcome.OK else last
