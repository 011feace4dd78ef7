"""A circuit breaker: requests skip a provider that fails often, until one request shows that it works again."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

WINDOW_S = 60.0
"""Seconds for which a result counts."""
LEAST_RESULTS = 5
"""Results in the window below which the circuit stays closed: a single failure says little."""
FAILURE_RATE = 0.5
"""The share of failures in the window at which the circuit opens."""
OPEN_S = 30.0
"""Seconds for which the provider is skipped before it is probed."""
PROBE_S = 60.0
"""Seconds after which a probe without a result counts as lost, as when the client cancelled it."""


class State(Enum):
    """The state of a circuit."""

    CLOSED = auto()
    """Requests pass."""
    OPEN = auto()
    """No request passes."""
    HALF_OPEN = auto()
    """One request passes, as a probe. Its result decides."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Lets one request pass. Its result counts only while the circuit is in the state that it was given in."""

    period: int


class CircuitBreaker:
    """The circuit of one provider. ``clock`` returns seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = State.CLOSED
        self._period = 0
        """Counts the changes of the state, and the probes."""
        self._since = clock()
        """When the state began, or the newest probe."""
        self._results: deque[tuple[float, bool]] = deque()

    @property
    def state(self) -> State:
        """The state now."""
        if self._state is State.OPEN and self._clock() - self._since >= OPEN_S:
            return State.HALF_OPEN
        return self._state

    def admit(self) -> Permit | None:
        """Return a permit for a request, or None if it must not pass now."""
        if self._state is State.CLOSED:
            return Permit(self._period)
        waits = OPEN_S if self._state is State.OPEN else PROBE_S
        if self._clock() - self._since < waits:
            return None
        self._enter(State.HALF_OPEN)
        return Permit(self._period)

    def settle(self, permit: Permit, *, succeeded: bool) -> None:
        """Count the result of a permitted request. One from before the last change of the state does not count."""
        if permit.period != self._period:
            return
        if self._state is State.HALF_OPEN:
            self._enter(State.CLOSED if succeeded else State.OPEN)
            return
        now = self._clock()
        self._results.append((now, succeeded))
        while now - self._results[0][0] > WINDOW_S:
            self._results.popleft()
        failures = sum(not good for _, good in self._results)
        if len(self._results) >= LEAST_RESULTS and failures >= FAILURE_RATE * len(self._results):
            self._enter(State.OPEN)

    def _enter(self, state: State) -> None:
        self._state = state
        self._period += 1
        self._since = self._clock()
        self._results.clear()
