"""How a client's request came in."""

from enum import StrEnum


class Arrival(StrEnum):
    """The way by which a request reached candela. Values are stored, so changing one breaks databases."""

    BASE_URL = "base_url"
    """The client was given candela's address as that of the provider."""
    INTERCEPTED = "intercepted"
    """The client asked for the provider itself, through candela as its HTTP proxy."""
    TRANSPARENT = "transparent"
    """The client asked for the provider itself, and the system redirected its connection."""
