"""How an exported file begins."""

from collections.abc import Iterable

_MOST_BYTES = 8_000


def first_lines(pieces: Iterable[bytes], most: int) -> list[str]:
    """Return the first lines of a text that are not blank, at most so many. Reads no more pieces than that takes."""
    beginning = b""
    for piece in pieces:
        beginning += piece[:_MOST_BYTES]
        if len(beginning) >= _MOST_BYTES:
            break
    lines = beginning[:_MOST_BYTES].decode("utf-8", "ignore").splitlines()
    return [line for line in lines if line.strip()][:most]
