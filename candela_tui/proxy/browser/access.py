"""Who may open the page: a browser that followed a link of ``candela web``, and has a cookie since."""

import hmac
import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

LINK_S = 600
"""Seconds for which a link can be opened, once."""
_SIGNED_IN_S = 7 * 24 * 3600
_MOST_LINKS = 100


class Access:
    """Makes links and cookies.

    A link has a random word that is known to this process only. A cookie has its expiry, signed with the token of the
    local API, so that it outlives a restart, and a new token ends it.
    """

    def __init__(self, token: Callable[[], str | None], port: int, now: Callable[[], float] = time.time) -> None:
        """``token`` returns the token of the local API, if there is one. Cookies do not know ports, so ``port`` is in
        the name of this candela's."""
        self._token = token
        self._now = now
        self._name = f"candela-{port}"
        self._links: dict[str, float] = {}

    def new_link(self) -> str:
        """Return a word that lets one browser in."""
        self._forget_old()
        while len(self._links) >= _MOST_LINKS:
            del self._links[next(iter(self._links))]
        word = secrets.token_urlsafe(32)
        self._links[word] = self._now() + LINK_S
        return word

    def redeem(self, word: str) -> bool:
        """Return whether a word lets a browser in. It does so once."""
        self._forget_old()
        known = next((each for each in self._links if _same(each, word)), None)
        if known is None:
            return False
        del self._links[known]
        return True

    def _forget_old(self) -> None:
        for word in [word for word, until in self._links.items() if until <= self._now()]:
            del self._links[word]

    def cookie(self) -> str:
        """Return the value of a Set-Cookie field that lets the browser in from now on."""
        token = self._token()
        assert token is not None, "there are no links without a token"
        until = int(self._now()) + _SIGNED_IN_S
        value = f"{until}.{_signature(token, until)}"
        return f"{self._name}={value}; Path=/_local/; Max-Age={_SIGNED_IN_S}; HttpOnly; SameSite=Strict"

    def admits(self, cookies: str) -> bool:
        """Return whether a Cookie field lets its browser in."""
        token = self._token()
        try:
            found = SimpleCookie(cookies).get(self._name)
        except CookieError:
            return False
        if token is None or found is None:
            return False
        until, _, signature = found.value.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 20):
            return False
        return _same(_signature(token, int(until)), signature) and int(until) > self._now()


def _signature(token: str, until: int) -> str:
    return hmac.digest(token.encode(), f"candela in a browser until {until}".encode(), "sha256").hex()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogateescape"))
