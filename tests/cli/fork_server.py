"""Runs ``candela`` commands in processes forked from one that has imported what they need.

A command's imports take a second of a core, and hundreds of tests run commands. A forked process is a process like any
other (arguments, environment, directory, descriptors, signals, exit code). Only its interpreter is not a new one, and
it encrypts files of secrets at a low cost. The background process that a command starts is forked, too.
"""

import array
import atexit
import fcntl
import gc
import importlib
import json
import locale
import os
import pkgutil
import select
import signal
import socket
import sys
import termios
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import candela_tui
from candela_tui.cli.process import daemon
from candela_tui.config import Settings, validated
from tests.cheap_processes import encrypt_at_low_cost
from tests.cli.fork_client import request_fork

_FURTHER = (
    "aiohttp.web",
    "botocore.session",
    "genai_prices.data",
    "google.auth.transport.requests",
    "keyring",
    "encodings.utf_8_sig",
)
_LEFT_OUT = ("candela_tui.__main__", "candela_tui.store.migrations.", "candela_tui.sinks.telemetry.")
"""Few commands need them, and each process would cost more: its memory is a copy of the server's."""
_MOST_REQUEST_BYTES = 2**20
_DESCRIPTORS = 5
"""Standard input, output and error, the pipe for pid and wait status, and that of a background process."""


def serve(channel: socket.socket) -> tuple[dict[str, Any], socket.socket] | None:
    """Fork a process for each request on a channel of packets, and report its pid and its code. Return None at the end
    of the channel.

    In a forked process return its request, and a channel on which it asks for background processes.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno())
    reports: dict[int, int] = {}
    while True:
        asking, _, _ = select.select([woken, channel, ours], [], [])
        if woken in asking:
            woken.recv(4096)
            _report_ended(reports)
            continue
        data, ancillary, _, _ = asking[0].recvmsg(_MOST_REQUEST_BYTES, socket.CMSG_LEN(_DESCRIPTORS * 4))
        if not data:
            return None
        descriptors = array.array("i")
        for _, _, sent in ancillary:
            descriptors.frombytes(sent)
        *standard, report = descriptors[:4]
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (channel, ours, woken, waker):
                each.close()
            for descriptor in (report, *reports.values()):
                os.close(descriptor)
            return _take_descriptors(json.loads(data), standard, descriptors[4:]), theirs
        for descriptor in (*standard, *descriptors[4:]):
            os.close(descriptor)
        reports[pid] = report
        _tell(report, pid)


def _report_ended(reports: dict[int, int]) -> None:
    """Report the codes of the processes that have ended. ``reports`` has the pipe for each process that runs."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = reports.pop(pid)
        _tell(report, os.waitstatus_to_exitcode(status))
        os.close(report)


def _tell(report: int, number: int) -> None:
    # Nobody reads what is reported of a background process.
    with suppress(BrokenPipeError):
        os.write(report, f"{number}\n".encode())


def _take_descriptors(request: dict[str, Any], standard: Sequence[int], background: Sequence[int]) -> dict[str, Any]:
    """Make what was sent the standard streams of this process, and return the request with the numbers that it has."""
    for target, descriptor in enumerate(standard):
        os.dup2(descriptor, target)
        os.close(descriptor)
    if os.isatty(0):
        # A shell would make it the controlling terminal: ctrl+c and /dev/tty need one. A window of tmux has another
        # program that it controls.
        os.setsid()
        with suppress(PermissionError):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for ready in background:
        os.setsid()
        request["arguments"][request["arguments"].index(str(request["ready"]))] = str(ready)
    return request


def become(request: dict[str, Any]) -> None:
    """Take on the arguments, environment, directory and streams of a command."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["directory"])
    sys.argv = ["candela", *request["arguments"]]
    time.tzset()
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:  # The interpreter goes on without it, too.
        locale.setlocale(locale.LC_CTYPE, "C")
    sys.stdin = TextIOWrapper(open(0, "rb", closefd=False), "utf-8", "surrogateescape")  # noqa: SIM115
    sys.stdout = TextIOWrapper(open(1, "wb", closefd=False), "utf-8", "surrogateescape")  # noqa: SIM115
    sys.stderr = TextIOWrapper(
        open(2, "wb", closefd=False),  # noqa: SIM115
        "utf-8",
        "backslashreplace",
        line_buffering=True,
    )


def fork_background_processes(channel: socket.socket) -> None:
    """Make ``candela start``, in this process, ask for its background process instead of starting an interpreter."""

    def launch(arguments: Sequence[str], ready: int, output: int, directory: Path) -> None:
        with Path(os.devnull).open("rb") as nothing:
            standard = (nothing.fileno(), output, output)
            os.close(request_fork(channel, arguments, os.environ, str(directory), standard, ready))

    daemon.launch = launch


def exit_without_teardown(code: object) -> None:
    """Exit as the interpreter does, but do not take its modules apart: that copies all that is shared with the server.

    Return where the interpreter has something to say.
    """
    if not isinstance(code, int | None):
        return
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code or 0)


def _prepare() -> None:
    """Do once what every command would do: import, and make the validators of the settings."""
    for name in (*_FURTHER, *(module.name for module in pkgutil.walk_packages(candela_tui.__path__, "candela_tui."))):
        if not name.startswith(_LEFT_OUT):
            importlib.import_module(name)
    validated({key: {} for key in Settings.model_fields}, "", {})
    encrypt_at_low_cost()


def main() -> None:
    """Serve the channel whose descriptor is the first argument."""
    _prepare()
    # Forked processes then share these objects: none is visited by a collection, and copied for it.
    gc.freeze()
    served = serve(socket.socket(fileno=int(sys.argv[1])))
    if served is not None:
        request, channel = served
        fork_background_processes(channel)
        become(request)
        command = importlib.import_module("candela_tui.cli.main")
        try:
            sys.exit(command.main())
        except SystemExit as end:
            exit_without_teardown(end.code)
            raise


if __name__ == "__main__":
    main()
