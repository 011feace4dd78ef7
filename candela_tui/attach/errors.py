"""What can go wrong with the local API of a running candela."""

import http.client

from candela_tui.network.errors import described
from candela_tui.store.errors import StoreError


class Unavailable(StoreError):
    """The candela that has these records can't be reached or used."""


class Unreachable(Unavailable):
    """Nothing responds, or the response breaks off."""


class NotRecorded(StoreError):
    """The running candela has no such record."""


class NoLocalApi(Unavailable):
    """The server has no local API for this user: it is an older candela, or uses another data directory."""


class NotSignedIn(NoLocalApi):
    """The server asks for another sign-in."""


def why(error: BaseException) -> str:
    """Return what happened, without what the other side sent."""
    if isinstance(error, http.client.IncompleteRead):
        return "the answer has no end"
    if isinstance(error, UnicodeDecodeError):
        return "it is not ASCII"
    # A certificate that is not trusted is both kinds of error.
    if isinstance(error, http.client.HTTPException | ValueError) and not isinstance(error, OSError):
        # Their messages quote the response.
        return "its answer is not valid HTTP"
    return described(error)
