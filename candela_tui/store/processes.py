"""Identifies the process that recorded an exchange, and finds out whether it still runs.

A pid alone is not enough: it is reused by another process later, in a container even by the next candela.
"""

import os
import sys
from functools import lru_cache
from pathlib import Path

_STATE, _STARTED = 0, 19
"""Fields 3 and 22 of /proc/PID/stat, counted after the name, which may contain spaces (proc_pid_stat(5))."""
_ENDED = ("Z", "X")
_HAS_PROC = Path("/proc/self/stat").exists()


def own_process() -> str:
    """Return the mark of this process. No other process with the same pid has the same mark."""
    return _mark_of_this(os.getpid())


@lru_cache(maxsize=1)
def _mark_of_this(pid: int) -> str:
    import uuid  # Not at the top: the status line has no time for it.

    return linux_mark(pid) or f"run {uuid.uuid4()}"


def is_running(pid: int | None, process: str | None) -> bool:
    """Return whether the process that wrote this pid and mark still runs."""
    if pid is None or pid <= 0:
        return False
    if pid == os.getpid():
        return process == own_process()
    if _HAS_PROC:
        return process is not None and linux_mark(pid) == process
    return _answers(pid)


def _answers(pid: int) -> bool:
    if sys.platform == "win32":
        # On Windows, os.kill would end the process.
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def linux_mark(pid: int) -> str | None:
    """Return the boot id and the tick at which a process started; None if it does not run. See proc_pid_stat(5)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in _ENDED:
        return None
    return f"{_boot()} {fields[_STARTED]}"


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "boot"
