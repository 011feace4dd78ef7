"""A host and a port, as CONNECT names them (RFC 9110, section 9.3.6)."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:/@\[\]]+)):(?P<port>\d{1,5})", re.ASCII)
_MOST_PORT = 65_535


class BadPlace(ValueError):
    """It is not a host and a port."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connection is to lead."""

    host: str
    port: int

    def __str__(self) -> str:
        """As CONNECT writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_of(text: str) -> Place:
    """Return the place that a CONNECT request names. Raises BadPlace."""
    found = _FORM.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= _MOST_PORT:
        raise BadPlace("CONNECT must name a host and a port, such as example.com:443")
    return Place(found["v6"] or found["name"].lower(), int(found["port"]))
