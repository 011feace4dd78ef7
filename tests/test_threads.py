"""Calls in threads: what they do comes back, and what hangs holds nobody."""

import sys
import threading
from types import SimpleNamespace

import pytest

from candela_tui.threads import NoAnswer, Pace, Stopped, answer_awaited, answer_within, call_in_thread


async def test_what_a_call_returns_or_raises_comes_back() -> None:
    assert await answer_awaited(call_in_thread(lambda: threading.current_thread().name, "keyring")) == "keyring"
    assert answer_within(call_in_thread(lambda: threading.current_thread().daemon, "keyring"), 30)
    with pytest.raises(ValueError, match="x12"):
        await answer_awaited(call_in_thread(lambda: int("x12"), "keyring"), 30)
    with pytest.raises(SystemExit):
        answer_within(call_in_thread(lambda: sys.exit(1), "keyring"), 30)


async def test_a_call_that_hangs_is_waited_for_only_so_long() -> None:
    released = threading.Event()
    hanging = call_in_thread(released.wait, "keyring")
    with pytest.raises(NoAnswer):
        answer_within(hanging, 0.001)
    with pytest.raises(NoAnswer):
        await answer_awaited(hanging, 0.001)
    released.set()
    assert answer_within(hanging, 30)


def test_a_time_limit_of_the_call_itself_is_told_from_ours() -> None:
    def slow() -> None:
        raise TimeoutError("the server's")

    with pytest.raises(TimeoutError, match="the server's"):
        answer_within(call_in_thread(slow, "keyring"), 30)


class Clock(threading.Event):
    """Time that passes only while something waits, and that the work and its owner share."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = 1000.0
        monkeypatch.setattr("candela_tui.threads.time", SimpleNamespace(monotonic=lambda: self.now))

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


@pytest.mark.parametrize(("quiet_s", "times"), [(60.0, 4), (0.0, 49)])
def test_work_rests_nearly_all_of_the_time_while_streams_are_live(
    quiet_s: float, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    pace = Pace(clock, lambda: quiet_s)
    pace.begin()
    clock.now += 0.003
    worked_until = clock.now
    pace.pause()
    assert clock.now - worked_until == pytest.approx(0.003 * times)


def test_work_begins_once_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    ended_at = clock.now + 1.0
    Pace(clock, lambda: max(0.0, clock.now - ended_at)).begin()
    assert 0.5 <= clock.now - ended_at < 0.7


def test_work_begins_after_a_while_though_it_is_never_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    began = clock.now
    Pace(clock, lambda: 0.0).begin()
    assert 3.0 <= clock.now - began < 3.2


def test_a_wait_for_a_quiet_moment_ends_with_candela(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    clock.set()
    with pytest.raises(Stopped):
        Pace(clock, lambda: 0.0).begin()
