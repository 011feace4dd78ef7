"""Groups the tries of one call: a client that is refused, or loses its response, sends the same request again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind

_LONGEST_WAIT = timedelta(minutes=10)
"""The longest time between a failed try and the next, if the client does not count its tries."""
_LONGEST_SHEDDING = timedelta(milliseconds=100)
"""The longest time between a request that the provider called invalid and the client's next form of it."""
_INVALID = frozenset({400, 422})
_TELLING_BYTES = 1000
"""Smaller requests can have the same size by chance; Claude Code's own have 20 kB and more."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call with all of its tries."""

    tries: tuple[Exchange, ...]
    """The tries in order, at least one."""
    run: bool = False
    """Whether these are several side requests in a row, not tries of one call."""

    @property
    def last(self) -> Exchange:
        """Return the try that counts: how the call ended, or its current state."""
        return self.tries[-1]

    @property
    def retries(self) -> int:
        """Return the number of tries before the last, as the client counts them, including unrecorded ones."""
        return 0 if self.run else max(self.last.retry, len(self.tries) - 1)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return what later tries omitted from the first request, each thing once."""
        return tuple(dict.fromkeys(what for each in self.tries for what in each.left_out))


def calls(exchanges: Iterable[Exchange]) -> list[Call]:
    """Group exchanges, in any order, into calls in the order of their first tries.

    A try continues a call that has not succeeded, of the same session and agent, with a request of the same kind and
    model and the same contents (or, if those are not known, the same size). It must either raise the call's retry
    count by one, or (interactive Claude Code does not count retries) begin after the previous try failed. Another form
    of a request that was refused as invalid must follow at once. A request that continues no call is a call of its
    own, so that none is lost.
    """
    folded: list[list[Exchange]] = []
    waiting: dict[tuple[object, ...], list[list[Exchange]]] = {}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        asked = (exchange.kind, exchange.path, exchange.model, exchange.asked or exchange.request_bytes)
        # What the user sends again is a call of its own.
        again = exchange.id if exchange.replayed is not None else None
        same = (exchange.session_id, exchange.agent_id, *asked, again)
        unfinished = waiting.setdefault(same, [])
        # Without a retry count, a small request can't be matched, and those that fail for days would each be
        # compared with all earlier ones.
        tells = exchange.retry > 0 or exchange.request_bytes >= _TELLING_BYTES
        earlier = reversed(unfinished) if tells else ()
        tries = next((tries for tries in earlier if _goes_on(tries[-1], exchange)), None)
        if tries is None:
            tries = [exchange]
            folded.append(tries)
        else:
            # Compare by identity: different calls can be equal so far.
            unfinished[:] = [other for other in unfinished if other is not tries]
            tries.append(exchange)
        if exchange.outcome is not Outcome.OK:
            unfinished.append(tries)
    return [Call(tuple(tries)) for tries in folded]


def _goes_on(before: Exchange, exchange: Exchange) -> bool:
    if exchange.retry:
        return exchange.retry == before.retry + 1
    end = before.marks.end
    if not before.failed or end is None:
        return False
    waited = exchange.started_at - before.started_at - timedelta(milliseconds=end)
    longest = _LONGEST_SHEDDING if exchange.left_out and before.status in _INVALID else _LONGEST_WAIT
    return timedelta(0) <= waited <= longest


def runs(folded: Iterable[Call]) -> list[Call]:
    """Join consecutive side requests of one kind, session and agent, such as the counts of ``/context``."""
    joined: list[Call] = []
    for call in folded:
        if joined and _runs_on(joined[-1], call):
            joined[-1] = Call((*joined[-1].tries, *call.tries), run=True)
        else:
            joined.append(call)
    return joined


def in_runs(exchange: Exchange) -> bool:
    """Return whether an exchange may be one of several consecutive ones that lists show as one."""
    return exchange.kind in _IN_RUNS


_IN_RUNS = frozenset({Kind.COUNT_TOKENS, Kind.CLASSIFIER})


def _runs_on(before: Call, call: Call) -> bool:
    one, other = before.last, call.last
    return in_runs(other) and (one.kind, one.session_id, one.agent_id) == (
        other.kind,
        other.session_id,
        other.agent_id,
    )
