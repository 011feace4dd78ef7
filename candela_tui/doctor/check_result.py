"""The result of a check of the doctor."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How serious the result of a check is."""

    OK = "ok"
    WARN = "warn"
    """Possibly intended, or likely to fail later."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """Could not be checked; ``words`` say why."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. It holds no secret."""

    id: str
    """Such as ``client.base-url``; what is before the dot groups."""
    title: str
    state: CheckState
    words: str
    fix: str = ""
    """How to fix it, or a hint; empty if there is nothing to do."""
    consequence: str = ""
    """What a problem means for a Claude Code or candela that is started here, as a clause; empty if it still works."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The subject of a check: its id and title, which all of its results share."""

    id: str
    title: str

    def ok(self, words: str, fix: str = "") -> CheckResult:
        """Return a result that needs no attention."""
        return CheckResult(self.id, self.title, CheckState.OK, words, fix)

    def warn(self, words: str, fix: str = "") -> CheckResult:
        """Return a result that is worth a look."""
        return CheckResult(self.id, self.title, CheckState.WARN, words, fix)

    def bad(self, words: str, fix: str = "", consequence: str = "") -> CheckResult:
        """Return a problem."""
        return CheckResult(self.id, self.title, CheckState.BAD, words, fix, consequence)

    def unknown(self, words: str, fix: str = "") -> CheckResult:
        """Return a result for what could not be checked."""
        return CheckResult(self.id, self.title, CheckState.UNKNOWN, words, fix)
