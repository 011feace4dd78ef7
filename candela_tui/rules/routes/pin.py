"""The header field with which a client chooses the route of a request."""

from collections.abc import Iterable
from typing import Final

from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.identity import DEFAULT_ROUTES, PROVIDERS, RouteName, listed, route_of, route_to

FIELD: Final = "X-Candela-Route"
"""It is not sent to a provider, as no field of candela's own is."""


class UnknownRoute(ValueError):
    """The field names no route; ``str()`` says what it may name."""


class Pin:
    """Reads this field, and others that mean the same."""

    def __init__(self, further: Iterable[str] = ()) -> None:
        """``further`` are other names of the field."""
        self._names = frozenset(name.lower() for name in (FIELD, *further))
        self._lengths = frozenset(map(len, self._names))

    def route(self, headers: HeaderList) -> RouteName | None:
        """Return the route that a request asks for, or None if it asks for none. Raises UnknownRoute."""
        for name, value in headers:
            # Every request comes here, and most have two dozen fields.
            if len(name) in self._lengths and name.lower() in self._names and (word := value.strip().lower()):
                found = _BY_WORD.get(word)
                if found is None:
                    options = listed(route_of(route).option for route in DEFAULT_ROUTES)
                    raise UnknownRoute(f"the header field {name} must be {options}")
                return found
        return None


_BY_WORD: Final = {
    **{str(provider): route_to(provider).name for provider in PROVIDERS},
    **{route_of(name).option: name for name in DEFAULT_ROUTES},
    **{str(name): name for name in DEFAULT_ROUTES},
}
