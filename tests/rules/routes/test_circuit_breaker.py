"""A circuit opens after a rate of failures, and one probe decides whether it closes."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from candela_tui.rules.routes.circuit_breaker import (
    FAILURE_RATE,
    LEAST_RESULTS,
    OPEN_S,
    PROBE_S,
    WINDOW_S,
    CircuitBreaker,
    Permit,
    State,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def settled(breaker: CircuitBreaker, *results: bool) -> None:
    for succeeded in results:
        permit = breaker.admit()
        assert permit is not None
        breaker.settle(permit, succeeded=succeeded)


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    settled(breaker, *[False] * LEAST_RESULTS)
    assert breaker.state is State.OPEN
    return breaker


@given(st.lists(st.booleans(), max_size=30))
def test_it_opens_at_the_rate_of_failures_and_not_before(results: list[bool]) -> None:
    breaker = CircuitBreaker(Clock())
    for number, _ in enumerate(results, 1):
        so_far = results[:number]
        permit = breaker.admit()
        assert permit is not None
        breaker.settle(permit, succeeded=so_far[-1])
        if number >= LEAST_RESULTS and so_far.count(False) / number >= FAILURE_RATE:
            assert breaker.state is State.OPEN
            return
        assert breaker.state is State.CLOSED


def test_results_count_for_a_while() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    settled(breaker, *[False] * (LEAST_RESULTS - 1))
    clock.now = WINDOW_S + 1
    settled(breaker, False)
    assert breaker.state is State.CLOSED


def test_one_request_probes_a_provider_that_was_left_alone_for_a_while() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = OPEN_S - 0.001
    assert breaker.admit() is None
    clock.now = OPEN_S
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None
    breaker.settle(probe, succeeded=True)
    assert breaker.state is State.CLOSED
    assert breaker.admit() is not None


def test_a_failed_probe_opens_it_for_as_long_as_before() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = OPEN_S
    settled(breaker, False)
    clock.now = 2 * OPEN_S - 0.001
    assert breaker.admit() is None
    clock.now = 2 * OPEN_S
    assert breaker.admit() is not None


def test_a_lost_probe_is_followed_by_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = OPEN_S
    lost = breaker.admit()
    clock.now += PROBE_S
    probe = breaker.admit()
    assert lost is not None
    assert probe is not None
    breaker.settle(lost, succeeded=False)
    assert breaker.state is State.HALF_OPEN
    breaker.settle(probe, succeeded=True)
    assert breaker.state is State.CLOSED


def test_requests_from_before_it_opened_do_not_decide() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    early = breaker.admit()
    assert early is not None
    settled(breaker, *[False] * LEAST_RESULTS)
    breaker.settle(early, succeeded=True)
    assert breaker.state is State.OPEN
    clock.now = OPEN_S
    probe = breaker.admit()
    assert probe is not None
    breaker.settle(early, succeeded=False)
    assert breaker.state is State.HALF_OPEN


class Circuit(RuleBasedStateMachine):
    """Any interleaving of requests, results and waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(self.clock)
        self.permits: list[Permit] = []
        self.probed_at = -OPEN_S

    @rule()
    def request(self) -> None:
        before = self.breaker.state
        permit = self.breaker.admit()
        if permit is not None:
            self.permits.append(permit)
        if before is State.CLOSED:
            assert permit is not None
        elif permit is not None:
            # After a probe, lost or failed, the provider has a rest.
            assert self.clock.now - self.probed_at >= OPEN_S
            self.probed_at = self.clock.now

    @rule(number=st.integers(0, 10), succeeded=st.booleans())
    def result(self, number: int, succeeded: bool) -> None:
        if self.permits:
            self.breaker.settle(self.permits.pop(number % len(self.permits)), succeeded=succeeded)

    @rule(seconds=st.floats(0, 2 * WINDOW_S))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def teardown(self) -> None:
        """However it went, a provider is asked again at some time."""
        self.clock.now += OPEN_S + PROBE_S
        assert self.breaker.admit() is not None


TestCircuit = Circuit.TestCase
