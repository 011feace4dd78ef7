"""Output where the terminal's encoding lacks characters, and terminals that can't show the dashboard."""

import asyncio
import json
import os

import pytest

from tests.cli.command import Home, open_window
from tests.e2e.terminal import Terminal
from tests.reports.exchanges import exchange


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
async def test_no_encoding_ends_a_command(home: Home, encoding: str) -> None:
    home.record(exchange(session_title="Größe → 日本 😀"))
    home.environment["PYTHONIOENCODING"] = encoding
    told = await home.run_program("sessions", "--json")
    assert (told.code, told.err) == (0, "")
    assert json.loads(told.raw.decode("ascii"))[0]["title"] == "Größe → 日本 😀"
    shown = await home.run_program("sessions")
    assert (shown.code, shown.err) == (0, "")
    assert "?" in shown.raw.decode(encoding)


async def test_status_names_who_else_has_the_port(home: Home) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", home.port)
    async with server:
        said = await home.run("status")
    assert said.code == 1
    assert "the port is taken by" in said.out
    assert str(os.getpid()) in said.out or "another program" in said.out
    assert "candela config set proxy.port" in said.out


async def test_status_says_since_when_to_the_second(home: Home) -> None:
    await home.run("start")
    said = await home.run("status")
    since = next(line for line in said.out.splitlines() if line.startswith("Started at "))
    assert since[len("Started at 2026-11-21 12:00:00")] == "."
    assert "T" not in since[: len("Started at 2026-11-21 12:00:00")].removeprefix("Started at ")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"TERM": "dumb"}, "TERM=dumb"), ({"LC_ALL": "C"}, "the locale is C."), ({"LANG": "de_DE@euro"}, "de_DE@euro")],
)
async def test_a_terminal_that_cannot_show_it_is_told_what_else_there_is(
    home: Home, change: dict[str, str], words: str
) -> None:
    async with Terminal(home.directory / "tmux", 120, 36) as terminal:
        await open_window(terminal, "it", [], home.environment | change, home.directory)
        assert "candela serve" in (await terminal.shows("it", words, "lists what was recorded")).replace("\n", "")
        assert await terminal.exit_code("it") == 1
