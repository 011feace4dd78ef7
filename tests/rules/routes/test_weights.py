"""Sessions are spread over routes by their weights, and each keeps its route."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.rules.routes.weights import route_by_weight

weights = st.dictionaries(st.text(min_size=1, max_size=20), st.floats(0.01, 1000), min_size=1, max_size=6)


@given(st.text(max_size=40), weights)
def test_a_session_always_has_the_same_route(session: str, weights: dict[str, float]) -> None:
    route = route_by_weight(session, weights)
    assert route in weights
    assert route_by_weight(session, dict(reversed(weights.items()))) == route


@given(st.text(max_size=40), weights, st.floats(0.01, 1000))
def test_a_new_route_only_takes_sessions_for_itself(session: str, weights: dict[str, float], weight: float) -> None:
    with_new = {**weights, "a route of more than twenty characters": weight}
    assert route_by_weight(session, with_new) in (route_by_weight(session, weights), [*with_new][-1])


@given(st.text(max_size=40), weights, st.floats(1, 1000))
def test_a_greater_weight_takes_no_session_away(session: str, weights: dict[str, float], factor: float) -> None:
    route = route_by_weight(session, weights)
    assert route_by_weight(session, {**weights, route: weights[route] * factor}) == route


def test_the_shares_are_those_of_the_weights() -> None:
    counted = Counter(route_by_weight(f"session {number}", {"a": 3, "b": 1}) for number in range(4000))
    assert 2850 < counted["a"] < 3150
