"""The test's side of the fork server: commands as processes, with what is used of asyncio's Process."""

import asyncio
import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from signal import SIGKILL, Signals

from tests.cli.fork_client import request_fork


class ForkedProgram:
    """A command that runs."""

    def __init__(self, pid: int, report: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._report = report

    async def wait(self) -> int:
        """Return the exit code once it has ended; negative for a signal."""
        if self.returncode is None:
            self.returncode = int(await self._report.readline())
        return self.returncode

    def send_signal(self, number: Signals) -> None:
        """Send a signal, if it has not ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(SIGKILL)


class ForkedProcess(ForkedProgram):
    """A command that runs; its output is piped."""

    def __init__(
        self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, report: asyncio.StreamReader
    ) -> None:
        super().__init__(pid, report)
        self.stdout = stdout
        self.stderr = stderr

    async def communicate(self) -> tuple[bytes, bytes]:
        """Read its output to the end and wait for it."""
        out, err, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return out, err


async def start_forked(
    arguments: Sequence[str], environment: Mapping[str, str], directory: Path, *, reading: int | None = None
) -> ForkedProcess:
    """Start ``candela`` with these arguments in a forked process. Its standard input is ``reading``, or empty."""
    pipes = [os.pipe() for _ in range(2)]
    given = os.open(os.devnull, os.O_RDONLY) if reading is None else reading
    standard = [given, *(writer for _, writer in pipes)]
    reporting = request_fork(fork_server(), arguments, environment, str(directory), standard)
    for descriptor in standard:
        os.close(descriptor)
    outputs = [reader for reader, _ in pipes]
    stdout, stderr, report = [await _reader(descriptor) for descriptor in (*outputs, reporting)]
    return ForkedProcess(int(await report.readline()), stdout, stderr, report)


async def start_at_terminal(
    arguments: Sequence[str], environment: Mapping[str, str], directory: Path, terminal: int
) -> ForkedProgram:
    """Start ``candela`` with these arguments in a forked process. ``terminal`` is its side of a pseudo-terminal."""
    report = await _reader(request_fork(fork_server(), arguments, environment, str(directory), [terminal] * 3))
    return ForkedProgram(int(await report.readline()), report)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


@cache
def fork_server() -> socket.socket:
    """Return the connection to this test process's fork server, which ends with it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.fork_server", str(its.fileno())],
        pass_fds=[its.fileno()],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
    )
    its.close()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours
