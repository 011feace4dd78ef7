"""The state of each provider's credentials, for the dashboard and for commands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from candela_tui.providers.identity import Provider


class Standing(StrEnum):
    """Whether credentials can be used."""

    NONE = "none"
    """No request has needed them yet, or there are none."""
    SIGNED_IN = "signed in"
    EXPIRES_SOON = "expires soon"
    """They are still valid but could not be renewed."""
    REFUSED = "refused"


SIGNS = {Standing.NONE: "○", Standing.SIGNED_IN: "●", Standing.EXPIRES_SOON: "◐", Standing.REFUSED: "✗"}


@dataclass(frozen=True, slots=True)
class CredentialState:
    """The state of the credentials for one provider."""

    provider: Provider
    standing: Standing
    until: datetime | None = None
    """When they expire or are renewed, or None if unknown."""
    words: str = ""
    """What is wrong and how to fix it. Contains no secret."""


TellState = Callable[[CredentialState], None]


def told_as(provider: Provider, tell: TellState | None) -> Callable[[Standing, float | None, str], None]:
    """Return the callback of ``Shared`` that reports the state of a provider's credentials."""

    def on_state(standing: Standing, ends: float | None, words: str) -> None:
        if tell is not None:
            until = datetime.fromtimestamp(ends, UTC) if ends is not None else None
            tell(CredentialState(provider, standing, until, words))

    return on_state
