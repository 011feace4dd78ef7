"""``candela`` itself: the dashboard with the proxy, in a real terminal."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.cli.command import PATIENCE_S, Home, open_window
from tests.e2e.terminal import Terminal
from tests.reports.exchanges import exchange
from tests.standin import Gate, Provider, message, text


async def test_it_serves_while_it_shows_and_stops_when_it_is_left(home: Home, terminal: Terminal) -> None:
    await open_window(terminal, "it", [], home.environment, home.directory)
    await terminal.shows("it", f"127.0.0.1:{home.port}", "candela claude")
    assert (await home.run("status")).code == 0
    await terminal.press("it", "q")
    assert await terminal.exit_code("it") == 0
    assert (await home.run("status")).code == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)])
async def test_a_signal_ends_it_and_what_crossed_is_kept(
    number: signal.Signals, code: int, home: Home, terminal: Terminal, provider: Provider
) -> None:
    await open_window(terminal, "it", [], home.environment, home.directory)
    await terminal.shows("it", f"127.0.0.1:{home.port}")
    async with aiohttp.ClientSession() as http, ask(http, f"127.0.0.1:{home.port}") as response:
        await response.read()
    os.kill(json.loads((await home.run("status", "--json")).out)["pid"], number)
    assert await terminal.exit_code("it") == code
    (kept,) = json.loads((await home.run("requests", "--json")).out)
    assert kept["outcome"] == "ok"


async def test_where_another_candela_has_the_port_it_attaches_to_that_one(home: Home, terminal: Terminal) -> None:
    home.record(exchange(session_title="Mend the weather vane"))
    await home.run("start")
    elsewhere = {**home.environment, "CANDELA_DATA_DIR": str(home.directory / "elsewhere")}
    await open_window(terminal, "it", [], elsewhere, home.directory)
    await terminal.shows("it", "Attached to candela", f"127.0.0.1:{home.port}", "Mend the weather vane")
    await terminal.press("it", "q")
    assert await terminal.exit_code("it") == 0
    assert (await home.run("status")).code == 0


async def test_a_port_that_another_program_has_is_explained(home: Home, terminal: Terminal) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", home.port)
    async with server:
        await open_window(terminal, "it", [], home.environment, home.directory)
        expected = f"pid {os.getpid()}" if sys.platform == "linux" else "another program"
        await terminal.shows("it", f"Port {home.port}", expected, "candela config set proxy.port 8182")
        assert await terminal.exit_code("it") == 1


async def test_without_a_terminal_it_says_what_else_there_is(home: Home) -> None:
    for arguments in ([], ["demo"]):
        result = await home.run(*arguments)
        assert result.code == 1
        assert "terminal" in result.err
    assert "candela serve" in (await home.run()).err
    assert not home.data.exists()


async def test_the_demo_plays_sessions_and_leaves_nothing_behind(home: Home, terminal: Terminal) -> None:
    temporary = home.directory / "tmp"
    temporary.mkdir()
    environment = {**home.environment, "TMPDIR": str(temporary), "HTTP_PROXY": "http://127.0.0.1:9"}
    # None of these is for simulated requests.
    environment["CANDELA_STORE__URL"] = "postgresql://127.0.0.1:9/candela"
    lines = home.directory / "requests.jsonl"
    home.config.write_text(f'rules.models.deny = ["*"]\nsinks.json_lines.path = "{lines}"\n')
    await open_window(terminal, "it", ["demo", "--speed", "20"], environment, home.directory)
    await terminal.shows("it", "Demo", "All sessions")
    assert list(temporary.glob("candela-demo-*/candela.db"))
    await terminal.press("it", "C-c")
    assert await terminal.exit_code("it") == 0
    assert not list(temporary.glob("candela-demo-*"))
    assert not lines.exists()
    assert not home.data.exists()


async def test_the_demo_keeps_its_records_where_it_is_told_to(home: Home, terminal: Terminal) -> None:
    data = home.directory / "kept"
    arguments = ["--data-dir", str(data), "demo", "--speed", "20"]
    await open_window(terminal, "it", arguments, home.environment, home.directory)
    await terminal.shows("it", "Demo", "All sessions")
    await terminal.press("it", "C-c")
    assert await terminal.exit_code("it") == 0
    assert (data / "candela.db").exists()


async def test_an_error_of_the_dashboard_ends_the_dashboard_and_not_the_proxy(
    home: Home, terminal: Terminal, provider: Provider
) -> None:
    root = Path(__file__).parents[2]
    failing = [sys.executable, "-m", "tests.cli.failing_dashboard"]
    await terminal.open("it", failing, home.environment | {"PYTHONPATH": str(root)}, home.directory)
    await terminal.shows("it", f"127.0.0.1:{home.port}", "candela claude")
    gate = Gate()
    provider.answer(message(text("Hel", gate, "lo")))
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
        address = f"127.0.0.1:{home.port}"
        async with ask(http, address) as response:
            await gate.reached()
            await terminal.press("it", "!")
            said = await terminal.shows("it", "The dashboard ended by an error", f"keeps running at http://{address}")
            gate.open()
            assert await response.read() == (await provider.request(0)).sent
        # What is asked afterwards is answered as well, until a signal says that it is enough.
        async with ask(http, address) as response:
            assert response.status == 200
            await response.read()
        assert "candela attach" in said
        assert "ZeroDivisionError" not in said
        await open_window(terminal, "other", ["attach"], home.environment, home.directory)
        await terminal.shows("other", "Attached to candela", "claude-opus-4-8"[7:])
    await terminal.press("it", "C-c")
    assert await terminal.exit_code("it") == 1
    assert "ZeroDivisionError: a bug of the dashboard" in (home.data / "candela.log").read_text()
    assert len(json.loads((await home.run("requests", "--json")).out)) == 2


def ask(http: aiohttp.ClientSession, address: str) -> aiohttp.client._RequestContextManager:
    return http.post(f"http://{address}/v1/messages", json={"model": "claude-opus-4-8", "stream": True, "messages": []})
