"""Write statements that set and unset variables in the syntax of each shell."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from candela_tui.cli.claude.environment import Changes


class _Shell(NamedTuple):
    sets: Callable[[str, str], str]
    unsets: Callable[[str], str]


def _posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    # Any of these marks ends a quoted string in PowerShell; a doubled mark stands for itself.
    quoted = "".join(mark * 2 if mark in "'‘’‚‛" else mark for mark in value)
    return f"$env:{name} = '{quoted}'"


_POSIX = _Shell(_posix, "unset {}".format)
_SHELLS: Mapping[str, _Shell] = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "fish": _Shell(_fish, "set -e {}".format),
    "powershell": _Shell(_powershell, "Remove-Item Env:{} -ErrorAction SilentlyContinue".format),
}
SHELLS = tuple(_SHELLS)


def statements(shell: str, changes: Changes) -> str:
    """Return the lines that apply the changes in one of ``SHELLS``."""
    sets, unsets = _SHELLS[shell]
    lines = [unsets(name) for name in changes.unwanted]
    return "\n".join([*lines, *(sets(name, value) for name, value in changes.wanted.items())])


def shell_in(environ: Mapping[str, str]) -> str:
    """Return the shell named by ``$SHELL``, or bash, whose syntax every POSIX shell reads, if that is unknown."""
    name = PurePath(environ.get("SHELL", "")).name
    if name.startswith("pwsh"):
        return "powershell"
    return name if name in _SHELLS else "bash"
