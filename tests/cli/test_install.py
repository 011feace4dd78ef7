"""candela as its users install it: built as a package, and run from an environment of its own, in another directory."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from candela_tui import __version__
from tests.cli.command import Home
from tests.e2e.terminal import Terminal

ROOT = Path(__file__).parents[2]
MINUTES_S = 600
PIPX = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
"""Where pipx is: it is installed with what the tests need."""

pytestmark = [
    pytest.mark.install,
    pytest.mark.skipif(shutil.which("uv") is None, reason="builds and installs with uv"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="builds from what git tracks"),
]

ASK = """
import json, os, urllib.request
body = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
headers = {"Content-Type": "application/json", "X-Api-Key": "sk-ant-api03-test", "User-Agent": "claude-cli/2.1.332"}
url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
    print(answer.status, len(answer.read()) > 0)
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What candela can be installed from: a clone, and the two packages that are built from it."""
    directory = tmp_path_factory.mktemp("packages")
    clone = directory / "candela"
    tracked = _run("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, tracked):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    _run("uv", "build", "--quiet", "--out-dir", directory / "dist", clone)
    (sdist,) = (directory / "dist").glob("*.tar.gz")
    (wheel,) = (directory / "dist").glob("*.whl")
    return {"clone": clone, "sdist": sdist, "wheel": wheel}


@dataclass(frozen=True, slots=True)
class Installed:
    """A candela that was installed, and the variables with which the installer finds it again."""

    program: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.program.resolve().with_name("python")


def _run(*command: str | Path, **environment: str) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | environment
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=MINUTES_S)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _with_uv(source: Path, to: Path) -> Installed:
    places = {"UV_TOOL_DIR": str(to / "tools"), "UV_TOOL_BIN_DIR": str(to / "bin")}
    _run("uv", "tool", "install", "--quiet", source, **places)
    return Installed(to / "bin/candela", places)


def _with_pipx(source: Path, to: Path) -> Installed:
    places = {"PIPX_HOME": str(to / "pipx"), "PIPX_BIN_DIR": str(to / "bin"), "PIPX_MAN_DIR": str(to / "man")}
    _run("pipx", "install", "--quiet", source, **places, **PIPX)
    return Installed(to / "bin/candela", places | PIPX)


def _with_pip(source: Path, to: Path) -> Installed:
    _run("uv", "venv", "--quiet", "--seed", to)
    _run(to / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", source)
    return Installed(to / "bin/candela")


@pytest.mark.parametrize(
    ("install", "source"),
    [
        (_with_uv, "clone"),
        (_with_uv, "sdist"),
        (_with_uv, "wheel"),
        (_with_pipx, "clone"),
        (_with_pipx, "sdist"),
        (_with_pipx, "wheel"),
        (_with_pip, "sdist"),
        (_with_pip, "wheel"),
    ],
)
async def test_an_installed_candela_runs_a_client_in_another_directory(
    install: Callable[[Path, Path], Installed], source: str, sources: dict[str, Path], home: Home
) -> None:
    installed = await asyncio.to_thread(install, sources[source], home.directory / "installed")
    await _runs_a_client(installed.program, home)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
async def test_candela_runs_a_client_and_its_dashboard_on_each_python(
    version: str, sources: dict[str, Path], home: Home, terminal: Terminal
) -> None:
    python = await asyncio.to_thread(_interpreter, version)
    if python is None:
        pytest.skip(f"neither uv nor pyenv has a Python {version}")
    environment = home.directory / "python"
    await asyncio.to_thread(_run, "uv", "venv", "--quiet", "--python", python, environment)
    await asyncio.to_thread(_run, "uv", "pip", "install", "--quiet", "--python", environment, sources["wheel"])
    await _runs_a_client(environment / "bin/candela", home)
    await _plays_the_demo(environment / "bin/candela", home, terminal)


def _interpreter(version: str) -> str | None:
    """Return where a version of Python is on this machine, if there is one."""
    uv, pyenv = ["uv", "python", "find", "--no-project", version], ["pyenv", "prefix", version]
    for command, below in ((uv, ""), (pyenv, "/bin/python")):
        if shutil.which(command[0]) is not None:
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode == 0:
                return ran.stdout.strip() + below
    return None


async def _runs_a_client(candela: Path, home: Home) -> None:
    home.with_programs(claude=f"exec {sys.executable} -c '{ASK}'")
    assert (await home.run_program("--version", program=candela)).out == f"candela {__version__}\n"
    ran = await home.run_program("claude", "-p", "hi", program=candela)
    assert (ran.code, ran.out) == (0, "200 True\n"), ran.err
    assert ran.err.startswith("candela: started in the background")
    assert (await home.run_program("stop", program=candela)).code == 0
    recorded = await home.run_program("requests", "--json", program=candela)
    assert [request["outcome"] for request in json.loads(recorded.out)] == ["ok"]


async def test_an_installed_candela_plays_the_demo(sources: dict[str, Path], home: Home, terminal: Terminal) -> None:
    installed = await asyncio.to_thread(_with_uv, sources["wheel"], home.directory / "installed")
    await _plays_the_demo(installed.program, home, terminal)


async def _plays_the_demo(candela: Path, home: Home, terminal: Terminal) -> None:
    await terminal.open("it", [str(candela), "demo", "--speed", "20"], home.environment, home.directory)
    await terminal.shows("it", "Demo", "$", "Sessions")
    await terminal.press("it", "C-c")
    assert await terminal.exit_code("it") == 0


@pytest.mark.parametrize(("install", "source"), [(_with_uv, "clone"), (_with_pipx, "wheel"), (_with_pip, "wheel")])
def test_the_command_for_a_missing_package_adds_it_to_the_environment_of_candela(
    install: Callable[[Path, Path], Installed], source: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    installed = install(sources[source], tmp_path / "installed")
    say = "from candela_tui.installation import install_command; print(install_command('azure-identity', 'azure'))"
    command = _run(installed.python, "-c", say)
    _run(*shlex.split(command), **installed.environment)
    _run(installed.python, "-c", "import azure.identity, candela_tui")


def test_the_wheel_has_every_file_of_the_package_the_man_page_and_no_other(sources: dict[str, Path]) -> None:
    package = sources["clone"] / "candela_tui"
    ours = {str(path.relative_to(sources["clone"])) for path in package.rglob("*") if path.is_file()}
    man_page = f"candela_tui-{__version__}.data/data/share/man/man1/candela.1"
    with zipfile.ZipFile(sources["wheel"]) as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == ours | {man_page}


def test_the_sdist_has_every_file_that_its_documents_link_to_or_show(sources: dict[str, Path]) -> None:
    with tarfile.open(sources["sdist"]) as sdist:
        top = sdist.getnames()[0].split("/")[0]
        names = {name.removeprefix(f"{top}/") for name in sdist.getnames()}
        documents = [name for name in names if re.fullmatch(r"[A-Z]+\.md|docs/[\w-]+\.md", name)]
        links = set()
        for document in documents:
            text = sdist.extractfile(f"{top}/{document}").read().decode()
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
                if "://" not in link:
                    links.add(os.path.normpath(PurePosixPath(document).parent / link))
    assert {"README.md", "CHANGELOG.md", "docs/settings.md"} <= set(documents)
    assert {"LICENSE", "docs/settings.md", "screenshots/dashboard.svg"} <= links
    assert links - names == set()


def test_the_metadata_names_no_address_that_nobody_has(sources: dict[str, Path]) -> None:
    """A project without a home on the web links to none; README's own links are to files and to other projects."""
    with zipfile.ZipFile(sources["wheel"]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        fields = wheel.read(name).decode().split("\n\n", 1)[0]
    assert f"Version: {__version__}" in fields
    assert "Requires-Python: <3.15,>=3.11" in fields
    assert "Provides-Extra: azure" in fields
    assert re.findall("^(?:Project-URL|Home-page|Download-URL).*", fields, re.MULTILINE) == []
