"""The command starts at once: what a command does not need is not imported."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from candela_tui import __version__
from tests.cli.command import Home

HEAVY = ("textual", "boto3", "botocore", "google.auth", "genai_prices", "aiohttp", "sqlalchemy", "alembic", "uvloop")

REPORT = f"""
import atexit, json, sys
heavy = {HEAVY!r}
atexit.register(lambda: print(json.dumps([name for name in heavy if name in sys.modules]), file=sys.stderr))
from candela_tui.cli.main import main
main()
"""


def imported_by(home: Home, *arguments: str) -> list[str]:
    """Which heavy packages a command imports."""
    ran = subprocess.run(
        [sys.executable, "-c", REPORT, *arguments], env=home.environment, capture_output=True, text=True, check=False
    )
    found: list[str] = json.loads(ran.stderr.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "--help",
        "env",
        "env --json",
        "status",
        "stop",
        "config path",
        "config get",
        "config check",
        "config set proxy.port 8182",
        "sessions --help",
        "claude",
        "nosuchcommand",
    ],
)
async def test_a_small_command_imports_no_heavy_package(arguments: str, home: Home) -> None:
    home.environment["PATH"] = "/usr/bin:/bin"
    assert imported_by(home, *arguments.split()) == []


async def test_running_a_program_through_a_candela_that_runs_imports_no_heavy_package(home: Home) -> None:
    await home.run("start")
    not_a_program = home.directory / "text"
    not_a_program.touch(mode=0o755)
    assert imported_by(home, "exec", "--", str(not_a_program)) == []


async def test_reading_the_records_imports_neither_the_proxy_nor_the_dashboard(home: Home) -> None:
    assert imported_by(home, "sessions") == ["sqlalchemy"]


async def test_the_version_is_that_of_the_package(home: Home) -> None:
    assert (await home.run("--version")).out == f"candela {__version__}\n"


ON_WINDOWS = """
import importlib, sys
sys.platform = "win32"
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "uvloop"):
    sys.modules[name] = None
module, _, function = sys.argv[1].partition(":")
getattr(importlib.import_module(module), function)()
"""


def test_on_windows_the_program_says_that_wsl_works_before_it_imports_what_windows_lacks() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    ran = subprocess.run(
        [sys.executable, "-c", ON_WINDOWS, project["scripts"]["candela"]], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "candela does not run on Windows itself. It runs in WSL" in ran.stderr
    assert "Traceback" not in ran.stderr
