"""Runs the ``candela`` command as its user does: as a program, in a home of its own."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from candela_tui.exchange import Exchange, ProviderSide
from candela_tui.paths import default_paths
from candela_tui.store.writer import StoreWriter
from tests.cli.fork_client import request_fork
from tests.cli.forked import ForkedProcess, fork_server, start_at_terminal, start_forked
from tests.e2e.candela import free_port
from tests.e2e.terminal import Terminal

PATIENCE_S = 120.0
OTHER = "2aaa0000-0000-4000-8000-000000000002"
"""The second session of the home that has records."""
COMMAND = Path(sys.executable).with_name("candela")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str
    raw: bytes = b""


def _path_without_claude() -> str:
    """Return the PATH of the tests, less the places of a real client: what it does is for tests/e2e."""
    places = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(place for place in places if not (Path(place) / "claude").exists())


class Home:
    """A fresh user's home: no settings, nothing recorded, and a port that nobody uses."""

    def __init__(self, directory: Path, provider_url: str = "http://127.0.0.1:9") -> None:
        self.directory = directory
        self.data = directory / "data"
        self.config = directory / "config.toml"
        self.port = free_port()
        self.environment = {
            "PATH": _path_without_claude(),
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "CANDELA_CONFIG": str(self.config),
            "CANDELA_DATA_DIR": str(self.data),
            "CANDELA_PROXY__PORT": str(self.port),
            "CANDELA_ANTHROPIC__BASE_URL": provider_url,
        }

    def with_programs(self, **scripts: str) -> None:
        """Put programs (shell scripts) first on PATH."""
        programs = self.directory / "bin"
        programs.mkdir(exist_ok=True)
        for name, script in scripts.items():
            program = programs / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        self.environment["PATH"] = f"{programs}{os.pathsep}{self.environment['PATH']}"

    def record(
        self,
        *exchanges: Exchange,
        request: bytes = b"{}",
        response: bytes = b"",
        provider: ProviderSide | None = None,
    ) -> None:
        """Put ended exchanges into the store; ``provider``: what crossed there, where that was something else."""
        paths = default_paths(self.config, self.data)
        paths.make_data_directory()
        troubles: list[str] = []
        writer = StoreWriter(paths.store, on_problem=troubles.append, on_stored=lambda _: None)
        writer.start()
        for exchange in exchanges:
            writer.begin(exchange, request)
            writer.end(exchange, [response] if response else [], [1.0] if response else [], provider)
        writer.close(PATIENCE_S)
        assert not troubles

    async def start(self, *arguments: str, **environment: str) -> ForkedProcess:
        """Start the command; its output is piped."""
        return await start_forked(arguments, {**self.environment, **environment}, self.directory)

    async def run_program(self, *arguments: str, program: Path = COMMAND, **environment: str) -> Result:
        """Run the installed program to its end: where it matters how the interpreter starts, or what is installed."""
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            env={**self.environment, **environment},
            cwd=self.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return await _result(process)

    async def run(self, *arguments: str, **environment: str) -> Result:
        """Run the command to its end."""
        return await _result(await self.start(*arguments, **environment))

    async def run_piped(self, text: str, *arguments: str, **environment: str) -> Result:
        """Run the command to its end with a text on a pipe as its standard input."""
        reader, writer = os.pipe()
        process = await start_forked(arguments, {**self.environment, **environment}, self.directory, reading=reader)
        result, _ = await asyncio.gather(_result(process), asyncio.to_thread(_write, writer, text.encode()))
        return result


def _write(pipe: int, given: bytes) -> None:
    with suppress(BrokenPipeError), open(pipe, "wb") as writer:
        writer.write(given)


async def _result(process: ForkedProcess | asyncio.subprocess.Process) -> Result:
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Result(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), out)


def documents(out: str) -> list[dict[str, Any]]:
    """The records that a command printed as JSON."""
    listed: list[dict[str, Any]] = json.loads(out, parse_float=Decimal)
    return listed


async def open_window(
    terminal: Terminal, window: str, arguments: Sequence[str], environment: Mapping[str, str], directory: Path
) -> None:
    """Run ``candela`` with these arguments in a new window, from the fork server."""
    await terminal.open_for(window, lambda device: start_at_terminal(arguments, environment, directory, device))


def on_a_terminal(home: Home, *arguments: str, columns: int = 80, typed: str = "") -> tuple[int, str]:
    """Run a command on a terminal of its own, on which this is typed; the exit code and all that is shown there."""
    terminal, its = pty.openpty()
    environment = {**home.environment, "COLUMNS": str(columns)}
    report = request_fork(fork_server(), arguments, environment, str(home.directory), [its] * 3)
    os.close(its)
    os.write(terminal, typed.encode())
    written = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(terminal)
    with os.fdopen(report) as told:
        _, code = told.read().split()
    return int(code), written.decode().replace("\r\n", "\n")
