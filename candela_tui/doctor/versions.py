"""Versions of what plays together."""

import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from importlib.metadata import version

from candela_tui import __version__
from candela_tui.claude_code.features import in_words
from candela_tui.claude_code.installed import OLDEST_TESTED, version_in, written
from candela_tui.credentials.errors import quotable
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("machine.versions", "Versions")
CLAUDE = Topic("client.version", "Claude Code")
_LIMIT_S = 8.0
_PARTS = ("textual", "aiohttp")
_USUAL = (".local/bin/claude", ".claude/local/claude")
"""Where Claude Code's own installers put it, below the home directory."""
_AGAIN = "Install Claude Code again."
_NOT_STARTED = "Claude Code can't be started here"


def check_versions(_context: DoctorContext) -> Sequence[CheckResult]:
    """candela and what it is made of. Blocks."""
    parts = [f"{name} {version(name)}" for name in _PARTS]
    words = ", ".join(
        [
            f"candela {__version__}",
            f"Python {platform.python_version()}",
            *parts,
            f"SQLite {sqlite3.sqlite_version}",
            f"{platform.system()} {platform.release()} {platform.machine()}",
        ]
    )
    return [TOPIC.ok(words)]


def check_claude(context: DoctorContext) -> Sequence[CheckResult]:
    """The client on PATH. Blocks."""
    program = shutil.which("claude", path=context.environ.get("PATH", ""))
    if program is None:
        return [_not_on_path(context)]
    try:
        ran = subprocess.run(  # noqa: S603 - what the user's own PATH says
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_LIMIT_S,
            env=dict(context.environ),
        )
    except subprocess.TimeoutExpired:
        return [CLAUDE.unknown(f"{program} --version did not end within {_LIMIT_S:g} s")]
    except OSError as error:
        return [CLAUDE.bad(f"{program} can't be run: {error.strerror}", _AGAIN, _NOT_STARTED)]
    if ran.returncode:
        words = f"{program} --version failed (exit {ran.returncode}): {quotable(ran.stderr)}"
        return [CLAUDE.bad(words, _AGAIN, _NOT_STARTED)]
    found, words = version_in(ran.stdout), f"{quotable(ran.stdout)} ({program})"
    if found is not None and found < OLDEST_TESTED:
        words += f"; {written(OLDEST_TESTED)} is the oldest version that candela is tested with"
        return [CLAUDE.warn(words, "Update it: `claude update`, or `npm install -g @anthropic-ai/claude-code`.")]
    return [CLAUDE.ok(words, in_words(found) if found is not None else "")]


def _not_on_path(context: DoctorContext) -> CheckResult:
    for place in _USUAL:
        if (program := context.home / place).exists():
            fix = f"Add {program.parent} to PATH in your shell's profile."
            return CLAUDE.bad(f"{program} is not on PATH", fix, _NOT_STARTED)
    fix = "Install it (`npm install -g @anthropic-ai/claude-code`), or run it from where it is: `candela exec`."
    return CLAUDE.bad("claude is not on PATH", fix, _NOT_STARTED)
