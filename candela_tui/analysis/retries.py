"""The tries of one call, folded: a client that is refused, or loses its answer, sends the same request again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind

_LONGEST_WAIT = timedelta(minutes=10)
"""Between a try that failed and the next, where the client does not count them."""
_LONGEST_SHEDDING = timedelta(milliseconds=100)
"""Between a request that the provider called invalid and the client's next form of it."""
_INVALID = frozenset({400, 422})
_TELLING_BYTES = 1000
"""Smaller requests are easily of one size by chance; Claude Code's own are of 20 kB and more."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call with all of its tries."""

    tries: tuple[Exchange, ...]
    """In the order in which they were made; at least one."""
    run: bool = False
    """Not tries of one call, but several side requests in a row."""

    @property
    def last(self) -> Exchange:
        """The try that counts: how the call ended, or goes on."""
        return self.tries[-1]

    @property
    def retries(self) -> int:
        """How many tries there were before the last, as the client counts them: also those that nobody recorded."""
        return 0 if self.run else max(self.last.retry, len(self.tries) - 1)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What later tries left out of the first, each thing once."""
        return tuple(dict.fromkeys(what for each in self.tries for what in each.left_out))


def calls(exchanges: Iterable[Exchange]) -> list[Call]:
    """Fold exchanges, in whatever order, into calls in the order of their first tries.

    A try goes on with a call that has not succeeded, of the same session and agent, with a request of the same kind
    and model that asks the same (or, where that is not known, has the same size): one whose retry count it raises by
    one, or else (Claude Code in interactive use counts none) one that had failed before it began. Another form of a
    request that was refused as invalid comes at once, or it is no try of it. What goes on with none is a call of its
    own, so that none is lost.
    """
    folded: list[list[Exchange]] = []
    waiting: dict[tuple[object, ...], list[list[Exchange]]] = {}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        asked = (exchange.kind, exchange.path, exchange.model, exchange.asked or exchange.request_bytes)
        same = (exchange.session_id, exchange.agent_id, *asked)
        unfinished = waiting.setdefault(same, [])
        # Without either nothing tells, and small requests that fail for days must not each look at all before them.
        tells = exchange.retry > 0 or exchange.request_bytes >= _TELLING_BYTES
        earlier = reversed(unfinished) if tells else ()
        tries = next((tries for tries in earlier if _goes_on(tries[-1], exchange)), None)
        if tries is None:
            tries = [exchange]
            folded.append(tries)
        else:
            # By identity: calls that are equal so far are not the same.
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
    """Join side requests in a row that are of one kind, session and agent, such as the counts of ``/context``."""
    joined: list[Call] = []
    for call in folded:
        if joined and _runs_on(joined[-1], call):
            joined[-1] = Call((*joined[-1].tries, *call.tries), run=True)
        else:
            joined.append(call)
    return joined


def in_runs(exchange: Exchange) -> bool:
    """Return whether an exchange may be one of several in a row that lists show as one."""
    return exchange.kind in _IN_RUNS


_IN_RUNS = frozenset({Kind.COUNT_TOKENS, Kind.CLASSIFIER})


def _runs_on(before: Call, call: Call) -> bool:
    one, other = before.last, call.last
    return in_runs(other) and (one.kind, one.session_id, one.agent_id) == (
        other.kind,
        other.session_id,
        other.agent_id,
    )
