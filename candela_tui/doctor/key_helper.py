"""Whether the apiKeyHelper of Claude Code's settings prints a key.

What Claude Code makes of it (2.1.332): a shell runs the command; it fails if it exits with another code than 0, prints
nothing, or prints something that is not one printable ASCII word of up to 16 KiB. 2.1.197 sends several words as the
key, which no provider accepts. A helper from a project's files runs only after the user has trusted the directory.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from candela_tui.claude_code.own_login import HELPER, KEY, TOKEN
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, file_that_sets, settings_files
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("client.key-helper", HELPER)
_LIMIT_S = 8.0
_MOST = 16 * 1024
_NO_KEY = "Claude Code started here has no key"
_EXIT_CODES = {126: "it is not executable", 127: "there is no such command"}


def check_key_helper(context: DoctorContext, limit_s: float = _LIMIT_S) -> Sequence[CheckResult]:
    """Run it as Claude Code would, and show nothing of what it prints. No result if there is none. Blocks."""
    files = settings_files(context)
    file = file_that_sets(HELPER, files)
    if file is None:
        return []
    command = file.document[HELPER]
    if not isinstance(command, str):
        return [TOPIC.bad(f"in {file.path} is not text", "It must be a shell command that prints the key.", _NO_KEY)]
    if file.id in ("project", "local"):
        words = f"not run, because it is from the project's {file.path}; a user's own is run"
        return [TOPIC.unknown(words, "Run it yourself if you trust this project.")]
    if not context.online:
        return [TOPIC.unknown("not run (--offline)")]
    client = ClientEnvironment(context.environ, files)
    try:
        wrong = _wrong_with(command, client.variables(), context.directory, limit_s)
    except subprocess.TimeoutExpired:
        words = (
            f"the command in {file.path} did not end within {limit_s:g} s; Claude Code waits up to 10 minutes for it"
        )
        return [TOPIC.warn(words, "Check that it asks for nothing and does not hang.")]
    if not wrong:
        return [TOPIC.ok(f"the command in {file.path} prints a key")]
    consequence = "" if any(client.get(name) for name in (TOKEN, KEY)) else _NO_KEY
    fix = f"Correct the command in {file.path}: it must print only the key, and exit with 0."
    return [TOPIC.bad(f"the command in {file.path} {wrong}", fix, consequence)]


def _wrong_with(command: str, environ: Mapping[str, str], directory: Path, limit_s: float) -> str:
    """Return why Claude Code takes no key from the command, or an empty string. Raises TimeoutExpired."""
    process = subprocess.Popen(  # noqa: S602 - as Claude Code does, with a command from the user's own settings
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environ),
        cwd=directory,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=limit_s)
    finally:
        _end(process)
    if process.returncode:
        why = _EXIT_CODES.get(process.returncode)
        return f"failed (exit {process.returncode}{f': {why}' if why else ''})"
    key = printed.strip()
    if not key:
        return "printed nothing"
    if len(key) > _MOST or not all(33 <= byte <= 126 for byte in key):
        return "printed more than a key, or not ASCII text"
    return ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the command and what it started, even if a child still holds its output."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
