"""Calls in threads: what they do comes back, and what hangs holds nobody."""

import sys
import threading
import time

import pytest

from candela_tui.threads import NoAnswer, Pace, answer_awaited, answer_within, call_in_thread


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


@pytest.mark.parametrize(("busy", "times"), [(False, 4), (True, 49)])
def test_work_rests_nearly_all_of_the_time_while_streams_are_live(busy: bool, times: int) -> None:
    rests: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout or 0.0)
            return False

    pace = Pace(Stop(), lambda: busy)
    pace.begin()
    began = time.monotonic()
    while time.monotonic() - began < 0.003:
        pass
    pace.pause()
    assert rests[0] >= 0.003 * times
