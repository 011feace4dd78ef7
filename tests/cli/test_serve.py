"""``candela serve``: the proxy in the foreground."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.cli.command import COMMAND, PATIENCE_S, Home
from tests.standin import Gate, Provider, error, message, text

Process = asyncio.subprocess.Process


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without opinions."""
    async with aiohttp.ClientSession() as session:
        yield session


async def serving(home: Home, **environment: str) -> Process:
    process = await home.start("serve", **environment)
    assert str(home.port) in await line(process)
    return process


async def line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readline()).decode()


async def ended(process: Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def ask(http: aiohttp.ClientSession, home: Home) -> aiohttp.client._RequestContextManager:
    return http.post(
        f"http://127.0.0.1:{home.port}/v1/messages",
        json={"model": "claude-opus-4-8", "stream": True, "max_tokens": 9, "messages": []},
    )


async def test_each_request_that_ended_is_a_line(home: Home, provider: Provider, http: aiohttp.ClientSession) -> None:
    process = await serving(home)
    provider.answer(message(text("Hello")))
    async with ask(http, home) as response:
        await response.read()
    said = await line(process)
    assert "ok  200  POST /v1/messages  claude-opus-4-8" in said
    provider.answer(error(529, "Over\x1b[31mloaded"))
    async with ask(http, home) as response:
        await response.read()
    said = await line(process)
    assert "error  529" in said
    assert "overloaded_error: Over␛[31mloaded" in said
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_live_stream_ends_before_it_leaves(
    number: signal.Signals, home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    process = await serving(home, CANDELA_PROXY__SHUTDOWN_GRACE_S="60")
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    async with ask(http, home) as response:
        await gate.reached()
        process.send_signal(number)
        gate.open()
        body = await response.read()
    assert body == (await provider.request(0)).sent
    code, out, _ = await ended(process)
    assert code == 0
    assert " ok  200 " in out
    assert '"outcome": "ok"' in (await home.run("requests", "--json")).out


async def test_a_candela_that_is_stopped_passes_on_what_came_meanwhile_when_it_goes_on(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    process = await serving(home)
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    async with ask(http, home) as response:
        await gate.reached()
        process.send_signal(signal.SIGSTOP)
        gate.open()
        await (await provider.request(0)).finished()
        process.send_signal(signal.SIGCONT)
        body = await response.read()
    assert body == (await provider.request(0)).sent
    assert "ok  200" in await line(process)
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0


async def test_a_second_ctrl_c_leaves_at_once(home: Home, provider: Provider, http: aiohttp.ClientSession) -> None:
    process = await serving(home, CANDELA_PROXY__SHUTDOWN_GRACE_S="600")
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    async with ask(http, home) as response, asyncio.timeout(PATIENCE_S):
        await gate.reached()
        while '"outcome": "live"' not in (await home.run("requests", "--json")).out:
            pass
        process.send_signal(signal.SIGINT)
        # It has begun to leave when it does not accept any more.
        while await accepts(home.port):
            pass
        process.send_signal(signal.SIGINT)
        await ended(process)
        with pytest.raises(aiohttp.ClientError):
            await response.read()
    assert '"outcome": "interrupted"' in (await home.run("requests", "--json")).out


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_output_that_nobody_reads_neither_stops_requests_nor_leaving(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(COMMAND, "serve", env=home.environment, stdout=writing)
    os.close(writing)
    async with asyncio.timeout(PATIENCE_S):
        while not await accepts(home.port):
            pass
    # Two of these lines are more than a pipe holds.
    for _ in range(4):
        provider.answer(error(400, "x" * 60_000))
        async with ask(http, home) as response:
            assert len(await response.read()) > 60_000
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == 0
    os.close(reading)


async def test_output_whose_reader_left_does_not_stop_it(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    process = await serving(home)
    assert process.stdout is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]
    for _ in range(3):
        async with ask(http, home) as response:
            assert response.status == 200
            await response.read()
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == 0


async def test_a_taken_port_names_the_other_candela(home: Home) -> None:
    process = await serving(home)
    second = await home.run("serve")
    assert second.code == 1
    assert "another candela" in second.err
    assert str(process.pid) in second.err
    process.send_signal(signal.SIGTERM)
    await ended(process)


async def test_a_ca_bundle_that_is_missing_ends_it_with_its_name(home: Home) -> None:
    result = await home.run("serve", CANDELA_PROXY__CA_BUNDLE="/nonexistent/ca.pem")
    assert result.code == 1
    assert "/nonexistent/ca.pem" in result.err
    assert "Traceback" not in result.err


async def test_a_rule_with_a_mistake_ends_it_and_the_check_with_its_key(home: Home) -> None:
    home.config.write_text('[[rules.tools]]\ndeny = ["Read"]\nmatch = "agnet:x"\n')
    words = f"{home.config}: rules.tools.0.match: the filter has a mistake at character 1: no field agnet: did you"
    for command in ("serve", "config check"):
        result = await home.run(*command.split())
        assert (result.code, words in result.err) == (1, True), result.err


async def test_without_a_data_directory_it_serves_and_says_that_nothing_is_kept(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    home.data.write_text("a file where the directory should be")
    home.environment["CANDELA_DATA_DIR"] = str(home.data / "below")
    process = await serving(home)
    async with ask(http, home) as response:
        assert response.status == 200
        await response.read()
    process.send_signal(signal.SIGTERM)
    code, _, err = await ended(process)
    assert code == 0
    assert f"{home.data / 'below'}: the data directory can't be used" in err


async def test_a_damaged_database_is_named_on_stderr_and_by_status_and_doctor(home: Home) -> None:
    home.data.mkdir()
    store = home.data / "candela.db"
    store.write_bytes(b"this was never a database" * 500)
    process = await serving(home)
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        warned = (await process.stderr.readline()).decode()
    assert "  WARNING  " in warned
    assert f"{store} was damaged" in warned
    (aside,) = home.data.glob("candela.db.broken-*")
    assert str(aside) in warned
    assert f"Warning: a damaged database was set aside as {aside}" in (await home.run("status")).out
    assert json.loads((await home.run("status", "--json")).out)["damaged_databases"] == [str(aside)]
    assert f"{aside} was set aside as damaged" in await doctor_says(home, "data.set-aside")
    process.send_signal(signal.SIGTERM)
    assert (await ended(process))[0] == 0


async def test_requests_that_can_not_be_stored_are_counted(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    home.data.mkdir()
    connection = sqlite3.connect(home.data / "candela.db")
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    process = await serving(home)
    assert process.stderr is not None
    for _ in range(2):
        async with ask(http, home) as response:
            await response.read()
    async with asyncio.timeout(PATIENCE_S):
        assert "is not candela's" in (await process.stderr.readline()).decode()
        while (told := json.loads((await home.run("status", "--json")).out)["storing"])["lost"] < 2:
            pass
    assert told["waiting"] == 0
    assert "is not candela's" in told["trouble"]
    said = (await home.run("status")).out
    assert "Warning: 2 requests could not be stored since it started." in said
    assert "2 requests could not be stored" in await doctor_says(home, "data.recording")
    process.send_signal(signal.SIGTERM)
    await ended(process)


async def test_requests_that_wait_for_the_database_are_counted_until_they_are_stored(
    home: Home, provider: Provider, http: aiohttp.ClientSession
) -> None:
    process = await serving(home)
    other = sqlite3.connect(home.data / "candela.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    async with ask(http, home) as response:
        await response.read()
    async with asyncio.timeout(PATIENCE_S):
        while "Warning: 1 request that ended could not be stored yet" not in (said := await home.run("status")).out:
            pass
        assert "is locked by another program" in said.out
        other.execute("ROLLBACK")
        other.close()
        while "Warning" in (await home.run("status")).out:
            pass
    assert json.loads((await home.run("requests", "--json")).out)[0]["outcome"] == "ok"
    process.send_signal(signal.SIGTERM)
    await ended(process)


async def doctor_says(home: Home, check_id: str) -> str:
    """What a check of the doctor says."""
    checks = json.loads((await home.run("doctor", "--offline", "--json")).out)["checks"]
    return " ".join(check["words"] for check in checks if check["id"] == check_id)


async def test_variables_alone_set_up_a_sidecar(home: Home, provider: Provider, http: aiohttp.ClientSession) -> None:
    del home.environment["CANDELA_PROXY__PORT"]
    process = await home.start("serve", "--log", "json", PROVIDERS="anthropic", PORT=str(home.port))
    begun = json.loads(await line(process))
    assert begun["message"].endswith(f"listens on http://127.0.0.1:{home.port}")
    provider.answer(message(text("Hello")))
    async with ask(http, home) as response:
        await response.read()
    ended_line = json.loads(await line(process))
    assert (ended_line["level"], ended_line["logger"]) == ("info", "candela_tui.requests")
    assert ended_line["time"].endswith("Z")
    request = ended_line["request"]
    assert (request["outcome"], request["status"], request["model"]) == ("ok", 200, "claude-opus-4-8")
    assert request["cost_usd"] > 0
    process.send_signal(signal.SIGTERM)
    code, out, err = await ended(process)
    assert code == 0
    assert all(json.loads(each) for each in (out + err).splitlines())
