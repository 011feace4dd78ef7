"""Whether candela is running, and which other program uses its port."""

import os
from collections.abc import Sequence
from pathlib import PurePath

from candela_tui import __version__
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import is_listening
from candela_tui.network.peer import listener, listening_uid
from candela_tui.proxy.listen import HOST, RunningCandela, running_candela

TOPIC = Topic("proxy.port", "candela")
_ANOTHER_PORT = "choose another port with `candela config set proxy.port 8182`"
_INTERPRETERS = ("python", "node", "ruby", "perl", "bun", "deno")


def check_port(context: DoctorContext) -> Sequence[CheckResult]:
    """Report which program listens on candela's port. Blocks."""
    port = context.settings.proxy.port
    running = running_candela(port)
    if running is not None:
        return [_candela(running, context)]
    if not is_listening(port):
        return [
            TOPIC.warn(f"not running: nothing listens on {HOST}:{port}", "Start it: `candela`, or `candela start`.")
        ]
    process = listener(port)
    who = f"{_program(process[1])} (pid {process[0]})" if process is not None else "a program of another user"
    return [TOPIC.bad(f"port {port} is taken by {who}", f"Stop that program, or {_ANOTHER_PORT}.")]


def _candela(running: RunningCandela, context: DoctorContext) -> CheckResult:
    words = f"{running.version} runs on {HOST}:{running.port} (pid {running.pid}) since {running.since}"
    user = listening_uid(running.port)
    if context.settings.proxy.allow == "same-user" and user is not None and user not in (os.getuid(), 0):
        return TOPIC.bad(f"{words}, and belongs to another user (uid {user})", f"Stop it, or {_ANOTHER_PORT}.")
    if running.version != __version__:
        return TOPIC.warn(
            f"{words}; this command is version {__version__}", "Restart it: `candela stop`, then `candela start`."
        )
    if running.data_dir != str(context.paths.data):
        return TOPIC.warn(
            f"{words}, and keeps its records in {running.data_dir}, not in {context.paths.data}",
            "Give both the same --data-dir (CANDELA_DATA_DIR).",
        )
    return TOPIC.ok(words)


def _program(command: str) -> str:
    """Return the program alone: its arguments may be secret."""
    words = command.split()
    if not words:
        return "a program"
    name = PurePath(words[0]).name
    if not name.startswith(_INTERPRETERS):
        return name
    # The name of an interpreter does not say what runs.
    if words[1:2] == ["-m"] and len(words) > 2:
        return f"{name} -m {words[2]}"
    return f"{name} {PurePath(words[1]).name}" if len(words) > 1 and not words[1].startswith("-") else name
