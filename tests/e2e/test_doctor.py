"""What the doctor takes the real client to do is what it does."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from candela_tui.config import Settings
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.client_settings import client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.http_proxy import READS_ALL_PROXY_SINCE, excludes_loopback
from candela_tui.doctor.key_helper import check_key_helper
from candela_tui.paths import default_paths
from tests.doctor.conftest import write_settings
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.standin import Provider

pytestmark = pytest.mark.e2e

NAME = "ANTHROPIC_BASE_URL"


@contextlib.asynccontextmanager
async def providers(count: int) -> AsyncIterator[list[Provider]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Provider()) for _ in range(count)]


def context_in(folder: Path, environ: dict[str, str]) -> DoctorContext:
    (folder / "project").mkdir()
    return DoctorContext(
        default_paths(folder / "config.toml", folder / "data"),
        Settings(),
        environ=environ,
        home=folder / "home",
        directory=folder / "project",
        managed=folder / "managed",
    )


def asked_for_a_message(provider: Provider) -> bool:
    return any(request.method == "POST" and "/v1/messages" in request.target for request in provider.requests)


@pytest.mark.parametrize("files", [("user",), ("user", "project"), ("user", "project", "local"), ("user", "broken")])
async def test_the_settings_file_that_wins_is_the_one_that_the_client_follows(
    files: tuple[str, ...], claude: Claude, tmp_path: Path
) -> None:
    async with providers(len(files) + 1) as [shell, *others]:
        environ = clean_environment(tmp_path / "home", **{NAME: shell.url})
        context = context_in(tmp_path, environ)
        project = context.directory / ".claude"
        places = {
            "user": context.home / ".claude" / "settings.json",
            "project": project / "settings.json",
            "local": project / "settings.local.json",
        }
        for file, provider in zip(files, others, strict=True):
            if file == "broken":
                write_settings(places["project"], f'// mine\n{{"env": {{"{NAME}": "{provider.url}"}}}}')
            else:
                write_settings(places[file], {"env": {NAME: provider.url}})
        await run_claude(claude, "hello", environ, context.directory)
        expected = client_environment(context).get(NAME)
        assert expected is not None
        assert [provider.url for provider in (shell, *others) if asked_for_a_message(provider)] == [expected.value]


async def test_all_proxy_is_read_by_the_versions_that_the_doctor_says(claude: Claude, tmp_path: Path) -> None:
    version = claude.known_version
    async with providers(2) as [direct, proxy]:
        environ = clean_environment(tmp_path / "home", **{NAME: direct.url, "ALL_PROXY": proxy.url})
        (tmp_path / "project").mkdir()
        await run_claude(claude, "hello", environ, tmp_path / "project")
        assert asked_for_a_message(proxy) is (version >= READS_ALL_PROXY_SINCE)
        assert asked_for_a_message(direct) is not asked_for_a_message(proxy)


@pytest.mark.parametrize(
    "exceptions",
    [
        {},
        {"NO_PROXY": "localhost,127.0.0.0/8"},
        {"NO_PROXY": "localhost, 127.0.0.1"},
        {"NO_PROXY": "127.0.0.1", "no_proxy": "localhost"},
    ],
    ids=str,
)
async def test_an_exception_from_the_http_proxy_is_one_for_the_client_too(
    exceptions: dict[str, str], claude: Claude, tmp_path: Path
) -> None:
    version = claude.known_version
    async with providers(2) as [direct, proxy]:
        environ = clean_environment(tmp_path / "home", **{NAME: direct.url, "HTTPS_PROXY": proxy.url, **exceptions})
        context = context_in(tmp_path, environ)
        await run_claude(claude, "hello", environ, context.directory)
        assert asked_for_a_message(direct) is excludes_loopback(client_environment(context), version)
        assert asked_for_a_message(proxy) is not asked_for_a_message(direct)


@pytest.mark.parametrize("command", ["echo sk-ant-api03-of-the-helper", "echo key; exit 3", "true", "nosuch-helper"])
async def test_a_key_helper_gives_the_client_a_key_if_the_doctor_says_so(
    command: str, claude: Claude, tmp_path: Path
) -> None:
    async with providers(1) as [provider]:
        environ = clean_environment(tmp_path / "home", **{NAME: provider.url})
        for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
            environ.pop(name, None)
        context = context_in(tmp_path, environ)
        write_settings(context.home / ".claude" / "settings.json", {"apiKeyHelper": command})
        [check] = check_key_helper(context)
        await run_claude(claude, "hello", environ, context.directory)
        keys = {request.header("x-api-key") for request in provider.requests if "/v1/messages" in request.target}
        assert any(key and key.strip() for key in keys) is (check.state is CheckState.OK)
