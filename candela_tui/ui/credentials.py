"""How credentials stand, in the dashboard's words."""

from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.credentials.state import SIGNS, CredentialState, Standing
from candela_tui.ui.clock import Clock
from candela_tui.ui.ink import Piece

TITLES: dict[str, str] = {"anthropic": "Anthropic", "gcp": "Google", "aws": "AWS"}
STANDING_INKS = {
    Standing.NONE: "dim",
    Standing.SIGNED_IN: "good",
    Standing.EXPIRES_SOON: "warn",
    Standing.REFUSED: "bad",
}
_OF_ROUTES: dict[str, ProviderName] = {
    "anthropic-direct": "anthropic",
    "anthropic-vertex": "gcp",
    "anthropic-bedrock": "aws",
}


def provider_of(route: str) -> ProviderName | None:
    """Whose credentials a route needs."""
    return _OF_ROUTES.get(route)


def standing_piece(standing: Standing) -> Piece:
    """The sign of it."""
    return SIGNS[standing], STANDING_INKS[standing]


def until(state: CredentialState, clock: Clock) -> str:
    """`` until 14:05``; nothing where no end is known, or where it was and what comes next is not known yet."""
    if state.until is None or state.until <= clock.now():
        return ""
    local = clock.local(state.until)
    return f" until {local:%H:%M}" if clock.today(state.until) else f" until {local:%b} {local.day} {local:%H:%M}"


def told(state: CredentialState, clock: Clock) -> str | None:
    """What a user who does not look is to be told; None: nothing is wrong."""
    title = TITLES.get(state.provider, state.provider)
    match state.standing:
        case Standing.REFUSED:
            return f"{title}: the credentials can't be used: {state.words} (a signs in)"
        case Standing.EXPIRES_SOON:
            return f"{title}: the credentials hold only{until(state, clock)}, and can't be renewed: {state.words}"
    return None


def in_full(state: CredentialState, clock: Clock) -> str:
    """Whose, how they stand, and why."""
    title = TITLES.get(state.provider, state.provider)
    why = f": {state.words}" if state.words else ""
    return f"{title}: {state.standing.value}{until(state, clock)}{why}"
