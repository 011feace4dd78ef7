"""How each provider's credentials stand, for the dashboard and for commands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Standing(StrEnum):
    """How credentials stand."""

    NONE = "none"
    """Nobody has asked for them yet, or there are none."""
    SIGNED_IN = "signed in"
    EXPIRES_SOON = "expires soon"
    """They still hold, and could not be renewed."""
    REFUSED = "refused"


SIGNS = {Standing.NONE: "○", Standing.SIGNED_IN: "●", Standing.EXPIRES_SOON: "◐", Standing.REFUSED: "✗"}


@dataclass(frozen=True, slots=True)
class CredentialState:
    """One provider's credentials. ``provider`` is anthropic, gcp or aws."""

    provider: str
    standing: Standing
    until: datetime | None = None
    """When they end or are renewed; None: no end is known."""
    words: str = ""
    """What is wrong, and what mends it. No secret."""


TellState = Callable[[CredentialState], None]


def told_as(provider: str, tell: TellState | None) -> Callable[[Standing, float | None, str], None]:
    """What ``Shared`` is to call so that a provider's state is told."""

    def on_state(standing: Standing, ends: float | None, words: str) -> None:
        if tell is not None:
            until = datetime.fromtimestamp(ends, UTC) if ends is not None else None
            tell(CredentialState(provider, standing, until, words))

    return on_state
