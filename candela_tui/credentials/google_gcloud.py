"""Signing in by the program gcloud, which keeps the credentials in its own file."""

import asyncio
import codecs
import contextlib
import os
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from candela_tui.credentials.adc import VARIABLE
from candela_tui.credentials.errors import CredentialsError, quotable

COMMAND: Final = "gcloud auth application-default login"
_LIMIT_S: Final = 600.0
_PAUSE_S: Final = 0.5
"""A line that has not ended after so long is a question."""
_GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sayings:
    """What to do with what gcloud says."""

    line: Callable[[str], Awaitable[None]]
    link: Callable[[str], Awaitable[None]]
    question: Callable[[str], Awaitable[str]]
    """Gives the answer."""


def gcloud_program(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where gcloud is; None: nowhere on the PATH."""
    return shutil.which("gcloud", path=environ.get("PATH"))


async def log_in(
    program: str, sayings: Sayings, *, browser: bool, environ: Mapping[str, str] = os.environ, limit_s: float = _LIMIT_S
) -> None:
    """Run gcloud's own login to its end. ``browser``: it opens one itself; else its link is said, and the code is asked
    for. Ends with who awaits it. Raises CredentialsError."""
    # It would ask whether to go on in spite of that variable, and takes no answer that does not come from a terminal.
    inherited = {name: value for name, value in environ.items() if name != VARIABLE}
    options = [] if browser else ["--no-launch-browser"]
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *COMMAND.split()[1:],
            *options,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env={**inherited, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    except OSError as error:
        raise CredentialsError(f"{program} can't be run: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(limit_s):
            last = await _followed(process, sayings, browser=browser)
            status = await process.wait()
    except TimeoutError:
        raise CredentialsError(f"`{COMMAND}` did not come to its end within {limit_s:g} s") from None
    finally:
        await _end(process)
    if status:
        raise CredentialsError(f"`{COMMAND}` did not sign in (exit {status}): {quotable(last) or 'it said nothing'}")


async def _followed(process: Process, sayings: Sayings, *, browser: bool) -> str:
    """Everything that it says; returns its last line that tells of an error, else its last."""
    assert process.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pending = last = ""
    while True:
        try:
            chunk = await asyncio.wait_for(process.stdout.read(65536), _PAUSE_S if pending.strip() else None)
        except TimeoutError:
            await _answer(process, await sayings.question(quotable(pending)))
            pending = ""
            continue
        *lines, pending = (pending + decoder.decode(chunk, not chunk)).split("\n")
        if not chunk:
            lines, pending = [*lines, pending], ""
        for line in filter(None, map(str.strip, lines)):
            if line.startswith("https://"):
                await (sayings.line if browser else sayings.link)(line)
                continue
            if "ERROR" in line or "ERROR" not in last:
                last = line
            await sayings.line(quotable(line))
        if not chunk:
            return last


async def _answer(process: Process, answer: str) -> None:
    assert process.stdin is not None
    # It may have left meanwhile; its status tells.
    with contextlib.suppress(ConnectionError):
        process.stdin.write(f"{answer}\n".encode())
        await process.stdin.drain()


async def _end(process: Process) -> None:
    """gcloud is a shell script that starts Python, and that starts a browser's opener: all of them."""
    if process.returncode is not None:
        return
    _signal(process, force=False)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _GRACE_S)
    _signal(process, force=True)
    await process.wait()


def _signal(process: Process, *, force: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)
