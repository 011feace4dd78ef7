"""One tab: a dashboard process that draws for a browser."""

import asyncio
import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO, Any, Protocol

from candela_tui.proxy.browser import packets
from candela_tui.proxy.browser.packets import BrokenPacket
from candela_tui.text.terminal_safe import terminal_safe

_QUIT_S = 2.0
"""Seconds that the process has to end, before it is killed."""
_LAST_WORDS = 2000
_ENVIRONMENT = {
    # As textual-serve sets it.
    "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
    "TEXTUAL_COLOR_SYSTEM": "truecolor",
    "TERM_PROGRAM": "textual",
    "TERM": "xterm-256color",
}


class Page(Protocol):
    """The browser's side: a WebSocket."""

    async def send_bytes(self, data: bytes) -> None:
        """Draw."""

    async def send_str(self, data: str) -> None:
        """Tell the page something."""


class Tab:
    """Runs a dashboard process from ``run`` until it ends, or ``end`` is called."""

    def __init__(self, command: Sequence[str], width: int, height: int) -> None:
        """``width`` and ``height`` are in cells."""
        self._command = command
        self._size = packets.cells(width), packets.cells(height)
        self._ending = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    def end(self) -> None:
        """Make the process quit. ``run`` returns when it has."""
        self._ending.set()

    async def take(self, message: list[Any]) -> None:
        """Pass a message of the page on to the process, once that reads it."""
        packet = packets.for_driver(message)
        if packet is not None and self._writer is not None and not self._ending.is_set():
            with contextlib.suppress(ConnectionError):
                self._writer.write(packet)
                await self._writer.drain()

    async def run(self, page: Page) -> None:
        """Start the process and pass on what it draws, until it has ended."""
        ours, theirs = socket.socketpair()
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        with tempfile.TemporaryFile() as errors:
            try:
                with theirs:
                    process = await asyncio.to_thread(self._start, theirs, errors)
            except OSError as error:
                self._writer.close()
                await _say(page, f"The dashboard could not be started: {error.strerror}")
                return
            drawing = asyncio.create_task(self._draw(reader, page), name="draw for a browser")
            ending = asyncio.create_task(self._ending.wait(), name="end of a tab")
            await asyncio.wait((drawing, ending), return_when=asyncio.FIRST_COMPLETED)
            for task in (drawing, ending):
                task.cancel()
            drawn = (await asyncio.gather(drawing, ending, return_exceptions=True))[0]
            self._ending.set()
            await self._end(process, reader)
            if drawn is False:
                errors.seek(0)
                words = errors.read()[-_LAST_WORDS:].decode("utf-8", "replace").strip()
                await _say(page, words or f"The dashboard ended while it started, with status {process.returncode}.")

    def _start(self, theirs: socket.socket, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
        width, height = self._size
        return subprocess.Popen(  # noqa: S603 - candela itself
            self._command,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=errors,
            env=os.environ | _ENVIRONMENT | {"COLUMNS": str(width), "ROWS": str(height)},
            # Signals of the terminal that candela runs in are not for it.
            start_new_session=True,
        )

    async def _draw(self, reader: asyncio.StreamReader, page: Page) -> bool:
        """Pass on what is drawn, until the dashboard quits. Return False if it never drew anything."""
        try:
            if not await packets.read_until_ready(reader):
                return False
            while (found := await packets.read_packet(reader)) is not None:
                kind, payload = found
                if kind == packets.DRAWN:
                    await page.send_bytes(payload)
                elif kind == packets.META:
                    told, message = packets.for_page(payload)
                    if told == "exit":
                        break
                    if message is not None:
                        await page.send_str(message)
        except (BrokenPacket, ConnectionError, ValueError):
            # The process printed something else (ValueError: a line without an end), or the browser is gone.
            pass
        return True

    async def _end(self, process: "subprocess.Popen[bytes]", reader: asyncio.StreamReader) -> None:
        """Let the process quit, or kill it, and wait for its end."""
        assert self._writer is not None
        with contextlib.suppress(ConnectionError):
            self._writer.write(packets.QUIT)
        try:
            async with asyncio.timeout(_QUIT_S):
                # Read on, so that it does not wait for the room to draw. The end comes with that of the process.
                while await _read(reader):
                    pass
        except TimeoutError:
            process.kill()
        self._writer.close()
        await asyncio.to_thread(process.wait)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""


async def _say(page: Page, words: str) -> None:
    """Show a text where the dashboard would be."""
    lines = [terminal_safe(line) for line in words.splitlines()]
    with contextlib.suppress(ConnectionError):
        await page.send_bytes("".join(f"{line}\r\n" for line in lines).encode())
