"""Compare what the client says that a session cost with the sum of its answers, and say why they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from candela_tui.analysis.reconciliation import CountedRequest, DifferenceKind, Item, reconcile
from candela_tui.text.amounts import money, things


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
        compared = reconcile(each.usd, [_request(str(number), answer) for number, answer in enumerate(counted)])
        why = tuple(_reasons(compared.items, counted))
        if any(item.kind is not DifferenceKind.ROUNDING for item in compared.items):
            found.append(Difference(each.session_id, each.usd, compared.wire_usd, why))
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


def _request(number: str, answer: CountedAnswer) -> CountedRequest:
    usd = answer.usd or Decimal(0)
    if not answer.finished:
        # It depends on when the user interrupted it.
        left_out, counted = (Item(number, DifferenceKind.CUT, amount, "") for amount in (-usd, usd))
        return CountedRequest(usd, (left_out,), counted)
    if answer.client_usd is None:
        return CountedRequest(usd)
    return CountedRequest(usd, (Item(number, DifferenceKind.PRICE, answer.client_usd - usd, ""),))


def _reasons(items: Sequence[Item], counted: Sequence[CountedAnswer]) -> Iterator[str]:
    def of(kind: DifferenceKind) -> tuple[int, Decimal]:
        found = [item.usd for item in items if item.kind is kind]
        return len(found), sum(found, Decimal(0))

    number, usd = of(DifferenceKind.PRICE)
    if number:
        yield f"{things(number, 'answer')} that the client prices otherwise: {_more_or_less(usd)}"
    number, usd = of(DifferenceKind.CUT)
    unfinished = [answer for answer in counted if not answer.finished]
    partial = sum((answer.usd or Decimal(0) for answer in unfinished), Decimal(0))
    if number and usd == -partial:
        yield f"{things(len(unfinished), 'answer')} without an end, which the client does not count: {money(partial)}"
    elif number:
        yield f"{things(len(unfinished), 'answer')} without an end, whose output the client estimates or leaves out"
    unpriced = sum(answer.usd is None for answer in counted)
    if unpriced:
        yield f"{things(unpriced, 'answer')} without a price here"
    number, usd = of(DifferenceKind.UNEXPLAINED)
    if number and usd > 0:
        yield f"requests that the transcript does not keep, such as titles, or other prices: {_more_or_less(usd)}"
    elif number:
        yield f"answers that are not in the client's last sum, or other prices: {_more_or_less(usd)}"


def _more_or_less(usd: Decimal) -> str:
    return f"{money(abs(usd))} {'more' if usd > 0 else 'less'}"
