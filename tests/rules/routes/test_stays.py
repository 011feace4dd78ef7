"""A session stays with the provider that has its prompt cache, until the cache has expired."""

from candela_tui.providers.identity import RouteName
from candela_tui.rules.routes.stays import Stays
from tests.rules.routes.test_circuit_breaker import Clock

AWAY = RouteName.BEDROCK


def test_it_stays_as_long_as_the_cache_and_longer_with_each_answer() -> None:
    clock = Clock()
    stays = Stays(clock)
    stays.answered("s", AWAY, 300)
    clock.now = 299
    assert stays.route("s") == AWAY
    stays.answered("s", AWAY, 300)
    clock.now = 598
    assert stays.route("s") == AWAY
    clock.now = 599
    assert stays.route("s") is None


def test_it_is_at_home_again_once_its_own_provider_answered() -> None:
    stays = Stays(Clock())
    stays.answered("s", AWAY, 300)
    stays.returned("s")
    assert stays.route("s") is None


def test_others_are_not_affected() -> None:
    stays = Stays(Clock())
    stays.answered("s", AWAY, 300)
    stays.answered(None, AWAY, 300)
    assert stays.route("t") is None
    assert stays.route(None) is None


def test_the_oldest_are_forgotten() -> None:
    stays = Stays(Clock())
    for number in range(10_001):
        stays.answered(str(number), AWAY, 300)
    assert stays.route("0") is None
    assert stays.route("1") == stays.route("10000") == AWAY
