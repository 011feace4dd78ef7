"""Writes the definition of the service. Sources: systemd.service(5), systemd.syntax(7), launchd.plist(5)."""

import plistlib
from collections.abc import Sequence
from pathlib import Path

_STOP_S = 30
"""More than proxy.shutdown_grace_s (5 seconds), which live streams have to end, and the time to store their records."""


def systemd_unit(command: Sequence[str]) -> str:
    """Return a unit of systemd for one user that runs a command."""
    return f"""\
# Written by `candela install service`; `systemctl --user edit candela` adds to it.
[Unit]
Description=candela, a local proxy for Claude Code

[Service]
Type=exec
ExecStart={" ".join(map(_quoted, command))}
Restart=on-failure
RestartSec=5
TimeoutStopSec={_STOP_S}

[Install]
WantedBy=default.target
"""


def launchd_agent(command: Sequence[str], log: Path) -> bytes:
    """Return an agent of launchd for one user that runs a command and writes its output to a log."""
    return plistlib.dumps(
        {
            "Label": "candela",
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "StandardOutPath": str(log),
            "StandardErrorPath": str(log),
            "ExitTimeOut": _STOP_S,
            # The log is readable by its user alone.
            "Umask": 0o077,
        },
        sort_keys=False,
    )


def _quoted(word: str) -> str:
    """Quote a word of a command line as systemd reads it: % and $ have a meaning also between quotes."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"'
