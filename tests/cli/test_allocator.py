"""Memory of large blocks goes back to the system where malloc is glibc's."""

import ctypes
import subprocess
import sys

import pytest

glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="malloc is not that of glibc here"
)

# Frees blocks of 16 MB, whose size becomes glibc's own threshold, then looks where one of 1 MB goes.
_LOOK = """
import ctypes, os
from candela_tui.cli.process.allocator import give_memory_back
give_memory_back()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(16 * 2**20))
block = libc.malloc(2**20)
heap = next(line for line in open("/proc/self/maps") if "[heap]" in line).split()[0]
start, end = (int(each, 16) for each in heap.split("-"))
print("in the heap" if start <= block < end else "on its own")
"""


def look(**environment: str) -> str:
    command = [sys.executable, "-c", _LOOK]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@glibc
def test_a_large_block_has_a_mapping_of_its_own() -> None:
    assert look() == "on its own"


@glibc
def test_the_environment_takes_precedence() -> None:
    assert look(MALLOC_ARENA_MAX="2") == "in the heap"
