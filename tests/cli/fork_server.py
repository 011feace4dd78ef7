"""Runs ``candela`` commands in processes forked from one that has imported what they need.

A command's imports take a second of a core, and hundreds of tests run commands. A forked process is a process like any
other (arguments, environment, directory, descriptors, signals, exit code). Only its interpreter is not a new one, and
it encrypts files of secrets at a low cost.
"""

import array
import gc
import importlib
import json
import locale
import os
import pkgutil
import signal
import socket
import sys
import time
from io import TextIOWrapper
from typing import Any

from candela_tui.cli import commands
from tests.cheap_processes import encrypt_at_low_cost

_PRELOADED = (
    "aiohttp.web",
    "candela_tui.cli.main",
    *(module.name for module in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}.")),
    "candela_tui.cli.process.serving",
    "candela_tui.cli.process.engine",
    "candela_tui.store.repair",
    "candela_tui.store.writer",
    "candela_tui.ui.keys.keymap",
    "candela_tui.ui.style.themes",
    "botocore.session",
    "genai_prices.data",
    "google.auth.transport.requests",
)
_MOST_REQUEST_BYTES = 2**20
_DESCRIPTORS = 4
"""Standard input, output and error, and the pipe for pid and wait status."""


def serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork a process for each request on a channel of packets. Return None at its end, in a forked one the request."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, ancillary, _, _ = channel.recvmsg(_MOST_REQUEST_BYTES, socket.CMSG_LEN(_DESCRIPTORS * 4))
        if not data:
            return None
        descriptors = array.array("i")
        for _, _, sent in ancillary:
            descriptors.frombytes(sent)
        *standard, report = descriptors
        if os.fork() == 0:
            channel.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            pid = os.fork()
            if pid == 0:
                os.close(report)
                for target, descriptor in enumerate(standard):
                    os.dup2(descriptor, target)
                    os.close(descriptor)
                request: dict[str, Any] = json.loads(data)
                return request
            for descriptor in standard:
                os.close(descriptor)
            os.write(report, f"{pid}\n".encode())
            _, status = os.waitpid(pid, 0)
            os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def become(request: dict[str, Any]) -> None:
    """Take on the arguments, environment, directory and streams of a command."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["directory"])
    sys.argv = ["candela", *request["arguments"]]
    time.tzset()
    locale.setlocale(locale.LC_CTYPE, "")
    sys.stdin = TextIOWrapper(open(0, "rb", closefd=False), "utf-8", "surrogateescape")  # noqa: SIM115
    sys.stdout = TextIOWrapper(open(1, "wb", closefd=False), "utf-8", "surrogateescape")  # noqa: SIM115
    sys.stderr = TextIOWrapper(
        open(2, "wb", closefd=False),  # noqa: SIM115
        "utf-8",
        "backslashreplace",
        line_buffering=True,
    )


def main() -> None:
    """Serve the channel whose descriptor is the first argument."""
    for name in _PRELOADED:
        importlib.import_module(name)
    encrypt_at_low_cost()
    # Forked processes then share these objects: none is visited by a collection, and copied for it.
    gc.freeze()
    request = serve(socket.socket(fileno=int(sys.argv[1])))
    if request is not None:
        become(request)
        command = importlib.import_module("candela_tui.cli.main")
        sys.exit(command.main())


if __name__ == "__main__":
    main()
