"""Processes of this machine: which one a pid means, and ending it without hitting another by mistake."""

import os
import select
import signal
import subprocess
import sys
import time

from candela_tui.store.processes import linux_mark

_POLL_S = 0.05


def birth(pid: int) -> str | None:
    """What tells a process from a later one with the same pid: when it began, and in which boot.

    None: no such process. Elsewhere than on Linux ps(1) tells.
    """
    if sys.platform == "linux":
        return linux_mark(pid)
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return found.stdout.strip() or None


def terminate(pid: int, born: str, timeout_s: float) -> bool:
    """Ask a process to end (SIGTERM) and wait. False: it still runs. Raises PermissionError.

    Where the system has pidfds the process that ``born`` names is held by one, so no other can get the signal.
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
