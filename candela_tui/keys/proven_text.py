"""Random texts that prove who made them, so that no database is asked about those that somebody made up."""

import base64
import hmac
import secrets
import string
from typing import Final

from candela_tui.redaction import KEY_BEGINNING

_ALPHABET: Final = string.ascii_letters + string.digits
_RANDOM: Final = 32
"""Characters: 190 bits."""
_PROOF: Final = 11
"""Characters: 65 bits."""
_PURPOSE: Final = b"candela: a text of its own "


def new_code(secret: bytes) -> str:
    """Return a text of letters and digits that nobody can guess, and only ``secret`` can make."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return random + _proof(random, secret)


def is_own_code(text: str, secret: bytes) -> bool:
    """Return whether a text was made with ``secret``."""
    random, proof = text[:_RANDOM], text[_RANDOM:]
    return proof.isascii() and hmac.compare_digest(proof, _proof(random, secret))


def new_token(secret: bytes) -> str:
    """Return such a text in the form of a key, so that it goes to no provider and stays out of logs."""
    return KEY_BEGINNING + new_code(secret)


def is_own_token(text: str, secret: bytes) -> bool:
    """Return whether a token was made with ``secret``."""
    return text.startswith(KEY_BEGINNING) and is_own_code(text.removeprefix(KEY_BEGINNING), secret)


def _proof(random: str, secret: bytes) -> str:
    digest = hmac.digest(secret, _PURPOSE + random.encode("utf-8", "surrogateescape"), "sha256")
    # Letters and digits only, as in a key.
    return base64.b64encode(digest).translate(None, b"+/=").decode()[:_PROOF]
