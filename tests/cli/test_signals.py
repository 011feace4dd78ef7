"""A signal that ends a command does so at whatever step of the command's own loop it arrives."""

import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from candela_tui.cli.process.signals import Waiting, until_terminated


class SignalAtStep:
    """Raises SIGTERM at the given step (line or return) of a traced thread, counted from 0."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> "SignalAtStep":
        if event in ("line", "return"):
            if self.left == 0:
                signal.raise_signal(signal.SIGTERM)
            self.left -= 1
        return self


@pytest.fixture(autouse=True)
def _fails_where_it_would_hang() -> Iterator[None]:
    def fail(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("the wait for a signal hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def turn(waiting: Waiting) -> None:
    waiting.wake()
    waiting.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_tells_the_command_to_end_and_wakes_it(number: signal.Signals) -> None:
    with until_terminated() as waiting:
        waiting.wake()
        waiting.wait()
        assert not waiting.told_to_end
        signal.raise_signal(number)
        waiting.wait()
        assert waiting.told_to_end


def test_a_second_signal_interrupts() -> None:
    with until_terminated():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_at_any_step_of_the_loop_ends_it() -> None:
    """With a lock that both the loop and the handler take, this waits for ever at some of the steps."""
    step = 0
    while True:
        at = SignalAtStep(step)
        traced = sys.gettrace()
        with until_terminated() as waiting:
            sys.settrace(at)
            turn(waiting)
            sys.settrace(traced)
            if at.left >= 0:
                break
            assert waiting.told_to_end
        step += 1
    assert step > 10


def test_another_thread_may_wake_it() -> None:
    with until_terminated() as waiting:
        thread = threading.Thread(target=waiting.wake)
        thread.start()
        thread.join()
        waiting.wait()
        assert not waiting.told_to_end


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with until_terminated():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
