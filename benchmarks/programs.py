"""Starts the programs that a benchmark drives as child processes: servers, and candela with and without a terminal."""

import contextlib
import fcntl
import os
import pty
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_CANDELA = str(Path(sys.executable).with_name("candela"))
_START_S = 180
_END_S = 20
_KEPT = 256 * 1024


class NotStarted(Exception):
    """A program did not start. ``wrote`` is the last line that it wrote, which may name paths."""

    def __init__(self, words: str, wrote: str = "nothing") -> None:
        super().__init__(words)
        self.wrote = wrote


def free_port() -> int:
    """Return a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Program:
    """A running program that serves a port."""

    url: str
    """The base URL for clients, without a route."""
    pid: int

    def processor_seconds(self) -> float:
        """Return the processor time that it and its children have used so far."""
        return sum(_seconds(task) for pid in _tree(self.pid) for task in Path(f"/proc/{pid}/task").glob("*"))

    def resident_mb(self) -> float:
        """Return its resident memory in MB, without its children's."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


def _seconds(task: Path) -> float:
    """Return the processor time of a thread, given by its folder in /proc; 0 if it has ended."""
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text().split():
                found += _tree(int(child))
    return found


@dataclass(slots=True)
class Candela(Program):
    """A running candela process, maybe with a terminal."""

    _terminal: int = -1
    _shown: bytearray = field(default_factory=bytearray)

    def press(self, keys: str) -> None:
        """Type keys into its terminal."""
        os.write(self._terminal, keys.encode())

    def shown(self) -> str:
        """Return what it recently wrote to its terminal, including escape sequences."""
        return self._shown.decode("utf-8", "replace")

    def forget_shown(self) -> None:
        """Clear the output that ``shown`` returns."""
        self._shown.clear()

    def read_on(self) -> None:
        """Read its terminal output until it exits."""
        with contextlib.suppress(OSError):
            while data := os.read(self._terminal, 65536):
                self._shown += data
                del self._shown[:-_KEPT]

    def threads_seconds(self) -> tuple[float, float]:
        """Return the processor time so far: of the main thread (which draws the dashboard), and of all others."""
        main = other = 0.0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            if task.name == str(self.pid):
                main = _seconds(task)
            else:
                other += _seconds(task)
        return main, other


@contextlib.contextmanager
def server(*command: str) -> Iterator[Program]:
    """Start a module of Python that serves a port and prints it, such as ``benchmarks.bare URL``."""
    arguments = [sys.executable, "-m", *command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout is not None
        with _ended(process):
            yield Program(f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid)


@contextlib.contextmanager
def program(
    command: Sequence[str], port: int, *, directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Start a program that serves a port, and wait until it does.

    Raises:
        NotStarted: it ended, or does not listen after a while.
    """
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=os.environ | (environment or {}),
        ) as process,
        _ended(process),
    ):
        try:
            _wait_for(port, process)
        except NotStarted as failed:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            raise NotStarted(str(failed), lines[-1] if lines else "nothing") from None
        yield Program(f"http://127.0.0.1:{port}", process.pid)


@contextlib.contextmanager
def candela(
    upstream: str,
    directory: Path,
    *,
    dashboard: bool,
    size: tuple[int, int] = (120, 36),
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (_CANDELA,),
) -> Iterator[Candela]:
    """Run candela with its files in a directory: its dashboard on a pseudo-terminal, or ``candela serve``.

    ``command`` is what runs in place of the installed ``candela``.
    """
    port = free_port()
    own = {
        **(environment or {}),
        "CANDELA_DATA_DIR": str(directory),
        "CANDELA_CONFIG": str(directory / "config.toml"),
        "CANDELA_PROXY__PORT": str(port),
        "CANDELA_ANTHROPIC__BASE_URL": upstream,
    }
    if dashboard:
        with on_terminal(command, port, environment=own, size=size, directory=directory) as running:
            yield running
    else:
        with program([*command, "serve"], port, directory=directory, environment=own) as running:
            yield Candela(running.url, running.pid)


@contextlib.contextmanager
def attached(
    serving: Candela, directory: Path, *, size: tuple[int, int] = (120, 36), command: Sequence[str] = (_CANDELA,)
) -> Iterator[Candela]:
    """Open the dashboard of a ``candela serve`` whose files are in this directory, in a process of its own."""
    port = int(serving.url.rpartition(":")[2])
    own = {"CANDELA_DATA_DIR": str(directory), "CANDELA_CONFIG": str(directory / "config.toml")}
    with on_terminal([*command, "attach", "--port", str(port)], port, environment=own, size=size) as running:
        yield running


@contextlib.contextmanager
def on_terminal(
    command: Sequence[str],
    port: int,
    *,
    environment: Mapping[str, str],
    size: tuple[int, int],
    directory: Path | None = None,
) -> Iterator[Candela]:
    """Run a command on a pseudo-terminal of this size that is read, and wait until its port is served."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    own = {**os.environ, **environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with (
        subprocess.Popen(command, env=own, cwd=directory, stdin=its, stdout=its, stderr=its) as process,
        _ended(process),
    ):
        os.close(its)
        running = Candela(f"http://127.0.0.1:{port}", process.pid, ours)
        reading = threading.Thread(target=running.read_on, daemon=True)
        reading.start()
        try:
            _wait_for(port, process)
            yield running
        finally:
            process.terminate()
            reading.join(_END_S)
            os.close(ours)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    """End the process at the end of the block, by force if it takes too long."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotStarted(f"it ended with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotStarted(f"it does not listen after {_START_S} s")
