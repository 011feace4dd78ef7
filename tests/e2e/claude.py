"""Runs the real ``claude`` client against a base URL, in an environment where nothing of the machine leaks in."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from candela_tui.claude_code.installed import NEWEST_KNOWN, Version, installed_version, written

KEY = "sk-ant-test-000000000000000000000"
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Claude:
    """One installed client."""

    path: str
    version: Version | None
    """None: where it is installed does not tell."""

    @property
    def directory(self) -> str:
        """What to put on PATH for ``claude`` to be this client."""
        return str(Path(self.path).parent)

    @property
    def known_version(self) -> Version:
        """The version; skips the test where nothing is known of it. On CI the latest is tried all the same."""
        if self.version is None:
            pytest.skip(f"the version of {self.path} is not known")
        if self.version > NEWEST_KNOWN and not os.environ.get("CI"):
            pytest.skip(f"Claude Code {written(self.version)} is newer than any that candela was checked with")
        return self.version


def clients() -> list[Claude]:
    """The clients to run: those of CANDELA_TEST_CLAUDE, separated as in PATH, or the one on PATH."""
    given = os.environ.get("CANDELA_TEST_CLAUDE")
    paths = given.split(os.pathsep) if given else [found] if (found := shutil.which("claude")) else []
    return [Claude(path, installed_version(path)) for path in paths]


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a fresh user's shell has, and no traffic beyond the conversation."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **more,
    }


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of ``claude -p`` ended."""

    code: int
    printed: dict[str, Any]
    errors: str

    @property
    def essence(self) -> dict[str, Any]:
        """What must be the same however the client reached the provider."""
        names = ("subtype", "is_error", "result", "num_turns", "stop_reason", "total_cost_usd", "usage", "modelUsage")
        return {name: self.printed.get(name) for name in names}


async def run_program(
    command: list[str], environment: Mapping[str, str], cwd: Path, patience_s: float = PATIENCE_S
) -> tuple[int, bytes, str]:
    """Run to the end; exit code, standard output, standard error. Killed after ``patience_s``."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(patience_s):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out, errors.decode("utf-8", "replace")


async def run_claude(
    program: Claude | tuple[str, ...], prompt: str, environment: Mapping[str, str], cwd: Path, *arguments: str
) -> Run:
    """``claude -p PROMPT`` with JSON output; ``program`` is the client, or the words that start it."""
    words = (program.path,) if isinstance(program, Claude) else program
    command = [*words, "-p", prompt, "--output-format", "json", *arguments]
    code, out, errors = await run_program(command, environment, cwd)
    try:
        printed = json.loads(out)
    except ValueError:
        pytest.fail(f"{command} ended with {code} and printed no JSON: {out[-2000:]!r}\n{errors[-2000:]}")
    return Run(code, printed, errors)
