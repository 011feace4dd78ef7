import asyncio
import subprocess
import sys
import threading

import pytest

from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError


async def test_a_call_returns_and_raises_what_it_does_in_its_thread() -> None:
    calls = BlockingCalls("AWS credentials", 30)
    assert await calls.run(lambda: threading.current_thread().name) == "AWS credentials"
    with pytest.raises(ValueError, match="12"):
        await calls.run(lambda: int("x12"))


async def test_a_call_that_hangs_is_told_and_holds_nobody() -> None:
    calls = BlockingCalls("AWS credentials", 0.01)
    released = threading.Event()
    with pytest.raises(CredentialsError, match=r"^AWS credentials: no answer within 0.01 s"):
        await calls.run(released.wait)
    released.set()


async def test_calls_that_hang_do_not_pile_up() -> None:
    calls = BlockingCalls("AWS credentials", 30)
    released = threading.Event()
    hanging = [asyncio.create_task(calls.run(released.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(CredentialsError, match="3 earlier attempts still hang"):
        await calls.run(released.wait)
    released.set()
    assert await asyncio.gather(*hanging) == [True] * 3
    assert await calls.run(lambda: "well") == "well"


async def test_a_request_that_goes_away_leaves_no_complaint_behind() -> None:
    calls = BlockingCalls("AWS credentials", 30)
    started, released = threading.Event(), threading.Event()

    def fail() -> None:
        started.set()
        released.wait()
        raise OSError("late")

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    waiting = asyncio.create_task(calls.run(fail))
    await asyncio.sleep(0)
    await asyncio.to_thread(started.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    thread = next(thread for thread in threading.enumerate() if thread.name == "AWS credentials")
    released.set()
    await asyncio.to_thread(thread.join)
    assert await calls.run(lambda: "well") == "well"
    assert complaints == []


def test_a_call_that_hangs_does_not_keep_candela_from_leaving() -> None:
    program = """
import asyncio, threading
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
try:
    asyncio.run(BlockingCalls("AWS credentials", 0.01).run(threading.Event().wait))
except CredentialsError as error:
    print(error)
"""
    left = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert left.returncode == 0
    assert "no answer" in left.stdout
    assert left.stderr == ""
