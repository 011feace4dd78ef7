"""How each provider's credentials stand, for the dashboard and for commands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """How credentials stand."""

    NONE = "none"
    """Nothing is known of any, or nobody has asked for them yet."""
    SIGNED_IN = "signed in"
    EXPIRES_SOON = "expires soon"
    """And nothing renews them by itself."""
    REFUSED = "refused"


SIGNS = {Standing.NONE: "○", Standing.SIGNED_IN: "●", Standing.EXPIRES_SOON: "◐", Standing.REFUSED: "✗"}
SOON = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class CredentialState:
    """One provider's credentials. ``provider`` is anthropic, gcp or aws."""

    provider: str
    standing: Standing
    until: datetime | None = None
    """When they end; None: no end is known."""
    words: str = ""
    """Who it is, or what is wrong and what mends it. No secret."""
