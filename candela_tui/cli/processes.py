"""Processes of this machine: which one a pid means, and ending it without hitting another by mistake."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_POLL_S = 0.05
_LISTEN = "0A"
_REACHED_BY_LOOPBACK = (f"{int.from_bytes(bytes((127, 0, 0, 1)), sys.byteorder):08X}", "00000000")
"""127.0.0.1 and 0.0.0.0 as /proc/net/tcp writes them."""


def birth(pid: int) -> str | None:
    """What tells a process from a later one with the same pid: when it began, and in which boot.

    None: no such process. Source: proc(5), field 22 of /proc/PID/stat; elsewhere ps(1).
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return None
        # The command's name is in parentheses and may hold anything, so the fields count from the last one.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
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


def listening_user(port: int) -> int | None:
    """The user id that listens on a port of 127.0.0.1; None where that can't be known. Source: proc(5)."""
    try:
        lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    for fields in map(str.split, lines):
        address, _, number = fields[1].partition(":")
        if fields[3] == _LISTEN and address in _REACHED_BY_LOOPBACK and int(number, 16) == port:
            return int(fields[7])
    return None
