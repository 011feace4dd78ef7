"""The command starts at once: what a command does not need is not imported."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from candela_tui import __version__
from tests.cli.command import Home

HEAVY = (
    "aiohttp",
    "alembic",
    "asyncio",
    "boto3",
    "botocore",
    "cryptography",
    "genai_prices",
    "google.auth",
    "keyring",
    "pathspec",
    "requests",
    "rich.text",
    "sqlalchemy",
    "textual",
    "tomlkit",
    "tree_sitter_bash",
    "uvloop",
    "zstandard",
)
SETTINGS = ("pydantic", "msgspec", "tomllib")
"""What a command that reads no settings does not need either."""

REPORT = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))
from candela_tui.cli.main import main
main()
"""


def modules_of(home: Home, *arguments: str) -> set[str]:
    """Every module that a command imports, also of Python itself."""
    ran = subprocess.run(
        [sys.executable, "-c", REPORT, *arguments], env=home.environment, capture_output=True, text=True, check=False
    )
    return set(json.loads(ran.stderr.splitlines()[-1]))


def imported_by(home: Home, *arguments: str) -> list[str]:
    """Which heavy packages a command imports."""
    return sorted(modules_of(home, *arguments).intersection(HEAVY))


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        ("--version", 135),
        ("--help", 135),
        ("nosuchcommand", 135),
        ("serve --help", 135),
        ("attach --help", 135),
        ("demo --help", 135),
        ("doctor --help", 135),
        ("logs", 170),
        ("statusline", 166),
    ],
)
async def test_a_command_without_settings_imports_little_more_than_click(arguments: str, most: int, home: Home) -> None:
    modules = modules_of(home, *arguments.split())
    assert sorted(modules.intersection(HEAVY + SETTINGS)) == []
    assert len(modules) <= most


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        ("env", 348),
        ("env --json", 348),
        ("claude", 348),
        ("status", 328),
        ("stop", 328),
        ("config path", 260),
        ("config get", 298),
        ("config check", 298),
        ("config set proxy.port 8182", 300),
        ("sessions --help", 225),
    ],
)
async def test_a_small_command_imports_no_heavy_package_and_few_modules(arguments: str, most: int, home: Home) -> None:
    home.environment["PATH"] = str(home.directory)  # There may be a claude among the machine's own programs.
    modules = modules_of(home, *arguments.split())
    assert sorted(modules.intersection(HEAVY)) == []
    assert len(modules) <= most


async def test_running_a_program_through_a_candela_that_runs_imports_no_heavy_package(home: Home) -> None:
    await home.run("start")
    not_a_program = home.directory / "text"
    not_a_program.touch(mode=0o755)
    assert imported_by(home, "exec", "--", str(not_a_program)) == []


async def test_asking_a_background_candela_how_it_is_reads_no_settings(home: Home) -> None:
    await home.run("start")
    modules = modules_of(home, "status")
    assert sorted(modules.intersection((*HEAVY, *SETTINGS, "http.client"))) == []
    assert len(modules) <= 230


async def test_the_status_reads_no_settings_where_none_are_made(home: Home) -> None:
    for name in [name for name in home.environment if "__" in name]:
        del home.environment[name]
    modules = modules_of(home, "status")
    assert sorted(modules.intersection((*HEAVY, *SETTINGS, "http.client"))) == []
    assert len(modules) <= 205


async def test_reading_the_records_imports_neither_the_proxy_nor_the_dashboard(home: Home) -> None:
    modules = modules_of(home, "sessions")
    assert sorted(modules.intersection(HEAVY)) == ["asyncio", "sqlalchemy", "zstandard"]
    assert len(modules) <= 483


FIRST_SCREEN = """
from candela_tui.cli.dashboard.own import open_dashboard
from candela_tui.config import Settings
from candela_tui.providers.identity import RouteName
from candela_tui.providers.registry import destination
destination(RouteName.DIRECT, Settings())
import json, sys
print(json.dumps(list(sys.modules)))
"""


def test_the_first_screen_of_the_dashboard_waits_for_neither_the_proxy_nor_the_store() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_SCREEN], capture_output=True, text=True, check=True)
    modules = set(json.loads(ran.stdout))
    assert modules.intersection(HEAVY) <= {"asyncio", "rich.text", "textual", "zstandard"}
    assert len(modules) <= 970


async def test_looking_for_credentials_imports_neither_the_store_nor_the_dashboard(home: Home) -> None:
    assert {"sqlalchemy", "alembic", "textual", "uvloop", "boto3"}.isdisjoint(imported_by(home, "providers"))


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


VALIDATORS = """
from pydantic import BaseModel
from candela_tui.config import Settings, validated
validated({"cache": {"ask_provider": True}, "rules": {"dry_run": True}}, "config.toml", {})
sections = [Settings]
for section in sections:
    sections += [kind for field in section.model_fields.values()
                 if isinstance(kind := field.annotation, type) and issubclass(kind, BaseModel)]
print(len(sections), *(section.__name__ for section in sections if section.__pydantic_complete__))
"""


def test_reading_the_settings_does_not_build_the_validator_of_all_sections() -> None:
    ran = subprocess.run([sys.executable, "-c", VALIDATORS], capture_output=True, text=True, check=True)
    sections, *built = ran.stdout.split()
    assert (int(sections) > 20, built) == (True, [])
