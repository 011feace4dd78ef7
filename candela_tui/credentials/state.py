"""The state of each provider's credentials, as the next request would find them: for the dashboard and for commands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from candela_tui.providers.identity import Provider


class Standing(StrEnum):
    """How a provider's credentials stand for the next request."""

    NONE = "not set up"
    """There are none, or a setting is missing without which none can be used. From the proxy: no request has needed
    them yet."""
    FOUND = "found, not tried"
    """The next request uses credentials of another program, or a command, and none has tried them."""
    SIGNED_IN = "signed in"
    CLIENT = "Claude Code's own login"
    """Claude Code has a key or login of its own, which candela passes on: there is nothing to do."""
    EXPIRES_SOON = "expires soon"
    """They are still valid but could not be renewed."""
    LOCKED = "locked"
    """They are in a vault that is locked."""
    REFUSED = "can't be used"
    """They have ended, their source did not give them, or the provider refused them."""

    @property
    def ready(self) -> bool:
        """Whether the next request can be expected to have credentials."""
        return self in (Standing.FOUND, Standing.SIGNED_IN, Standing.CLIENT, Standing.EXPIRES_SOON)


SIGNS = {
    Standing.NONE: "○",
    Standing.FOUND: "◔",
    Standing.SIGNED_IN: "●",
    Standing.CLIENT: "◎",
    Standing.EXPIRES_SOON: "◐",
    Standing.LOCKED: "◍",
    Standing.REFUSED: "✗",
}


@dataclass(frozen=True, slots=True)
class CredentialState:
    """The state of the credentials for one provider."""

    provider: Provider
    standing: Standing
    until: datetime | None = None
    """When they expire or are renewed, or None if unknown."""
    words: str = ""
    """What is wrong and how to fix it. Contains no secret."""


def needs_sign_in(state: CredentialState) -> bool:
    """Return whether a sign-in helps. It does not open what is locked, and is refused before a sign-out if the words
    ask for one, as for a damaged list of sign-ins."""
    return (
        not state.standing.ready and state.standing is not Standing.LOCKED and "`candela auth logout" not in state.words
    )


TellState = Callable[[CredentialState], None]


def told_as(provider: Provider, tell: TellState | None) -> Callable[[Standing, float | None, str], None]:
    """Return the callback of ``Shared`` that reports the state of a provider's credentials."""

    def on_state(standing: Standing, ends: float | None, words: str) -> None:
        if tell is not None:
            until = datetime.fromtimestamp(ends, UTC) if ends is not None else None
            tell(CredentialState(provider, standing, until, words))

    return on_state
