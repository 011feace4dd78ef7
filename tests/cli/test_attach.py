"""``candela attach``: the dashboard of a candela that runs already, in a real terminal."""

import asyncio
import json
import os
import signal
import stat
from datetime import UTC, datetime

import aiohttp

from tests.cli.command import COMMAND, PATIENCE_S, Home, open_window
from tests.e2e.terminal import Terminal
from tests.reports.exchanges import exchange
from tests.standin import Gate, Provider, message, text

MESSAGES = [{"role": "user", "content": "mend the weather vane"}]


async def ask(home: Home, session: str = "vane") -> bytes:
    """A request through the running candela."""
    body = {"model": "claude-opus-4-8", "max_tokens": 64, "stream": True, "messages": MESSAGES}
    headers = {"X-Claude-Code-Session-Id": session}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"http://127.0.0.1:{home.port}/v1/messages", json=body, headers=headers) as response,
    ):
        return await response.read()


async def test_it_shows_live_what_goes_through_a_candela_in_the_background(
    home: Home, terminal: Terminal, provider: Provider
) -> None:
    await home.run("start")
    await open_window(terminal, "it", ["attach"], home.environment, home.directory)
    await terminal.shows("it", "Attached to candela", "keeps it running")
    gate = Gate()
    provider.answer(message(text("It turns ", gate, "again.")))
    asking = asyncio.create_task(ask(home))
    await gate.reached()
    await terminal.shows("it", "mend the weather vane", "1 live")
    await terminal.press("it", "l", "Enter")
    await terminal.shows("it", "Raw request")
    await terminal.press("it", "5")
    await terminal.shows("it", "It turns")
    gate.open()
    await asking
    await terminal.shows("it", "It turns again.", "end_turn")
    await terminal.press("it", "q")
    # Keys typed before a screen closed are not the next screen's.
    await terminal.shows("it", "All sessions")
    await terminal.press("it", "q")
    assert await terminal.exit_code("it") == 0
    assert (await home.run("status")).code == 0


async def test_leaving_asks_nothing_about_streams_that_go_on(
    home: Home, terminal: Terminal, provider: Provider
) -> None:
    await home.run("start")
    gate = Gate()
    provider.answer(message(text("It turns ", gate, "again.")))
    asking = asyncio.create_task(ask(home))
    await gate.reached()
    await open_window(terminal, "it", ["attach"], home.environment, home.directory)
    await terminal.shows("it", "mend the weather vane", "1 live")
    await terminal.press("it", "q")
    assert await terminal.exit_code("it") == 0
    gate.open()
    assert await asking == (await provider.request(0)).sent


async def test_a_candela_that_ends_is_waited_for(home: Home, terminal: Terminal) -> None:
    home.record(exchange(session_title="Mend the weather vane"))
    await home.run("start")
    await open_window(terminal, "it", ["attach"], home.environment, home.directory)
    await terminal.shows("it", "Attached to candela", "Mend the weather vane")
    os.kill(json.loads((await home.run("status", "--json")).out)["pid"], signal.SIGKILL)
    await terminal.shows("it", "still shown", "Mend the weather vane")
    await home.run("start")
    await terminal.shows("it", "keeps it running")
    await ask(home, "afterwards")
    await terminal.shows("it", "mend the weather vane")


async def test_the_port_chooses_which_candela(home: Home, terminal: Terminal) -> None:
    await home.run("start")
    elsewhere = {
        **home.environment,
        "CANDELA_DATA_DIR": str(home.directory / "elsewhere"),
        "CANDELA_PROXY__PORT": "9",
    }
    await open_window(terminal, "it", ["attach", "--port", str(home.port)], elsewhere, home.directory)
    await terminal.shows("it", "Attached to candela", f"127.0.0.1:{home.port}")


async def test_without_the_token_its_store_is_watched(home: Home, terminal: Terminal) -> None:
    home.record(exchange(session_title="Mend the weather vane", started_at=datetime(2026, 1, 5, tzinfo=UTC)))
    await home.run("start")
    (home.data / "api-token").unlink()
    await open_window(terminal, "it", ["attach"], home.environment, home.directory)
    await terminal.shows("it", "Another candela", "Mend the weather vane")
    await ask(home)
    await terminal.shows("it", "mend the weather vane")


async def test_where_none_runs_it_says_how_to_start_one(home: Home, terminal: Terminal) -> None:
    await open_window(terminal, "it", ["attach"], home.environment, home.directory)
    await terminal.shows("it", f"No candela is running on port {home.port}", "candela start")
    assert await terminal.exit_code("it") == 1


async def test_without_a_terminal_it_says_what_else_there_is(home: Home) -> None:
    result = await home.run("attach")
    assert result.code == 1
    assert "candela status" in result.err


async def test_status_names_it(home: Home) -> None:
    await home.run("start")
    assert "candela attach" in (await home.run("status")).out


async def test_the_token_is_made_at_the_start_for_the_user_only_and_kept(home: Home) -> None:
    await home.run("start")
    token = home.data / "api-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    before = token.read_text()
    await home.run("stop")
    await home.run("start")
    assert token.read_text() == before
    assert before.strip() not in (home.data / "candela.log").read_text()


async def test_it_draws_for_a_browser_that_textual_serve_runs_it_for(home: Home) -> None:
    await home.run("start")
    # What textual-serve 1.1.3 sets, and how it speaks: packets of a type, a length and bytes, over pipes.
    environment = {
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TERM_PROGRAM": "textual",
        "COLUMNS": "120",
        "ROWS": "36",
    }
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "attach",
        env={**home.environment, **environment},
        cwd=home.directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert await process.stdout.readline() == b"__GANGLION__\n"
        drawn = b""
        while b"Attached to candela" not in drawn:
            header = await process.stdout.readexactly(5)
            packet = await process.stdout.readexactly(int.from_bytes(header[1:], "big"))
            drawn += packet if header[:1] == b"D" else b""
        leave = json.dumps({"type": "quit"}).encode()
        process.stdin.write(b"M" + len(leave).to_bytes(4, "big") + leave)
        await process.communicate()
    assert process.returncode == 0
