"""Whether candela runs, and who has its port."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from candela_tui import __version__
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.port import check_port
from candela_tui.doctor.run_checks import in_thread
from candela_tui.paths import default_paths
from tests.doctor.conftest import MakeContext
from tests.proxy.running import running
from tests.standin import Provider
from tests.standin.answers import json_answer

LISTENS = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    while True:
        server.accept()[0].close()
"""


@contextmanager
def program_on_a_port(*arguments: str) -> Iterator[tuple[int, int]]:
    with subprocess.Popen([sys.executable, "-c", LISTENS, *arguments], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield int(program.stdout.readline()), program.pid
        finally:
            program.kill()


def test_a_candela_that_does_not_run_is_said_to_be_startable(make_context: MakeContext) -> None:
    context = make_context()
    [check] = check_port(context)
    assert check.state is CheckState.WARN
    assert check.words == f"not running: nothing listens on 127.0.0.1:{context.settings.proxy.port}"
    assert "candela start" in check.fix


async def test_a_candela_that_runs_is_named_with_version_and_pid(
    make_context: MakeContext, provider: Provider, tmp_path: Path
) -> None:
    async with running(provider, tmp_path) as proxy:
        context = make_context({"proxy": {"port": proxy.port}}, paths=proxy.paths)
        [check] = await in_thread(lambda: check_port(context))
        assert (check.state, check.words.split(" (")[0]) == (
            CheckState.OK,
            f"{__version__} runs on 127.0.0.1:{proxy.port}",
        )
        assert re.search(r" since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", check.words)


async def test_a_candela_with_other_records_is_told(
    make_context: MakeContext, provider: Provider, tmp_path: Path
) -> None:
    async with running(provider, tmp_path) as proxy:
        context = make_context({"proxy": {"port": proxy.port}}, paths=default_paths(data=tmp_path / "elsewhere"))
        [check] = await in_thread(lambda: check_port(context))
        assert check.state is CheckState.WARN
        assert f"keeps its records in {tmp_path}, not in {tmp_path / 'elsewhere'}" in check.words


async def test_a_candela_of_another_version_is_told(make_context: MakeContext, provider: Provider) -> None:
    document = {"name": "candela", "pid": 7, "version": "0.0.9", "started_at": "2026-11-21T10:00:00Z"}
    provider.respond = lambda _request: json_answer(document)
    context = make_context({"proxy": {"port": int(provider.url.rpartition(":")[2])}})
    [check] = await in_thread(lambda: check_port(context))
    assert check.state is CheckState.WARN
    assert check.words.endswith(f"this command is version {__version__}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which process listens")
def test_another_program_on_the_port_is_named_without_its_arguments(make_context: MakeContext) -> None:
    with program_on_a_port("--api-key", "sk-ant-of-another") as (port, pid):
        [check] = check_port(make_context({"proxy": {"port": port}}))
    assert check.state is CheckState.BAD
    assert f"port {port} is taken by {Path(sys.executable).name} (pid {pid})" in check.words
    assert "sk-ant" not in check.words
    assert "candela config set proxy.port" in check.fix
