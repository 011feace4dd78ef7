"""Compare what the client says that a session cost with the sum of its answers, and say why they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from candela_tui.text.amounts import money, things

_NOISE: Final = Decimal("1e-9")
"""USD. The client adds binary floats."""


@dataclass(frozen=True, slots=True)
class CountedAnswer:
    """The cost of one answer of a transcript."""

    session_id: str
    """The session in which its request was made."""
    started_at: datetime
    usd: Decimal | None
    client_usd: Decimal | None
    """What the client calculates, if that is another amount."""
    finished: bool


@dataclass(frozen=True, slots=True)
class ClientSum:
    """The client's own sum of a session."""

    session_id: str
    usd: Decimal
    copied: frozenset[str]
    """Sessions whose answers its file begins with: the sum includes what they had cost by then."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A session for which the client's sum is another than candela's."""

    session_id: str
    client_usd: Decimal
    own_usd: Decimal
    why: tuple[str, ...]


def differences(sums: Sequence[ClientSum], answers: Sequence[CountedAnswer]) -> list[Difference]:
    """Return the sessions whose sums differ."""
    by_session: dict[str, list[CountedAnswer]] = {}
    for answer in answers:
        by_session.setdefault(answer.session_id, []).append(answer)
    found = []
    for each in sums:
        counted = list(_counted(each, by_session))
        own = sum((answer.usd or Decimal(0) for answer in counted), Decimal(0))
        if abs(own - each.usd) > _NOISE:
            found.append(Difference(each.session_id, each.usd, own, tuple(_reasons(each.usd, own, counted))))
    return found


def _counted(client_sum: ClientSum, by_session: dict[str, list[CountedAnswer]]) -> Iterator[CountedAnswer]:
    """Yield the answers that a session's sum includes: its own, and those before it that it was forked from."""
    own = by_session.get(client_sum.session_id, [])
    yield from own
    begins = min((answer.started_at for answer in own), default=None)
    for session_id in client_sum.copied:
        for answer in by_session.get(session_id, []):
            if begins is None or answer.started_at < begins:
                yield answer


def _reasons(client_usd: Decimal, own_usd: Decimal, counted: Sequence[CountedAnswer]) -> Iterator[str]:
    left = client_usd - own_usd
    otherwise = [answer for answer in counted if answer.finished and answer.client_usd is not None]
    if otherwise:
        usd = sum(((answer.client_usd or Decimal(0)) - (answer.usd or Decimal(0)) for answer in otherwise), Decimal(0))
        left -= usd
        more = "more" if usd >= 0 else "less"
        yield f"{things(len(otherwise), 'answer')} that the client prices otherwise: {money(abs(usd))} {more}"
    unfinished = [answer for answer in counted if not answer.finished]
    partial = sum((answer.usd or Decimal(0) for answer in unfinished), Decimal(0))
    if unfinished and abs(left + partial) <= _NOISE:
        left = Decimal(0)
        yield f"{things(len(unfinished), 'answer')} without an end, which the client does not count: {money(partial)}"
    elif unfinished:
        # It depends on when the user interrupted it.
        yield f"{things(len(unfinished), 'answer')} without an end, whose output the client estimates or leaves out"
    unpriced = sum(answer.usd is None for answer in counted)
    if unpriced:
        yield f"{things(unpriced, 'answer')} without a price here"
    if left > _NOISE:
        yield f"requests that the transcript does not keep, such as titles, or other prices: {money(left)} more"
    elif left < -_NOISE:
        yield f"answers that are not in the client's last sum, or other prices: {money(-left)} less"
