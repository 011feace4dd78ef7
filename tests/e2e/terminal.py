"""Programs in a real terminal of a chosen size: a tmux server of its own for each test."""

import asyncio
import os
import shlex
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol, Self

import pytest

from tests.e2e.claude import run_program

PATIENCE_S = 60.0
_BETWEEN_LOOKS_S = 0.1


class Running(Protocol):
    """A program that somebody else started in a window."""

    async def wait(self) -> int:
        """Return the exit code once it has ended; negative for a signal."""
        ...


class Terminal:
    """One tmux server, used as an async context manager; each window shows one program."""

    def __init__(self, socket: Path, columns: int, lines: int) -> None:
        program = shutil.which("tmux")
        if program is None:
            if os.environ.get("CI"):
                pytest.fail("tmux is not installed")
            pytest.skip("tmux is not installed")
        self._tmux = [program, "-S", str(socket), "-f", os.devnull]
        self._size = (columns, lines)
        self._directory = socket.parent
        self._started: dict[str, Running] = {}

    async def __aenter__(self) -> Self:
        columns, lines = map(str, self._size)
        await self._run("new-session", "-d", "-x", columns, "-y", lines, "-s", "test", "-n", "idle", "cat")
        await self._run("set-option", "-g", "remain-on-exit", "on")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._run("kill-server")

    async def open(self, window: str, command: list[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Start a program in a new window of this name, with just this environment."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        program = shlex.join(["env", "-i", *variables, *command])
        # tmux itself sometimes loses the exit code of a program. The trap keeps the shell when the program gets ^C.
        line = f"trap : INT; {program}; echo $? > {shlex.quote(str(self._exit_file(window)))}"
        await self._run("new-window", "-d", "-n", window, "-c", str(cwd), "-t", "test:", line)

    async def open_for(self, window: str, start: Callable[[int], Awaitable[Running]]) -> None:
        """Start a program that ``start`` makes use a new window of this name, from a descriptor of its terminal. It is
        not its controlling one: ctrl+c is a signal there only for programs that ``open`` started."""
        device = await self._run(
            "new-window", "-d", "-P", "-F", "#{pane_tty}", "-n", window, "-t", "test:", "exec sleep 86400"
        )
        descriptor = os.open(device.strip(), os.O_RDWR | os.O_NOCTTY)
        try:
            self._started[window] = await start(descriptor)
        finally:
            os.close(descriptor)

    async def press(self, window: str, *keys: str) -> None:
        """Press keys by tmux's names (Enter, Escape, C-c, …)."""
        await self._run("send-keys", "-t", f"test:{window}", *keys)

    async def type(self, window: str, text: str) -> None:
        """Type text as it is."""
        await self._run("send-keys", "-t", f"test:{window}", "-l", text)

    async def screen(self, window: str) -> str:
        """What the window shows."""
        return await self._run("capture-pane", "-p", "-t", f"test:{window}")

    async def shows(self, window: str, *words: str) -> str:
        """Wait until the window shows all of the words; return the whole screen. Fails with the screen."""
        seen = await self.screen(window)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not all(word in seen for word in words):
                    await asyncio.sleep(_BETWEEN_LOOKS_S)
                    seen = await self.screen(window)
        except TimeoutError:
            missing = [word for word in words if word not in seen]
            pytest.fail(f"the window {window} does not show {missing}:\n{seen}")
        return seen

    async def exit_code(self, window: str) -> int:
        """Wait until the window's program has ended; its exit code as a shell has it. Fails with the screen."""
        file, started = self._exit_file(window), self._started.get(window)
        try:
            async with asyncio.timeout(PATIENCE_S):
                if started is not None:
                    code = await started.wait()
                    return code if code >= 0 else 128 - code
                while True:
                    written = file.read_text() if file.exists() else ""
                    if written.endswith("\n"):
                        return int(written)
                    await asyncio.sleep(_BETWEEN_LOOKS_S)
        except TimeoutError:
            pytest.fail(f"the program in the window {window} has not ended:\n{await self.screen(window)}")

    def _exit_file(self, window: str) -> Path:
        return self._directory / f"{window}.exit"

    async def _run(self, *arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        code, out, errors = await run_program([*self._tmux, *arguments], environment, self._directory)
        assert code == 0, (arguments, errors)
        return out.decode()
