"""Bytes that wait on the disk and not in memory, in files without a name: they are gone with the process, however it
ends."""

import errno
import os
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 2**30
"""Bytes that may wait on the disk at a time."""
_SEGMENT_BYTES: Final = 16 * 2**20
"""Bytes from which another file is begun. The room of a file is free again once nothing in it is needed."""
_PARTS_AT_ONCE: Final = 1000
"""Parts that one call writes; Linux takes up to 1,024."""


class _Segment:
    """A file that is open, and in no directory. Only its user can read it. It is closed with the last reference."""

    __slots__ = ("__weakref__", "fd", "size")

    def __init__(self, directory: Path) -> None:
        with tempfile.TemporaryFile(buffering=0, dir=directory, prefix="spill-") as file:
            self.fd = os.dup(file.fileno())
        self.size = 0
        weakref.finalize(self, os.close, self.fd)

    def append(self, parts: Sequence[bytes]) -> None:
        for start in range(0, len(parts), _PARTS_AT_ONCE):
            some = parts[start : start + _PARTS_AT_ONCE]
            wanted = sum(map(len, some))
            if os.writev(self.fd, some) < wanted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.size += wanted


@dataclass(frozen=True, slots=True)
class Spilled:
    """A stretch of bytes in a file. Its room is given back after the last reference to it."""

    _segment: _Segment
    _start: int
    size: int

    def read(self) -> bytes:
        """Read the bytes. Blocks. Raises OSError if the disk does not return all of them."""
        data = os.pread(self._segment.fd, self.size, self._start)
        if len(data) < self.size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data


class SpillFile:
    """Holds bytes until they are read back. One thread at a time may write; any may read."""

    def __init__(self, directory: Path, most_bytes: int = _MOST_BYTES) -> None:
        """``directory`` is where the files are made; nobody sees them there."""
        self._directory = directory
        self._most_bytes = most_bytes
        self._segment: _Segment | None = None
        self._segments: weakref.WeakSet[_Segment] = weakref.WeakSet()

    @property
    def size(self) -> int:
        """The bytes that the files take on the disk."""
        return sum(segment.size for segment in self._segments)

    def write(self, bodies: Sequence[Sequence[bytes]]) -> list[Spilled]:
        """Write each body, given in parts. Blocks. Raises OSError if the disk, or what may be used of it, is full: then
        nothing of them is kept."""
        if self.size + sum(len(part) for parts in bodies for part in parts) > self._most_bytes:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        segment = self._segment
        if segment is None or segment.size >= _SEGMENT_BYTES:
            segment = _Segment(self._directory)
            self._segments.add(segment)
        # Until all of it is written, another call would begin another file.
        self._segment = None
        start = segment.size
        segment.append([part for parts in bodies for part in parts])
        self._segment = segment
        written = []
        for parts in bodies:
            size = sum(map(len, parts))
            written.append(Spilled(segment, start, size))
            start += size
        return written
