"""Where this process looks for price data that the user fetched.

Apart from ``price_data``, because every command says where, and few of them load prices.
"""

from collections.abc import Callable
from pathlib import Path

_place: list[Callable[[], Path]] = []


def look_in(place: Callable[[], Path]) -> None:
    """Use the data in this file, if there is any, once prices are loaded. ``place`` is called only then."""
    _place[:] = [place]


def price_file() -> Path | None:
    """Return the file, or None if this process looks for none."""
    return _place[0]() if _place else None
