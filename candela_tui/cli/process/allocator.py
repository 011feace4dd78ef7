"""Let glibc's malloc give memory back."""

import ctypes
import os
from typing import Final

# From glibc's malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_ARENAS: Final = 1
"""Each thread would get an arena of its own, which keeps what it once needed. Python runs one thread at a time."""
_OWN_MAPPING: Final = 128 * 1024
"""Bytes from which a block has a mapping of its own, which is given back with it. This is where glibc begins, but it
raises that to the largest block that was freed, so that bodies of many MB end up between small blocks."""
_TRIMMED: Final = 1024 * 1024
"""Free bytes at the end of the heap that are given back. glibc raises this along with the other."""


def give_memory_back() -> None:
    """Set malloc up for bodies of many MB that come and go. Does nothing where malloc is not glibc's, or where the
    environment sets it up. To be called before other threads start."""
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    program = ctypes.CDLL(None)
    if not hasattr(program, "gnu_get_libc_version"):
        return
    for parameter, value in (
        (_M_ARENA_MAX, _ARENAS),
        (_M_MMAP_THRESHOLD, _OWN_MAPPING),
        (_M_TRIM_THRESHOLD, _TRIMMED),
    ):
        program.mallopt(parameter, value)
