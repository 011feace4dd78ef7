"""Tables of the errors that a cloud documents, each with the status that a client of the Messages API gets.

What a client does depends on the status alone, and on ``x-should-retry``: the SDKs and Claude Code send a request again
after 408, 409, 429 and from 500 on (anthropic 2.14.0, ``_base_client._should_retry``; Claude Code 2.1.332, which also
counts an ``overloaded_error`` of any status). So a row states whether the cloud's documentation wants a retry, and a
row that must not be retried says so to the client.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error of a cloud."""

    name: str
    documented: tuple[int, ...]
    """The HTTP statuses that it has, by the sources."""
    status: int
    """The status for the client."""
    retry: bool
    """Whether the same request may succeed a little later, by the sources."""
    source: str
    why: str = ""
    """Why the status is another one than documented."""

    @property
    def must_say_so(self) -> bool:
        """Whether a client would retry this status although it can't help."""
        return not self.retry and is_retried(self.status)


def is_retried(status: int) -> bool:
    """Return whether a client sends a request again after this status."""
    return status in (408, 409, 429) or status >= 500


def by_name(rows: Iterable[ErrorRow]) -> Mapping[str, ErrorRow]:
    """Return rows by their names. Raises ValueError for a name that occurs twice."""
    found: dict[str, ErrorRow] = {}
    for row in rows:
        if row.name in found:
            raise ValueError(f"{row.name} occurs twice")
        found[row.name] = row
    return found
