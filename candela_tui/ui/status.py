"""What the dashboard is told about the proxy whose traffic it shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """Where the proxy listens and where it sends requests."""

    address: str
    """Host and port that the proxy listens on, such as ``127.0.0.1:8181``."""
    route: str
    """Where requests to the bare base URL go, such as ``anthropic-direct``."""
    base_url: str
    """The provider's URL behind that route."""
    note: str | None = None
    """What the user should know all the time, such as that another process serves the port."""
    follows_store: bool = False
    """The records are made elsewhere and no feed tells of them, so the store is read every second."""
