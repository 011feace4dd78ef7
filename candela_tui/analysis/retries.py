"""The tries of one call, folded: a client that is refused, or loses its answer, sends the same request again."""

from collections.abc import Iterable
from dataclasses import dataclass

from candela_tui.exchange import Exchange, Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """One call with all of its tries."""

    tries: tuple[Exchange, ...]
    """In the order in which they were made; at least one."""

    @property
    def last(self) -> Exchange:
        """The try that counts: how the call ended, or goes on."""
        return self.tries[-1]

    @property
    def retries(self) -> int:
        """How many tries there were before the last, as the client counts them: also those that nobody recorded."""
        return max(self.last.retry, len(self.tries) - 1)


def calls(exchanges: Iterable[Exchange]) -> list[Call]:
    """Fold exchanges, in whatever order, into calls in the order of their first tries.

    A try goes on with a call that has not succeeded, of the same session, agent and kind, with a request of the same
    size, whose retry count it raises by one. What goes on with none is a call of its own, so that none is lost.
    """
    folded: list[list[Exchange]] = []
    waiting: dict[tuple[object, ...], list[list[Exchange]]] = {}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        same = (exchange.session_id, exchange.agent_id, exchange.kind, exchange.path, exchange.request_bytes)
        unfinished = waiting.get((*same, exchange.retry))
        if exchange.retry and unfinished:
            tries = unfinished.pop()
            tries.append(exchange)
        else:
            tries = [exchange]
            folded.append(tries)
        if exchange.outcome is not Outcome.OK:
            waiting.setdefault((*same, exchange.retry + 1), []).append(tries)
    return [Call(tuple(tries)) for tries in folded]
