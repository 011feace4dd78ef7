"""What a user is told of credentials that can't be used."""

import re

_MOST = 300
_KEPT_BEGINNINGS = ("arn:", "/", "~", ".")
_SECRET_BEGINNINGS = ("AKIA", "ASIA", "ya29.", "eyJ", "sk-")
# One in 64 of Amazon's secret keys begins like a path.
_SECRET_KEY = re.compile(r"[A-Za-z0-9/+]{40}")
_NAMED = re.compile(
    r"""(\w*(?:key|token|secret|passw(?:or)?d)\w*["']?\s*[=:]\s*["']?)(?=[^\s"',]*\d)[^\s"',]{6,}""", re.IGNORECASE
)
_ANYWHERE = re.compile(
    r"sk-[\w-]{12,}|GOCSPX-[\w-]{8,}|ya29\.[\w.-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\beyJ[\w.-]{12,}|\b[0-9a-f]{32,}\b"
    r"|(?<=//)[^/\s@]+(?=@)|(?<=bearer )\S+|(?<=basic )\S{8,}|(?<=token=)[^\s&\"']+|(?<=password=)[^\s&\"']+",
    re.IGNORECASE,
)
_WORD = re.compile(r"arn:\S+|[\w/+=.~%-]{16,}")


class CredentialsError(Exception):
    """There are no credentials that can be used. ``str()`` says what happened, and the command that mends it."""

    def __init__(self, words: str, *, passing: bool = False) -> None:
        """``passing``: what gives them did not answer, as where the network is not up yet; it may do so soon."""
        super().__init__(words)
        self.passing = passing


def quotable(text: str) -> str:
    """Words of an SDK or a command on one line of at most 300 characters, without what looks like a key or token."""
    text = _NAMED.sub(r"\1[redacted]", _ANYWHERE.sub("[redacted]", text))
    line = " ".join(_WORD.sub(_unless_secret, text).split())
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def _unless_secret(found: re.Match[str]) -> str:
    word = found[0]
    # Keys and tokens are long and mix what words do not.
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word) and any(c.isdigit() for c in word)
    if word.startswith(_KEPT_BEGINNINGS) and not (mixed and _SECRET_KEY.fullmatch(word)):
        return word
    return "[redacted]" if word.startswith(_SECRET_BEGINNINGS) or (mixed and len(word) >= 32) else word
