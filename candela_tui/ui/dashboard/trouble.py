"""What a list says of a call that went wrong: what happened, how often, and what to do."""

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui import outcomes
from candela_tui.ui.request.remedy import remedy_in_short


def trouble(call: Call, *, waiting: bool = False) -> str | None:
    """Return what went wrong with the last try, or with the one before a try that has said nothing yet; None: nothing.

    ``waiting``: whether the client may still be waiting to try again.
    """
    failed, last = failed_try(call), call.last
    if failed is None:
        return None
    parts = [outcomes.became(failed)]
    if call.retries:
        parts.append(f"try {call.retries + 1}" if last.live else f"{call.retries + 1} tries")
    advice = None if last.live else remedy_in_short(failed, waiting=waiting)
    parts += [said for said in (advice, outcomes.message(failed)) if said]
    if call.left_out:
        parts.append(f"tried without {', '.join(call.left_out)}")
    return " · ".join(parts)


def failed_try(call: Call) -> Exchange | None:
    """The try that a row is to speak of, because there are no figures that count; None: none."""
    last = call.last
    if last.live:
        return call.tries[-2] if len(call.tries) > 1 and not call.run and not last.output_characters else None
    return None if last.outcome is Outcome.OK else last
