"""Find the beta flag that a model refused without naming it.

Bedrock answers ``invalid beta flag`` whichever of a request's flags it means. What it accepts and refuses afterwards
tells: a flag of an accepted request is good, and a refused request has a bad one among the flags not known to be good.
So each request tries some of the suspects and leaves out the rest. One that is refused is sent again without any of
them, which costs one attempt; the suspects then are only those that it tried.
"""

import re
from dataclasses import dataclass

_DATE = re.compile(r"-(\d{4})-?(\d{2})-?(\d{2})$")
_MOST_GOOD = 100
"""The most flags to remember as good. More of them would come from a client that sends anything."""
_MOST_TRIES = 30
"""How many requests may try a group of suspects. Some flags are only sent together, so that no request tells which."""


@dataclass(slots=True)
class _Group:
    """Flags of which a model refused at least one."""

    flags: frozenset[str]
    tries: int = 0


class FlagSearch:
    """What one model's responses have shown about its flags."""

    def __init__(self, risky: frozenset[str] = frozenset()) -> None:
        """``risky`` flags are the first to be suspected, and of these and of the others the newest."""
        self._risky = risky
        self._good: frozenset[str] = frozenset()
        self._groups: list[_Group] = []
        self.suspects: frozenset[str] = frozenset()
        """The flags of refused requests that are not known to be good, as long as it is not known which are bad."""

    def left_out(self, wanted: frozenset[str]) -> frozenset[str]:
        """Return the suspects to leave out of the next request, which thereby tries the others."""
        groups = [group for group in self._groups if group.flags & wanted]
        if not groups:
            return frozenset()
        return self.suspects - self._tried(min(groups, key=lambda group: len(group.flags)))

    def left_out_again(self, sent: frozenset[str]) -> frozenset[str]:
        """Return what to leave out of a second attempt after a refusal of these flags."""
        return self.suspects | self._doubtful(sent)

    def unproven(self, flags: frozenset[str]) -> frozenset[str]:
        """Return the flags that are not known to be good: a second attempt must not try any."""
        return flags - self._good

    def refused(self, sent: frozenset[str]) -> frozenset[str]:
        """Take note of a refused request, and return the flags that are now known to be bad."""
        flags = self._doubtful(sent)
        # If all of them were good before, that is no longer so.
        self._good -= flags
        self.suspects |= flags
        self._groups = [group for group in self._groups if not group.flags > flags]
        if flags and not any(group.flags <= flags for group in self._groups):
            self._groups.append(_Group(flags))
        return self._found()

    def accepted(self, sent: frozenset[str]) -> frozenset[str]:
        """Take note of an accepted request, and return the flags that are now known to be bad."""
        if sent <= self._good and not self._groups:
            return frozenset()
        self._good |= sent
        if len(self._good) > _MOST_GOOD:
            self._good = sent
        self.suspects -= sent
        # A group of which every flag was accepted, each in another request, says nothing more.
        for group in self._groups:
            if group.flags & sent:
                group.flags, group.tries = group.flags - sent, 0
        self._groups = [group for group in self._groups if group.flags]
        return self._found()

    def _doubtful(self, sent: frozenset[str]) -> frozenset[str]:
        return sent - self._good or sent

    def _tried(self, group: _Group) -> frozenset[str]:
        """Return the part of a group to try next: first without the risky flags, or else without half of them; later
        without one flag at a time."""
        ordered = sorted(group.flags, key=lambda flag: (flag in self._risky, _date(flag), flag))
        safe = len(ordered) - len(group.flags & self._risky)
        number, group.tries = group.tries, group.tries + 1
        if number == 0:
            return frozenset(ordered[: safe if 0 < safe < len(ordered) else len(ordered) // 2])
        return group.flags - {ordered[-number % len(ordered)]}

    def _found(self) -> frozenset[str]:
        """Return the flags that must be bad, and those that can't be told apart, and end their groups."""
        found = frozenset[str]().union(
            *(group.flags for group in self._groups if len(group.flags) == 1 or group.tries > _MOST_TRIES)
        )
        self._groups = [group for group in self._groups if not group.flags & found]
        self.suspects = self.suspects - found if self._groups else frozenset()
        return found


def _date(flag: str) -> str:
    """Return the day that a flag's name ends with: context-management-2025-06-27, claude-code-20250219."""
    found = _DATE.search(flag)
    return "".join(found.groups()) if found else ""
