"""The codes of sign-ins that wait."""

import pytest

from candela_tui.keys.sessions import Person
from candela_tui.proxy.team.device_codes import LASTS_S, Answer, DeviceCodes, Standing, Tries

ADA = Person("1", "ada@example.com", None)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_who_signed_in_is_told_once() -> None:
    codes = DeviceCodes(Clock())
    begun = codes.begin()
    assert begun is not None
    assert codes.take(begun.device) is Standing.PENDING
    assert codes.settle(begun.user, ADA)
    assert not codes.settle(begun.user, ADA)
    assert codes.take(begun.device) == ADA
    assert codes.take(begun.device) is Standing.EXPIRED


def test_no_code_is_kept_as_it_is() -> None:
    codes = DeviceCodes(Clock())
    begun = codes.begin()
    assert begun is not None
    assert begun.device not in repr(codes)
    assert begun.user not in repr(codes)


@pytest.mark.parametrize("typed", ["{}", " {} ", "{lower}", "{plain}"])
def test_a_code_counts_however_it_is_typed(typed: str) -> None:
    codes = DeviceCodes(Clock())
    begun = codes.begin()
    assert begun is not None
    user = begun.user
    assert codes.waits(typed.format(user, lower=user.lower(), plain=user.replace("-", "")))
    assert not codes.waits("BBBB-BBBB")


def test_a_client_that_asks_too_often_is_told_so() -> None:
    clock = Clock()
    codes = DeviceCodes(clock)
    begun = codes.begin()
    assert begun is not None
    seen = []
    for passed in (0, 5, 1, 5):
        clock.now += passed
        seen.append(codes.take(begun.device))
    assert seen == [Standing.PENDING, Standing.PENDING, Standing.TOO_SOON, Standing.PENDING]


def test_codes_age_and_can_be_denied() -> None:
    clock = Clock()
    codes = DeviceCodes(clock)
    first, second = codes.begin(), codes.begin()
    assert first is not None
    assert second is not None
    codes.settle(second.user, Answer.DENIED)
    assert codes.take(second.device) is Standing.DENIED
    clock.now += LASTS_S
    assert not codes.waits(first.user)
    assert codes.take(first.device) is Standing.EXPIRED


def test_an_address_may_try_only_so_often() -> None:
    clock = Clock()
    tries = Tries(clock, 2, 60)
    tries.count("a")
    assert not tries.are_used_up("a")
    tries.count("a")
    assert tries.are_used_up("a")
    assert not tries.are_used_up("b")
    clock.now += 61
    assert not tries.are_used_up("a")
