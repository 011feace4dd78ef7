"""Identify a process by more than its pid, and end it without signalling another one by mistake."""

import os
import select
import signal
import subprocess
import sys
import time

from candela_tui.store.processes import linux_mark

_POLL_S = 0.05


def birth(pid: int) -> str | None:
    """Return a mark that distinguishes a process from a later one with the same pid: its start time, on Linux also the
    boot.

    None if there is no such process. On systems other than Linux the mark comes from ps(1).
    """
    if sys.platform == "linux":
        return linux_mark(pid)
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return found.stdout.strip() or None


def terminate(pid: int, born: str, timeout_s: float) -> bool:
    """Send SIGTERM to a process, wait up to ``timeout_s`` seconds, and return whether it ended. Raises PermissionError.

    On Linux the process is held by a pidfd, so that no process other than the one ``born`` identifies gets the signal.
    """
    try:
        handle = os.pidfd_open(pid) if sys.platform == "linux" else -1
    except ProcessLookupError:
        return True
    try:
        if birth(pid) != born:
            return True
        if handle < 0:
            os.kill(pid, signal.SIGTERM)
            return _gone_within(pid, born, timeout_s)
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        return bool(select.select([handle], [], [], timeout_s)[0])
    except ProcessLookupError:
        return True
    finally:
        if handle >= 0:
            os.close(handle)


def _gone_within(pid: int, born: str, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while birth(pid) == born:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
