"""Texts of clients as PostgreSQL can keep and index them."""

import hashlib
from typing import Final

_LONGEST: Final = 300
"""Characters of a text that is kept as it is. An entry of an index has less than 2,700 bytes."""
_BEGINNING: Final = 280
"""Characters that are kept of a longer one. With the digest it is not too long, and stays as it is from then on."""


def indexed_text(text: str) -> str:
    """Return a text as PostgreSQL can keep and index it: without NUL and half surrogates, and not too long."""
    plain = text.encode("utf-8", "replace").decode().replace("\0", "�")
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[:_BEGINNING]}… {hashlib.sha256(plain.encode()).hexdigest()[:16]}"
