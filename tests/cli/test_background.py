"""``candela start``, ``stop`` and ``status``: one process in the background, and never another one by mistake."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.command import PATIENCE_S, Home
from tests.proxy.running import WireClient


async def status(home: Home) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((await home.run("status", "--json")).out)
    return document


async def test_start_returns_when_the_proxy_answers(home: Home) -> None:
    # A new interpreter, which starts another one. Elsewhere both are forked.
    started = await home.run_program("start")
    assert started.code == 0
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{home.port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert b'"name": "candela"' in answer


async def test_status_says_who_runs_where_since_when_and_where_it_leads(home: Home) -> None:
    await home.run("start", CANDELA_PROXY__DEFAULT_ROUTE="anthropic-vertex")
    told = await home.run("status")
    assert told.code == 0
    assert f"http://127.0.0.1:{home.port} in the background" in told.out
    document = await status(home)
    assert "anthropic-vertex, to Google Vertex AI" in told.out
    assert document["route"] == "anthropic-vertex"
    assert document["data_dir"] == str(home.data)
    assert document["url"] == f"http://127.0.0.1:{home.port}"
    assert document["started_at"].endswith("Z")
    os.kill(document["pid"], 0)


async def test_status_without_a_candela_says_so_and_fails(home: Home) -> None:
    told = await home.run("status")
    assert told.code == 1
    assert f"No candela is running on port {home.port}" in told.out
    assert str(home.data) in told.out
    document = await status(home)
    assert (document["running"], document["background"], document["pid"]) == (False, False, None)


async def test_starting_twice_keeps_the_first(home: Home) -> None:
    await home.run("start")
    first = await status(home)
    again = await home.run("start")
    assert again.code == 0
    assert "is already running" in again.out
    assert await status(home) == first


async def test_starting_with_another_data_directory_says_where_the_records_go_and_fails(home: Home) -> None:
    await home.run("start")
    other = await home.run("--data-dir", str(home.directory / "other"), "start")
    assert other.code == 1
    assert f"stores its records in {home.data}, not in {home.directory / 'other'}" in other.err
    assert not (home.directory / "other").exists()
    home.environment.pop("CANDELA_DATA_DIR")
    again = await home.run("start")
    home.environment["CANDELA_DATA_DIR"] = str(home.data)
    assert (again.code, f"stores its records in {home.data}." in again.out) == (0, True)


async def test_stop_ends_it_and_stopping_again_is_no_failure(home: Home) -> None:
    await home.run("start")
    stopped = await home.run("stop")
    assert (stopped.code, "has stopped" in stopped.out) == (0, True)
    assert not (await status(home))["running"]
    assert not (home.data / "candela.pid").exists()
    again = await home.run("stop")
    assert (again.code, again.out) == (0, "No candela is running in the background.\n")


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless_umask")
async def test_what_it_writes_is_for_its_user_alone_whatever_the_umask(home: Home) -> None:
    written = home.directory / "requests.jsonl"
    await home.run("start", CANDELA_SINKS__JSON_LINES__PATH=str(written))
    async with WireClient(home.port) as client:
        await client.post("/v1/messages", headers="Connection: close\r\n")
        assert b"message_stop" in await client.rest()
    await home.run("stop")
    files = {path.name: path for path in (*home.data.rglob("*"), written)}
    assert files.keys() >= {"candela.db", "candela.log", "api-token", "requests.jsonl"}
    assert home.data.stat().st_mode & 0o777 == 0o700
    assert {name: oct(path.stat().st_mode & 0o077) for name, path in files.items() if path.stat().st_mode & 0o077} == {}


async def test_a_pid_file_that_a_killed_process_left_is_not_believed(home: Home) -> None:
    await home.run("start")
    pid = (await status(home))["pid"]
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_S):
        while (await status(home))["running"]:
            pass
    assert (home.data / "candela.pid").exists()
    assert (await home.run("stop")).out == "No candela is running in the background.\n"
    assert (await home.run("start")).code == 0
    assert (await status(home))["pid"] != pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_process_that_got_the_pid_later_is_left_alone(home: Home) -> None:
    await home.run("start")
    file = home.data / "candela.pid"
    document = json.loads(file.read_text())
    await home.run("stop")
    bystander = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        file.write_text(json.dumps({**document, "pid": bystander.pid}))
        assert not (await status(home))["running"]
        assert (await home.run("stop")).out == "No candela is running in the background.\n"
        assert bystander.returncode is None
        os.kill(bystander.pid, 0)
    finally:
        bystander.kill()
        await bystander.wait()
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "12345"])
async def test_a_damaged_pid_file_counts_as_none(text: str, home: Home) -> None:
    home.data.mkdir()
    file = home.data / "candela.pid"
    file.write_text(text)
    assert (await home.run("stop")).out == "No candela is running in the background.\n"
    file.unlink()


async def test_stop_leaves_a_candela_in_the_foreground_alone(home: Home) -> None:
    serving = await home.start("serve")
    assert serving.stdout is not None
    await serving.stdout.readline()
    stopped = await home.run("stop")
    assert stopped.code == 1
    assert f"pid {serving.pid}" in stopped.err
    assert (await status(home))["pid"] == serving.pid
    serving.send_signal(signal.SIGTERM)
    await serving.communicate()
    assert serving.returncode == 0


async def test_a_second_background_candela_for_the_same_records_is_refused(home: Home) -> None:
    await home.run("start")
    other = Home(home.directory)
    result = await other.run("start")
    assert result.code == 1
    assert f"on port {home.port}" in result.err


async def test_a_port_that_another_program_has_is_explained(home: Home) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", home.port)
    async with server:
        result = await home.run("start")
    assert result.code == 1
    assert f"pid {os.getpid()}" in result.err
    assert "CANDELA_PROXY__PORT" in result.err


async def test_a_wrong_setting_is_told_at_once(home: Home) -> None:
    home.config.write_text("[proxy]\nprot = 1\n")
    result = await home.run("start")
    assert result.code == 1
    assert "did you mean proxy.port?" in result.err


async def test_what_goes_wrong_with_the_records_is_in_the_log(home: Home) -> None:
    home.data.mkdir(mode=0o700)
    (home.data / "candela.db").write_bytes(b"this was never a database" * 500)
    await home.run("start")
    log = home.data / "candela.log"
    async with asyncio.timeout(PATIENCE_S):
        while "was damaged" not in (said := log.read_text()):
            await home.run("status")
    assert "  WARNING  candela_tui.notices: " in said


async def test_settings_that_others_could_have_written_are_named(home: Home) -> None:
    ran = home.directory / "ran"
    home.config.write_text(f'[anthropic]\nkey_command = "touch {ran}; echo sk-ant-1"\n')
    home.config.chmod(0o666)
    home.data.mkdir()
    home.data.chmod(0o777)
    started = await home.run("start")
    assert started.code == 0
    assert f"Warning: {home.config} can be written by others" in started.err
    assert f"Warning: The data directory {home.data} can be written by others" in started.err
    log = (home.data / "candela.log").read_text()
    assert f"WARNING  candela_tui.notices: {home.config} can be written by others" in log
    checks = json.loads((await home.run("doctor", "--offline", "--json")).out)["checks"]
    (said,) = [check["words"] for check in checks if check["id"] == "data.config"]
    assert "no key_command" in said
    assert not ran.exists()
