"""`candela install service` makes a service that serves until its supervisor ends it."""

import asyncio
import os
import plistlib
import shlex
import shutil
import signal
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.cli.service.definition import launchd_agent, systemd_unit
from tests.cli.command import COMMAND, PATIENCE_S, Home

linux = pytest.mark.skipif(sys.platform != "linux", reason="the service of this platform is not systemd's")


@pytest.fixture
def installing(home: Home) -> Home:
    """A home with a systemctl that writes down what it is told."""
    home.with_programs(systemctl=f'echo "$@" >> {home.directory}/told')
    (home.directory / "bin" / "candela").symlink_to(COMMAND)
    return home


def unit_of(home: Home) -> Path:
    return home.directory / ".config" / "systemd" / "user" / "candela.service"


def told(home: Home) -> list[str]:
    return (home.directory / "told").read_text().splitlines()


def exec_start(unit: Path) -> list[str]:
    parsed = ConfigParser(interpolation=None)
    parsed.read(unit)
    return shlex.split(parsed["Service"]["ExecStart"].replace("%%", "%").replace("$$", "$"))


@linux
async def test_the_service_serves_until_its_supervisor_ends_it(installing: Home) -> None:
    ran = await installing.run("install", "service", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert told(installing) == ["--user daemon-reload", "--user enable candela", "--user restart candela"]

    process = await asyncio.create_subprocess_exec(
        *exec_start(unit_of(installing)),
        env=installing.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert b"listens on" in await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@linux
async def test_it_serves_with_the_options_that_it_was_installed_with(installing: Home) -> None:
    config, data = installing.directory / "a config.toml", installing.directory / "50% $HOME"
    await installing.run("--config", str(config), "--data-dir", str(data), "install", "service", "--yes")

    assert exec_start(unit_of(installing))[1:] == ["--config", str(config), "--data-dir", str(data), "serve"]


@linux
async def test_uninstalling_stops_it_and_removes_it(installing: Home) -> None:
    await installing.run("install", "service", "--yes")
    (installing.directory / "told").unlink()

    ran = await installing.run("uninstall", "service", "--yes")

    assert ran.code == 0
    assert told(installing) == ["--user disable --now candela", "--user daemon-reload"]
    assert not unit_of(installing).exists()
    again = await installing.run("uninstall", "service", "--yes")
    assert (again.code, again.err) == (1, f"Error: There is no service: {unit_of(installing)} does not exist.\n")


@linux
async def test_what_systemd_refuses_is_said(home: Home) -> None:
    home.with_programs(systemctl='echo "Failed to connect to bus" >&2; exit 1')

    ran = await home.run("install", "service", "--yes")

    assert ran.code == 1
    assert ran.err == "Error: `systemctl --user daemon-reload` failed: Failed to connect to bus\n"
    assert unit_of(home).exists()


async def test_without_a_terminal_it_asks_for_yes(installing: Home) -> None:
    ran = await installing.run("install", "service")

    assert ran.code == 2
    assert "Give --yes" in ran.err
    assert not unit_of(installing).exists()


@linux
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
async def test_systemd_understands_all_of_its_unit(installing: Home) -> None:
    await installing.run("install", "service", "--yes")
    runtime = installing.directory / "run"
    runtime.mkdir(mode=0o700)
    process = await asyncio.create_subprocess_exec(
        *("systemd-analyze", "--user", "verify", str(unit_of(installing))),
        env={"PATH": os.environ["PATH"], "HOME": str(installing.directory), "XDG_RUNTIME_DIR": str(runtime)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "")


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), min_size=1))
def test_systemd_reads_the_command_as_it_is(words: list[str]) -> None:
    line = next(line for line in systemd_unit(words).splitlines() if line.startswith("ExecStart="))

    text = line.removeprefix("ExecStart=")
    assert shlex.split(text.replace("%%", "%").replace("$$", "$")) == words


def test_launchd_starts_it_at_login_and_again_after_a_failure() -> None:
    agent = plistlib.loads(launchd_agent(["/bin/candela", "serve"], Path("/home/u/candela.log")))

    assert agent["ProgramArguments"] == ["/bin/candela", "serve"]
    assert (agent["Label"], agent["RunAtLoad"], agent["KeepAlive"]) == ("candela", True, {"SuccessfulExit": False})
    assert agent["StandardOutPath"] == agent["StandardErrorPath"] == "/home/u/candela.log"
    assert agent["Umask"] == 0o077
