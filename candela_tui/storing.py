"""Whether what a candela relays is being stored, and what to tell the user if not."""

from dataclasses import dataclass

from candela_tui.text import amounts


@dataclass(frozen=True, slots=True)
class Storing:
    """Whether what this process relays is being stored."""

    trouble: str | None = None
    """The reason why nothing can be stored at the moment, for the user."""
    waiting: int = 0
    """Requests that ended and are only in memory because of that."""
    lost: int = 0
    """Requests that ended and will never be stored."""
    spooled: int = 0
    """Requests that ended and are in a file of this machine until their database answers."""


def unstored_words(storing: Storing) -> list[str]:
    """Return the problems with storing as sentences for the user; empty: there are none."""
    said: list[str] = []
    if storing.trouble is not None:
        said.append(storing.trouble)
    if storing.waiting:
        waiting = amounts.requests(storing.waiting)
        said.append(f"{waiting} that ended could not be stored yet, and would be lost if it ended now.")
    if storing.spooled:
        said.append(f"{amounts.requests(storing.spooled)} wait in a file here until the database answers.")
    if storing.lost:
        said.append(f"{amounts.requests(storing.lost)} could not be stored since it started.")
    return said
