"""What can happen to a connection to the provider before an answer begins. The subject of each sentence is it."""

from collections.abc import Callable
from dataclasses import dataclass

from candela_tui.exchange import Outcome
from tests.faults.answers import Cell, Sees, error, nothing
from tests.faults.front import Certificates, Meets, closes, closes_in_handshake, resets, speaks_no_tls


@dataclass(frozen=True, slots=True)
class ConnectionFault:
    """One fault, and what becomes of it at every place."""

    words: str
    cell: Cell
    tls: bool
    meets: Callable[[Certificates], Meets] | None
    """None: nobody listens."""


def _plain(words: str, cell: Cell, meets: Meets | None) -> ConnectionFault:
    return ConnectionFault(words, cell, False, None if meets is None else lambda _: meets)


def _over_tls(words: str, says: str, meets: Callable[[Certificates], Meets]) -> ConnectionFault:
    return ConnectionFault(words, Cell(Sees.ERROR, Outcome.ERROR, says), True, meets)


CONNECTION_FAULTS = {
    "refused": _plain("refuses the connection", error("the connection was refused"), None),
    "closed": _plain(
        "closes the connection as soon as it is made",
        nothing("the provider closed the connection without an answer"),
        closes,
    ),
    "reset": _plain("resets the connection as soon as it is made", nothing("the connection was reset"), resets),
    "untrusted": _over_tls(
        "has a TLS certificate of an authority that is not trusted",
        "its TLS certificate is not trusted: no trusted authority signed it",
        Certificates.untrusted,
    ),
    "expired": _over_tls(
        "has a TLS certificate that has expired",
        "its TLS certificate is not trusted: it has expired",
        Certificates.expired,
    ),
    "another-host": _over_tls(
        "has a TLS certificate for another host",
        "its TLS certificate is not trusted: it is for another host name",
        Certificates.of_another_host,
    ),
    "no-tls": _over_tls("does not speak TLS", "it does not speak TLS", lambda _: speaks_no_tls),
    "half-handshake": _over_tls(
        "closes the connection in the TLS handshake", "the connection was closed", lambda _: closes_in_handshake
    ),
}

NO_ADDRESS = error("its host name can't be resolved")
