"""A candela of its own for a test: ``candela serve`` as a child process, and the other commands on its records."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from tests.e2e.claude import run_program

PATIENCE_S = 60.0
_CHANCE = random.SystemRandom()
"""Hypothesis seeds the usual one alike in each of the tests' processes."""
COMMAND = str(Path(sys.executable).with_name("candela"))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody used a moment ago, and that no system gives to a connection or to port 0."""
    while True:
        port = _CHANCE.randrange(10_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Candela:
    """Runs while used as an async context manager; may be started again after it ended. ``more`` is environment."""

    def __init__(self, data: Path, provider_url: str, **more: str) -> None:
        data.parent.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.data = data
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ},
            "HOME": str(data.parent),
            "TERM": "xterm-256color",
            "CANDELA_DATA_DIR": str(data),
            "CANDELA_CONFIG": str(data / "config.toml"),
            "CANDELA_PROXY__PORT": str(self.port),
            "CANDELA_ANTHROPIC__BASE_URL": provider_url,
            **more,
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The base URL that a client is pointed at."""
        return f"http://127.0.0.1:{self.port}/proxy/anthropic-direct"

    async def start(self) -> None:
        """Return when it serves."""
        log = (self.data.parent / "serve.log").open("ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                COMMAND, "serve", env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert str(self.port).encode() in line, (line, self.log)

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return (self.data.parent / "serve.log").read_text("utf-8", "replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until it has ended; the exit code, negative for a signal."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE_S):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self.send(signal.SIGTERM)
            try:
                await self.ended()
            except TimeoutError:
                self._process.kill()
                raise

    async def output(self, *arguments: str) -> bytes:
        """What a command prints. It has to succeed."""
        code, out, errors = await run_program([COMMAND, *arguments], self.environment, self.data.parent)
        assert code == 0, (arguments, code, out[-500:], errors)
        return out

    async def records(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON list that a command prints, money as Decimal."""
        listed: list[dict[str, Any]] = json.loads(await self.output(*arguments, "--json"), parse_float=Decimal)
        return listed

    async def settled(self, counts: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
        """Each session's requests, oldest first, once as many as counted are recorded and none is live."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                by_session: dict[str, list[dict[str, Any]]] = {session: [] for session in counts}
                for row in sorted(await self.records("requests"), key=lambda row: row["id"]):
                    by_session.setdefault(row["session_id"], []).append(row)
                if all(
                    len(by_session[session]) >= count and all(row["outcome"] != "live" for row in by_session[session])
                    for session, count in counts.items()
                ):
                    return by_session

    async def settled_requests(self, session: str, count: int) -> list[dict[str, Any]]:
        """The same for one session."""
        return (await self.settled({session: count}))[session]
