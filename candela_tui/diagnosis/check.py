"""What a check says."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a check found."""

    OK = "ok"
    WARN = "warn"
    """It may be meant, or may fail later."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """It can't be known; the words say why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. No secret is in it."""

    id: str
    """Such as ``client.base-url``; what is before the dot groups."""
    title: str
    state: State
    words: str
    fix: str = ""
    """What mends it, or may be of use; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a check is about; makes its results."""

    id: str
    title: str

    def ok(self, words: str, fix: str = "") -> Check:
        """All is well."""
        return Check(self.id, self.title, State.OK, words, fix)

    def warn(self, words: str, fix: str = "") -> Check:
        """It may be meant."""
        return Check(self.id, self.title, State.WARN, words, fix)

    def bad(self, words: str, fix: str = "") -> Check:
        """It is wrong."""
        return Check(self.id, self.title, State.BAD, words, fix)

    def unknown(self, words: str, fix: str = "") -> Check:
        """It can't be known."""
        return Check(self.id, self.title, State.UNKNOWN, words, fix)
