"""Bytes that wait on the disk."""

import os
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from candela_tui.spill_file import SpillFile

MB = 2**20


@pytest.fixture
def files_of_a_megabyte() -> Iterator[None]:
    """The system takes no more than 1 MB in a file, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_bodies_come_back_as_they_were(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    many = [bytes([number % 256]) for number in range(2500)]
    written = file.write([[b"a request"], [], many, [b"one", b"", b"two"]])
    assert [each.read() for each in written] == [b"a request", b"", b"".join(many), b"onetwo"]
    assert [each.size for each in written] == [9, 0, 2500, 6]
    assert file.write([[b"later"]])[0].read() == b"later"


def test_nobody_else_sees_or_opens_the_file(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    (spilled,) = file.write([[b"secret"]])
    assert not list(tmp_path.iterdir())
    status = os.fstat(spilled._segment.fd)
    assert (stat.S_IMODE(status.st_mode), status.st_nlink) == (0o600, 0)


def test_a_kill_leaves_nothing(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        kept = SpillFile(tmp_path).write([[b"x" * MB]])
        os.kill(os.getpid(), signal.SIGKILL if kept else signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


def test_room_is_given_back_when_nobody_needs_it(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    bodies = [file.write([[b"x" * 16 * MB]])[0] for _ in range(3)]
    fds = [body._segment.fd for body in bodies]
    assert file.size == 48 * MB
    del bodies[:2]
    assert file.size == 16 * MB
    for fd in fds[:2]:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    assert bodies[0].read() == b"x" * 16 * MB


def test_more_than_may_wait_is_refused_and_what_waits_stays(tmp_path: Path) -> None:
    file = SpillFile(tmp_path, most_bytes=100)
    (kept,) = file.write([[b"x" * 90]])
    with pytest.raises(OSError, match=os.strerror(122)):
        file.write([[b"y" * 11]])
    assert kept.read() == b"x" * 90


@pytest.mark.usefixtures("files_of_a_megabyte")
def test_a_full_disk_keeps_what_it_took_before(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    (kept,) = file.write([[b"x" * 1000]])
    with pytest.raises(OSError, match=r"No space left|too large"):
        file.write([[b"y" * MB], [b"z"]])
    assert kept.read() == b"x" * 1000
    assert file.write([[b"small"]])[0].read() == b"small"
