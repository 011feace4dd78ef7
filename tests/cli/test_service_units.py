"""The service units in `deploy/` start a proxy that ends as its supervisor asks."""

import asyncio
import os
import plistlib
import shlex
import shutil
import signal
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, PATIENCE_S, Home

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "candela.service"
AGENT = DEPLOY / "candela.plist"


@pytest.fixture
def installed(home: Home) -> Home:
    """A home where the command is where uv and pipx put it, and the log's folder is there, as it is on macOS."""
    programs = home.directory / ".local" / "bin"
    programs.mkdir(parents=True)
    (programs / "candela").symlink_to(COMMAND)
    (home.directory / "Library" / "Logs").mkdir(parents=True)
    return home


def _systemds(home: Home) -> list[str]:
    unit = ConfigParser(interpolation=None)
    unit.read(UNIT)
    return shlex.split(unit["Service"]["ExecStart"].replace("%h", str(home.directory)))


def _launchds(home: Home) -> list[str]:
    arguments: list[str] = plistlib.loads(AGENT.read_bytes())["ProgramArguments"]
    return arguments


@pytest.mark.parametrize("arguments", [_systemds, _launchds])
async def test_the_service_serves_until_its_supervisor_ends_it(
    arguments: Callable[[Home], list[str]], installed: Home
) -> None:
    log = installed.directory / "Library" / "Logs" / "candela.log"
    os.mkfifo(log)
    reading = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(reading, "rb") as launchds:
        writing = os.open(log, os.O_WRONLY)  # What systemd's journal would get goes there, too.
        process = await asyncio.create_subprocess_exec(
            *arguments(installed), env=installed.environment, stdin=asyncio.subprocess.DEVNULL, stdout=writing
        )
        os.close(writing)
        os.set_blocking(reading, True)
        async with asyncio.timeout(PATIENCE_S):
            assert b"listens on" in await asyncio.to_thread(launchds.readline)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
async def test_systemd_understands_all_of_its_unit(installed: Home) -> None:
    runtime = installed.directory / "run"
    runtime.mkdir(mode=0o700)
    process = await asyncio.create_subprocess_exec(
        *("systemd-analyze", "--user", "verify", str(UNIT)),
        env={"PATH": os.environ["PATH"], "HOME": str(installed.directory), "XDG_RUNTIME_DIR": str(runtime)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "")


def test_launchd_starts_it_at_login_and_again_after_a_failure() -> None:
    agent = plistlib.loads(AGENT.read_bytes())
    assert (agent["Label"], agent["RunAtLoad"], agent["KeepAlive"]) == ("candela", True, {"SuccessfulExit": False})
    assert agent["Umask"] == 0o077
