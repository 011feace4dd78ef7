"""What the dashboard knows about the proxy whose traffic it shows."""

from dataclasses import dataclass

from candela_tui.providers.identity import RouteName


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """Where the proxy listens and where it sends requests."""

    address: str
    """Host and port that the proxy listens on, such as ``127.0.0.1:8181``."""
    route: RouteName
    """Where requests to the bare base URL go, such as ``anthropic-direct``."""
    base_url: str
    """The provider's URL behind that route."""
    note: str | None = None
    """A message that is always shown, such as that another process serves the port."""
    follows_store: bool = False
    """Whether the store is read every second, because another process makes the records and there is no feed of
    them."""
    shares_store: bool = False
    """Whether other candelas store their requests in the same database: those are looked for every few seconds."""
    server: str | None = None
    """The URL of a team's candela on another machine; None for a candela of this machine."""
    tour: bool = False
    """Whether this is the demo: keys and signs are explained, and the shown session stays although others begin."""
