"""The state of credentials, as the dashboard words it."""

from candela_tui.credentials.state import SIGNS, CredentialState, Standing
from candela_tui.providers.identity import PROVIDERS
from candela_tui.text.times import Clock
from candela_tui.ui.style.styled_text import Piece

STANDING_STYLES = {
    Standing.NONE: "dim",
    Standing.FOUND: "dim",
    Standing.SIGNED_IN: "good",
    Standing.CLIENT: "good",
    Standing.EXPIRES_SOON: "warn",
    Standing.LOCKED: "bad",
    Standing.REFUSED: "bad",
}


def standing_piece(standing: Standing) -> Piece:
    """Return the sign of a standing."""
    return SIGNS[standing], STANDING_STYLES[standing]


def valid_until(state: CredentialState, clock: Clock) -> str:
    """Return `` until 14:05``; empty if there is no known end, or if it has passed and no new one is known yet."""
    if state.until is None or state.until <= clock.now():
        return ""
    local = clock.local(state.until)
    return f" until {local:%H:%M}" if clock.today(state.until) else f" until {local:%b} {local.day} {local:%H:%M}"


def credential_warning(state: CredentialState, clock: Clock) -> str | None:
    """Return the warning that a user should see without looking for it; None if nothing is wrong."""
    title = PROVIDERS[state.provider].short_title
    match state.standing:
        case Standing.LOCKED:
            return f"{title}: {state.words} (or press a to sign in)"
        case Standing.REFUSED:
            return f"{title}: the credentials can't be used: {state.words} (press a to sign in)"
        case Standing.EXPIRES_SOON:
            until = valid_until(state, clock)
            return f"{title}: the credentials are valid only{until} and can't be renewed: {state.words}"
    return None


def credential_summary(state: CredentialState, clock: Clock) -> str:
    """Return one line with the provider, the state of its credentials, and the reason."""
    title = PROVIDERS[state.provider].short_title
    why = f": {state.words}" if state.words else ""
    nothing_to_do = ": nothing to do" if state.standing is Standing.CLIENT else ""
    return f"{title}: {state.standing.value}{nothing_to_do}{valid_until(state, clock)}{why}"
