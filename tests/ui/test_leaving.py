"""How the dashboard ends, in a real terminal: by a key, a signal, a bug of its own; and a terminal that hangs."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 30.0
LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWN_CURSOR = b"\x1b[?25h"


class Program:
    """A dashboard behind a pseudo-terminal that reads only when told to."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int, turns: int, end: Path) -> None:
        self.process = process
        self.terminal = terminal
        self._turns = turns
        self._end = end
        self.seen = b""

    async def shows(self, *texts: bytes) -> None:
        """Read the terminal until all texts came."""
        async with asyncio.timeout(PATIENCE_S):
            while not all(text in self.seen for text in texts):
                await self._read()

    async def _read(self) -> None:
        await _readable(self.terminal)
        try:
            self.seen += os.read(self.terminal, 65536)
        except OSError:
            self.seen += b"\0gone"

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def close_terminal(self) -> None:
        """Take the terminal away, without a signal: it is not the program's controlling one."""
        os.close(self.terminal)
        self.terminal = -1

    async def publishes(self, turns: int) -> None:
        """Wait until the thread beside the dashboard has published so often again."""
        async with asyncio.timeout(PATIENCE_S):
            while turns > 0:
                await _readable(self._turns)
                turns -= len(os.read(self._turns, turns))

    async def end(self) -> dict[str, Any]:
        """Wait for its end, without reading its terminal; what it told of it."""
        await asyncio.to_thread(self.process.wait, PATIENCE_S)
        told: dict[str, Any] = json.loads(await asyncio.to_thread(self._end.read_text))
        return told


async def _readable(file_descriptor: int) -> None:
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(file_descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(file_descriptor)


@asynccontextmanager
async def _running(directory: Path, mode: str = "quiet", errors: Path | None = None) -> AsyncIterator[Program]:
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    turns, turns_to = os.pipe()
    arguments = [str(directory / "store.sqlite3"), mode, str(turns_to), str(directory / "end")]
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-m", "tests.ui.dashboard_program", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave if errors is None else os.open(errors, os.O_WRONLY | os.O_CREAT),
        env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        start_new_session=True,
        pass_fds=[turns_to],
    )
    program = Program(process, master, turns, directory / "end")
    try:
        yield program
    finally:
        process.kill()
        process.wait()
        for file_descriptor in (program.terminal, slave, turns, turns_to):
            if file_descriptor >= 0:
                os.close(file_descriptor)


async def test_q_leaves_and_restores_the_terminal(tmp_path: Path) -> None:
    async with _running(tmp_path) as program:
        await program.shows(b"Waiting for the first request")
        program.type("q")
        await program.shows(LEFT_ALTERNATE_SCREEN, SHOWN_CURSOR)
        assert await program.end() == {"code": 0, "crash": None, "totals": []}


async def test_it_is_drawn_on_the_terminal_also_where_errors_go_to_a_file(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    async with _running(tmp_path, errors=errors) as program:
        await program.shows(b"Waiting for the first request")
        program.type("q")
        await program.end()
    assert errors.read_bytes() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_leaves_and_restores_the_terminal(tmp_path: Path, number: signal.Signals) -> None:
    async with _running(tmp_path) as program:
        await program.shows(b"Waiting for the first request")
        program.process.send_signal(number)
        await program.shows(LEFT_ALTERNATE_SCREEN, SHOWN_CURSOR)
        assert await program.end() == {"code": 128 + number, "crash": None, "totals": []}


async def test_ctrl_z_does_not_stop_the_proxy_of_the_dashboard(tmp_path: Path) -> None:
    async with _running(tmp_path, "busy") as program:
        await program.shows(b"1 live")
        program.type("\x1a")
        await program.publishes(250)
        await program.shows(b"4 live")
        program.process.send_signal(signal.SIGTERM)
        assert await program.end() == {"code": 143, "crash": None, "totals": []}


async def test_a_dashboard_that_is_stopped_leaves_the_screen_and_is_drawn_again_when_it_goes_on(tmp_path: Path) -> None:
    async with _running(tmp_path) as program:
        await program.shows(b"Waiting for the first request")
        program.process.send_signal(signal.SIGTSTP)
        await program.shows(LEFT_ALTERNATE_SCREEN, SHOWN_CURSOR)
        await asyncio.to_thread(os.waitid, os.P_PID, program.process.pid, os.WSTOPPED | os.WNOWAIT)
        program.seen = b""
        program.process.send_signal(signal.SIGCONT)
        await program.shows(b"Waiting for the first request")
        program.type("q")
        assert await program.end() == {"code": 0, "crash": None, "totals": []}


async def test_a_terminal_that_is_gone_without_a_signal_ends_the_dashboard(tmp_path: Path) -> None:
    async with _running(tmp_path) as program:
        await program.shows(b"Waiting for the first request")
        program.close_terminal()
        assert await program.end() == {"code": 128 + signal.SIGHUP, "crash": None, "totals": []}


async def test_a_bug_of_the_dashboard_is_reported_without_what_its_variables_held(tmp_path: Path) -> None:
    async with _running(tmp_path, "crash") as program:
        await program.shows(LEFT_ALTERNATE_SCREEN, SHOWN_CURSOR)
        end = await program.end()
        assert end["code"] == 1
        assert "ZeroDivisionError" in end["crash"]
        assert "sk-ant-local" not in end["crash"]
        assert b"ZeroDivisionError" not in program.seen


async def test_a_terminal_that_stops_reading_stops_neither_the_proxy_nor_the_end(tmp_path: Path) -> None:
    async with _running(tmp_path, "busy") as program:
        await program.shows(b"1 live")
        # Nobody reads from here on: the terminal's buffer is full after a few frames.
        await program.publishes(250)
        program.process.send_signal(signal.SIGTERM)
        assert await program.end() == {"code": 143, "crash": None, "totals": []}


async def test_a_terminal_that_reads_again_is_drawn_again(tmp_path: Path) -> None:
    async with _running(tmp_path, "busy") as program:
        await program.shows(b"1 live")
        await program.publishes(250)
        program.seen = b""
        await program.shows(b"4 live")
