"""What candela's relay costs, beside the bare pass-through that is the floor of its stack.

    uv run python benchmarks/relay.py [--rounds N] [--dashboard]

Starts a canned provider, the floor and candela (capturing into a store of its own), and drives them in turn, round by
round in one run, so that ratios hold on a noisy machine. ``--dashboard`` runs candela with its dashboard on a
pseudo-terminal of 120x36 instead of ``candela serve``.
"""

import argparse
import contextlib
import fcntl
import os
import pty
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import uvloop
from load import Measured, Shape, drive

_HERE = Path(__file__).parent
_CANDELA = str(Path(sys.executable).with_name("candela"))
_START_S = 30

SHAPES = (
    Shape("one at a time, 90 KB", requests=60, connections=1),
    Shape("32 at once, 90 KB", requests=192, connections=32),
    Shape("8 at once, 1 MB", requests=32, connections=8, body_kb=1024),
    Shape("40 streams paced at 20 ms", requests=40, connections=40, events=150, pace_ms=20),
)


@contextlib.contextmanager
def _child(*command: str) -> Iterator[str]:
    """A server that prints its port; yields its URL."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextlib.contextmanager
def _candela(upstream: str, dashboard: bool) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory:
        environment = {
            **os.environ,
            "CANDELA_DATA_DIR": directory,
            "CANDELA_CONFIG": f"{directory}/config.toml",
            "CANDELA_PROXY__PORT": str(port),
            "CANDELA_ANTHROPIC__BASE_URL": upstream,
            "TERM": "xterm-256color",
        }
        ends = pty.openpty()
        fcntl.ioctl(ends[1], termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        streams = (
            {"stdin": ends[1], "stdout": ends[1], "stderr": ends[1]} if dashboard else {"stdout": subprocess.DEVNULL}
        )
        with subprocess.Popen([_CANDELA] if dashboard else [_CANDELA, "serve"], env=environment, **streams) as process:
            os.close(ends[1])
            threading.Thread(target=_read_on, args=(ends[0],), daemon=True).start()
            try:
                _wait_for(f"http://127.0.0.1:{port}/healthz", process)
                yield f"http://127.0.0.1:{port}/proxy/anthropic-direct"
            finally:
                process.terminate()


def _read_on(terminal: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("candela did not start")


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _joined(rounds: list[Measured]) -> Measured:
    whole = Measured()
    for each in rounds:
        whole.add(each)
    return whole


def _ratios(direct: Measured, floor: Measured, candela: Measured) -> tuple[float, float, float, float]:
    """candela to floor: added time to the first byte, throughput, delay p99 and p99.9."""
    base = _quantile(direct.first_byte, 0.5)
    return (
        (_quantile(candela.first_byte, 0.5) - base) / (_quantile(floor.first_byte, 0.5) - base),
        candela.requests_per_second / floor.requests_per_second,
        _quantile(candela.delay, 0.99) / _quantile(floor.delay, 0.99),
        _quantile(candela.delay, 0.999) / _quantile(floor.delay, 0.999),
    )


def _report(shape: Shape, seen: dict[str, list[Measured]]) -> None:
    whole = {name: _joined(rounds) for name, rounds in seen.items()}
    print(f"\n{shape.name} ({shape.events} events, {len(whole['floor'].first_byte)} requests each)")
    print(f"  {'':10}{'TTFB p50':>10}{'added':>9}{'requests/s':>12}{'delay p50':>11}{'p99':>9}{'p99.9':>9}  ms")
    direct = _quantile(whole["direct"].first_byte, 0.5)
    for name, measured in whole.items():
        first = _quantile(measured.first_byte, 0.5)
        delays = "".join(
            f"{_quantile(measured.delay, share):{width}.2f}" for share, width in ((0.5, 11), (0.99, 9), (0.999, 9))
        )
        print(f"  {name:10}{first:10.2f}{first - direct:9.2f}{measured.requests_per_second:12.1f}{delays}")
    by_round = [_ratios(*each) for each in zip(seen["direct"], seen["floor"], seen["candela"], strict=True)]
    added, throughput, delay_99, delay_999 = (statistics.median(column) for column in zip(*by_round, strict=True))
    print(
        f"  candela to floor, median of {len(by_round)} rounds: added TTFB {added:.2f}x · throughput {throughput:.2f}x"
        f" · delay p99 {delay_99:.2f}x · p99.9 {delay_999:.2f}x",
        flush=True,
    )


async def _drive_all(targets: dict[str, str], rounds: int) -> None:
    for shape in SHAPES:
        seen: dict[str, list[Measured]] = {name: [] for name in targets}
        for url in targets.values():
            await drive(url, Shape("warm-up", 3, 1))
        for _ in range(rounds):
            for name, url in targets.items():
                seen[name].append(await drive(url, shape))
        _report(shape, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dashboard", action="store_true", help="with the dashboard open on a pseudo-terminal")
    options = parser.parse_args()
    with (
        _child(str(_HERE / "upstream.py")) as upstream,
        _child(str(_HERE / "floor.py"), upstream) as floor,
        _candela(upstream, options.dashboard) as candela,
    ):
        uvloop.run(_drive_all({"direct": upstream, "floor": floor, "candela": candela}, options.rounds))


if __name__ == "__main__":
    main()
