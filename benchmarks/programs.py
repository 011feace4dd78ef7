"""Starts the programs that a benchmark drives as child processes: servers that print their port, and candela."""

import contextlib
import fcntl
import os
import pty
import resource
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CANDELA = str(Path(sys.executable).with_name("candela"))
_START_S = 60
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_KEPT = 256 * 1024


@contextlib.contextmanager
def server(*command: str) -> Iterator[str]:
    """Start a server that prints its port, and yield its URL."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@dataclass(slots=True)
class Candela:
    """A running candela process."""

    url: str
    """The base URL for clients, without a route."""
    pid: int
    _terminal: int
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

    def processor_seconds(self) -> tuple[float, float]:
        """Return the processor time so far: of the main thread (which draws the dashboard), and of all others."""
        main = other = 0.0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
                if task.name == str(self.pid):
                    main = seconds
                else:
                    other += seconds
        return main, other

    def resident_mb(self) -> float:
        """Return its resident memory in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


@contextlib.contextmanager
def candela(
    upstream: str,
    directory: Path,
    *,
    dashboard: bool,
    size: tuple[int, int] = (120, 36),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Candela]:
    """Run candela with its files in a directory: its dashboard on a pseudo-terminal, or ``candela serve``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    its_environment = {
        **os.environ,
        **(environment or {}),
        "CANDELA_DATA_DIR": str(directory),
        "CANDELA_CONFIG": str(directory / "config.toml"),
        "CANDELA_PROXY__PORT": str(port),
        "CANDELA_ANTHROPIC__BASE_URL": upstream,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    streams = {"stdin": its, "stdout": its, "stderr": its} if dashboard else {"stdout": subprocess.DEVNULL}
    with subprocess.Popen([_CANDELA] if dashboard else [_CANDELA, "serve"], env=its_environment, **streams) as process:
        os.close(its)
        program = Candela(f"http://127.0.0.1:{port}", process.pid, ours)
        threading.Thread(target=program.read_on, daemon=True).start()
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", process)
            yield program
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("candela did not start")
