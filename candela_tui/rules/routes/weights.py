"""Spread sessions over routes, so that each session always has the same one."""

from collections.abc import Mapping
from hashlib import blake2b
from math import log
from typing import TypeVar

Route = TypeVar("Route", bound=str)


def route_by_weight(session: str, weights: Mapping[Route, float]) -> Route:
    """Return the route of a session by weighted rendezvous hashing.

    It needs no memory, so a session keeps its route after a restart. If a weight changes, sessions only move to or from
    that route."""
    return max(weights, key=lambda route: _score(session, route, weights[route]))


def _score(session: str, route: str, weight: float) -> float:
    digest = blake2b(f"{route}\n{session}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    # Evenly spread between 0 and 1, both exclusive.
    share = (int.from_bytes(digest) + 0.5) / 2**64
    return -weight / log(share)
