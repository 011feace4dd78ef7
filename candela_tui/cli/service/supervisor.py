"""The programs that run services for a user, and how each is told of one."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from candela_tui.cli.service.definition import launchd_agent, systemd_unit

_TIMEOUT_S = 60
_LABEL = "candela"


@dataclass(frozen=True, slots=True)
class Supervisor:
    """What runs a user's services on this platform."""

    name: str
    file: Path
    """Where it looks for the definition of this service."""
    definition: bytes
    start: tuple[tuple[str, ...], ...]
    """The commands that make it read the definition and start the service, now and at each login."""
    stop: tuple[tuple[str, ...], ...]
    """The commands that stop the service, for good. They run before the definition is removed."""
    after_removal: tuple[tuple[str, ...], ...]
    follow: str
    """The command with which the user sees the log."""


def supervisor(command: Sequence[str]) -> Supervisor:
    """Return the one of this platform, for a service that runs a command."""
    if sys.platform == "darwin":
        domain = f"gui/{os.getuid()}"
        file = Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
        log = Path.home() / "Library" / "Logs" / f"{_LABEL}.log"
        return Supervisor(
            "launchd",
            file,
            launchd_agent(command, log),
            start=(("launchctl", "bootstrap", domain, str(file)),),
            stop=(("launchctl", "bootout", f"{domain}/{_LABEL}"),),
            after_removal=(),
            follow=f"tail -f {log}",
        )
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    systemctl = ("systemctl", "--user")
    return Supervisor(
        "systemd",
        configuration / "systemd" / "user" / f"{_LABEL}.service",
        systemd_unit(command).encode(),
        start=((*systemctl, "daemon-reload"), (*systemctl, "enable", _LABEL), (*systemctl, "restart", _LABEL)),
        stop=((*systemctl, "disable", "--now", _LABEL),),
        after_removal=((*systemctl, "daemon-reload"),),
        follow=f"journalctl --user -u {_LABEL} -f",
    )


def run(commands: Sequence[Sequence[str]]) -> None:
    """Run the commands of a supervisor. Exits with an error that names the one that failed, and what it said."""
    for command in commands:
        words = " ".join(command)
        try:
            ran = subprocess.run(  # noqa: S603 - fixed commands
                command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL
            )
        except OSError as error:
            raise click.ClickException(f"`{words}` can't be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise click.ClickException(f"`{words}` did not end within {_TIMEOUT_S} s") from None
        if ran.returncode:
            said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
            raise click.ClickException(f"`{words}` failed: {said[-1] if said else f'it exited with {ran.returncode}'}")
