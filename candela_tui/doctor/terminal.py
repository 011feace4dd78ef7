"""What the terminal can display."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("machine.terminal", "Terminal")
TMUX = Topic("machine.tmux", "tmux")
_FEWEST = (80, 24)
_LIMIT_S = 2.0


def check_terminal(context: DoctorContext) -> Sequence[CheckResult]:
    """Report its size, colours and characters, and whether tmux passes notices on. Blocks."""
    environ = context.environ
    checks = [_terminal(context)]
    if environ.get("TMUX"):
        checks.append(_tmux(context))
    return checks


def _terminal(context: DoctorContext) -> CheckResult:
    environ, size = context.environ, context.terminal
    term = environ.get("TERM", "")
    if size is None:
        return TOPIC.unknown("the output does not go to a terminal")
    if term in ("", "dumb"):
        return TOPIC.bad(
            f"TERM is {term or 'not set'}: the dashboard can't be drawn", "Set TERM, such as xterm-256color."
        )
    words = f"{term}, {size.columns} x {size.lines}, {_colours(environ)}"
    if not _is_utf8(environ):
        return TOPIC.warn(
            f"{words}; its locale is not UTF-8", "Set LANG=C.UTF-8 (or your language's, such as en_US.UTF-8)."
        )
    if size.columns < _FEWEST[0] or size.lines < _FEWEST[1]:
        return TOPIC.warn(f"{words}: small", f"The dashboard needs {_FEWEST[0]} x {_FEWEST[1]}.")
    return TOPIC.ok(words)


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "true colour"
    return "256 colours" if "256" in environ.get("TERM", "") else "16 colours, or more if the terminal reports it"


def _is_utf8(environ: Mapping[str, str]) -> bool:
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environ.get(name))), "")
    return sys.platform in ("darwin", "win32") or "utf8" in locale.lower().replace("-", "")


def _tmux(context: DoctorContext) -> CheckResult:
    how = context.settings.ui.attention.how
    if how not in ("osc9", "osc777"):
        return TMUX.ok("no notices are sent through it (ui.attention.how)")
    try:
        ran = subprocess.run(
            ["tmux", "show-options", "-gv", "allow-passthrough"],  # noqa: S607 - the tmux that this runs in
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
            env=dict(context.environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return TMUX.unknown("it does not say whether it passes notices on")
    if ran.stdout.strip() in ("on", "all"):
        return TMUX.ok("it passes notices on")
    return TMUX.warn(f"it does not pass notices on (ui.attention.how is {how})", "`tmux set -g allow-passthrough on`")
