"""The codes of sign-ins that wait, in a file and in PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.person import OF_CLIENT, OF_DASHBOARD
from candela_tui.proxy.team.device_codes import LASTS_S, DeviceCodes, SignedIn, Standing, Tries
from tests.keys.people import ADA, PEPPER, Clock, people_database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def codes(either: DatabaseUrl | None, tmp_path: Path, clock: Clock) -> DeviceCodes:
    return DeviceCodes(people_database(either, tmp_path), lambda: PEPPER, clock)


def test_who_signed_in_is_told_once(codes: DeviceCodes) -> None:
    begun = codes.begin("a")
    assert codes.take(begun.device) is Standing.PENDING
    assert codes.settle(begun.user, ADA)
    assert not codes.settle(begun.user, ADA)
    assert codes.take(begun.device) == SignedIn(ADA, OF_CLIENT)
    assert codes.take(begun.device) is Standing.EXPIRED


def test_any_replica_serves_any_step(either: DatabaseUrl | None, tmp_path: Path) -> None:
    one, two, three = (DeviceCodes(people_database(either, tmp_path), lambda: PEPPER) for _ in range(3))
    begun = one.begin("a", OF_DASHBOARD)
    assert two.take(begun.device) is Standing.PENDING
    assert three.waiting(begun.user) == OF_DASHBOARD
    assert one.settle(begun.user, ADA)
    assert two.take(begun.device) == SignedIn(ADA, OF_DASHBOARD)
    assert three.take(begun.device) is Standing.EXPIRED


def test_no_code_or_address_is_kept_as_it_is(tmp_path: Path) -> None:
    begun = DeviceCodes(people_database(None, tmp_path), lambda: PEPPER).begin("192.0.2.77")
    kept = (tmp_path / "sessions.db").read_bytes()
    assert not any(text.encode() in kept for text in (begun.device, begun.user, "192.0.2.77"))


@pytest.mark.parametrize("typed", ["{}", " {} ", "{lower}", "{plain}"])
def test_a_code_counts_however_it_is_typed(typed: str, tmp_path: Path) -> None:
    codes = DeviceCodes(people_database(None, tmp_path), lambda: PEPPER)
    user = codes.begin("a").user
    assert codes.waiting(typed.format(user, lower=user.lower(), plain=user.replace("-", "")))
    assert codes.waiting("BBBB-BBBB") is None


def test_a_client_that_asks_too_often_is_told_so(codes: DeviceCodes, clock: Clock) -> None:
    begun = codes.begin("a")
    seen = []
    for passed in (0, 5, 1, 5):
        clock.moment += timedelta(seconds=passed)
        seen.append(codes.take(begun.device))
    assert seen == [Standing.PENDING, Standing.PENDING, Standing.TOO_SOON, Standing.PENDING]


def test_codes_age_and_can_be_denied(codes: DeviceCodes, clock: Clock) -> None:
    first, second = codes.begin("a"), codes.begin("a")
    codes.settle(second.user, None)
    assert codes.take(second.device) is Standing.DENIED
    clock.moment += timedelta(seconds=LASTS_S)
    assert codes.waiting(first.user) is None
    assert codes.take(first.device) is Standing.EXPIRED


def test_nobody_keeps_others_from_signing_in(codes: DeviceCodes, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.proxy.team.device_codes._MOST", 6)
    monkeypatch.setattr("candela_tui.proxy.team.device_codes._MOST_OF_ADDRESS", 4)
    ours = codes.begin("ours")
    approved = codes.begin("stranger 1")
    codes.settle(approved.user, ADA)
    flood = []
    for number in range(12):
        clock.moment += timedelta(seconds=1)
        flood.append(codes.begin(f"stranger {number % 2}"))
    waiting = [codes.waiting(each.user) is not None for each in flood]
    # The newest of both, and the one of another address, which is the oldest of all.
    assert waiting == [False] * 7 + [True] * 5
    assert codes.waiting(ours.user)
    assert codes.take(approved.device) == SignedIn(ADA, OF_CLIENT)
    for _ in range(5):
        clock.moment += timedelta(seconds=1)
        flood.append(codes.begin("stranger 0"))
    assert codes.waiting(ours.user)


def test_an_address_may_try_only_so_often() -> None:
    now = 1000.0
    tries = Tries(lambda: now, 2, 60)
    tries.count("a")
    assert not tries.are_used_up("a")
    tries.count("a")
    assert tries.are_used_up("a")
    assert not tries.are_used_up("b")
    now += 61
    assert not tries.are_used_up("a")
