"""The error for credentials that can't be used."""

import re

from candela_tui.redaction import REDACTED, redact_text

_MOST = 300
_KEPT_BEGINNINGS = ("arn:", "/", "~", ".")
_NAMED = re.compile(
    r"""(\w*(?:key|token|secret|passw(?:or)?d)\w*["']?\s*[=:]\s*["']?)(?=[^\s"',]*\d)[^\s"',]{6,}""", re.IGNORECASE
)
_UNKNOWN_FORM = re.compile(
    r"\b[0-9a-f]{32,}\b|(?<=token=)[^\s&\"']+|(?<=password=)[^\s&\"']+",
    re.IGNORECASE,
)
_WORD = re.compile(r"arn:\S+|[\w/+=.~%-]{16,}")


class CredentialsError(Exception):
    """No usable credentials were found. ``str()`` says what happened and which command fixes it."""

    def __init__(self, words: str, *, passing: bool = False, locked: bool = False) -> None:
        """``passing`` is true if the source of the credentials did not answer but may do so soon, for example
        because the network is not up yet. ``locked`` is true if they are in a vault that is locked."""
        super().__init__(words)
        self.passing = passing
        self.locked = locked


def quotable(text: str) -> str:
    """Return the output of an SDK or a command as one line of at most 300 characters, with credentials redacted.

    Such output is mostly about credentials, so anything that looks like one is redacted, even in an unknown format.
    """
    text = _NAMED.sub(rf"\1{REDACTED}", _UNKNOWN_FORM.sub(REDACTED, redact_text(text)))
    line = " ".join(_WORD.sub(_unless_random, text).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def _unless_random(found: re.Match[str]) -> str:
    word = found[0]
    # Unlike words, keys and tokens are long and mix upper case, lower case and digits.
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word) and any(c.isdigit() for c in word)
    return REDACTED if mixed and len(word) >= 32 and not word.startswith(_KEPT_BEGINNINGS) else word
