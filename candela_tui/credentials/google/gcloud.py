"""Sign in with the gcloud command, which stores the credentials in its own file."""

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

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.google.adc import VARIABLE

COMMAND: Final = "gcloud auth application-default login"
_LIMIT_S: Final = 600.0
_PAUSE_S: Final = 0.5
"""Seconds after which an unfinished line counts as a question."""
_GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sayings:
    """The callbacks for gcloud's output."""

    line: Callable[[str], Awaitable[None]]
    link: Callable[[str], Awaitable[None]]
    question: Callable[[str], Awaitable[str]]
    """Asks the user a question of gcloud's and returns the answer."""


def gcloud_program(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the path of gcloud, or None if it is not on the PATH."""
    return shutil.which("gcloud", path=environ.get("PATH"))


async def log_in(
    program: str, sayings: Sayings, *, browser: bool, environ: Mapping[str, str] = os.environ, limit_s: float = _LIMIT_S
) -> None:
    """Run gcloud's own login and wait for its end. Raises CredentialsError.

    With ``browser``, gcloud opens a browser itself. Otherwise its link is shown and the user is asked for the code.
    Cancelling this call ends gcloud."""
    # If that variable is set, gcloud asks whether to continue, and accepts an answer only from a terminal.
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
    """Process all of gcloud's output. Return its last line with an error, or else its last line."""
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
    # gcloud may have ended meanwhile, which its exit status shows.
    with contextlib.suppress(ConnectionError):
        process.stdin.write(f"{answer}\n".encode())
        await process.stdin.drain()


async def _end(process: Process) -> None:
    """End gcloud with its child processes: it is a shell script that starts Python, which starts a browser opener."""
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
