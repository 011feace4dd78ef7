"""The environment that points Claude Code at candela, and how each shell sets it."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePath

ROUTE = "anthropic-direct"
_HTTP_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def variables(port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """What to set, given what is set.

    With a base URL of its own the client turns tool search off, and each request grows by more than half:
    ``ENABLE_TOOL_SEARCH`` keeps it on, unless the user has decided. Where an HTTP proxy is set, the loopback address
    is excepted from it.
    """
    wanted = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}/proxy/{ROUTE}",
        "ENABLE_TOOL_SEARCH": environ.get("ENABLE_TOOL_SEARCH") or "true",
    }
    return wanted | loopback_exception(environ)


def loopback_exception(environ: Mapping[str, str]) -> dict[str, str]:
    """What keeps requests to this machine away from the HTTP proxy that is set; nothing where none is."""
    changes = {}
    if any(environ.get(name) or environ.get(name.upper()) for name in _HTTP_PROXIES):
        for name in ("NO_PROXY", "no_proxy"):
            exceptions = [host.strip() for host in environ.get(name, "").split(",") if host.strip()]
            if not {"*", "127.0.0.1"} & set(exceptions):
                changes[name] = ",".join([*exceptions, "127.0.0.1"])
    return changes


def _posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    # PowerShell ends a quoted string at any of these, and a doubled one stands for itself.
    quoted = "".join(mark * 2 if mark in "'‘’‚‛" else mark for mark in value)
    return f"$env:{name} = '{quoted}'"


_STATEMENTS: dict[str, Callable[[str, str], str]] = {
    "bash": _posix,
    "zsh": _posix,
    "fish": _fish,
    "powershell": _powershell,
}
SHELLS = tuple(_STATEMENTS)


def statements(shell: str, wanted: Mapping[str, str]) -> str:
    """The lines that set the variables in one of ``SHELLS``."""
    statement = _STATEMENTS[shell]
    return "\n".join(statement(name, value) for name, value in wanted.items())


def shell_in(environ: Mapping[str, str]) -> str:
    """The user's shell by ``$SHELL``; bash, whose form every POSIX shell reads, where it says nothing known."""
    name = PurePath(environ.get("SHELL", "")).name
    if name.startswith("pwsh"):
        return "powershell"
    return name if name in _STATEMENTS else "bash"
