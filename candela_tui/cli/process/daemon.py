"""Start a background candela that keeps running when the terminal closes."""

import os
import select
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.command import CANDELA
from candela_tui.cli.process.pidfile import background
from candela_tui.proxy.listen import RunningCandela, running_candela

_START_TIMEOUT_S = 120.0
"""A first start on a slow machine compiles a thousand modules. If it fails, its end is noticed at once."""
READY = b"ready"


def start(invocation: Invocation, port: int) -> RunningCandela:
    """Start a background candela on the port and return once it answers. Exits with an error if that fails.

    Each data directory has at most one background candela. It is not a child of this process, which may become
    another program that must neither own it nor end it.
    """
    invocation.data_directory()
    paths = invocation.paths
    other = background(paths.pid)
    if other is not None:
        raise click.ClickException(
            f"A background candela (pid {other.pid}) already keeps its records in {paths.data}, on port {other.port}.\n"
            "End it with `candela stop`, or give this one its own --data-dir."
        )
    said = _spawn(invocation, paths.log)
    if said != READY:
        reason = said.decode("utf-8", "replace").strip() or f"It ended while starting; its log is {paths.log}"
        raise click.ClickException(f"The background candela did not start. {reason}")
    running = running_candela(port)
    if running is None:
        raise click.ClickException(f"The background candela started and does not answer; its log is {paths.log}")
    return running


def _spawn(invocation: Invocation, log: Path) -> bytes:
    reading, writing = os.pipe()
    try:
        between = os.fork()
        if between == 0:
            _become_parent_and_leave(invocation, log, writing)
        os.waitpid(between, 0)
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as said:
        if not select.select([said], [], [], _START_TIMEOUT_S)[0]:
            return b"It was not ready in time; its log is " + os.fsencode(log)
        return said.read()


def _become_parent_and_leave(invocation: Invocation, log: Path, writing: int) -> None:
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        launch([*invocation.arguments(), "serve", "--ready-fd", str(writing)], writing, output, log.parent)
    except OSError as error:
        os.write(writing, f"{error.filename or log}: {error.strerror}".encode())
    finally:
        os._exit(0)


def launch(arguments: Sequence[str], ready: int, output: int, directory: Path) -> None:
    """Start candela in a session of its own. It inherits the descriptor ``ready``. Raises OSError."""
    subprocess.Popen(  # noqa: S603
        [*CANDELA, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(ready,),
        cwd=directory,
        start_new_session=True,
    )
