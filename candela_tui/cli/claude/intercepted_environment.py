"""Build the environment with which Claude Code asks for its provider itself, through candela as its HTTPS proxy."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from candela_tui.claude_code.own_login import KEY, TOKEN
from candela_tui.claude_code.provider_switches import PROVIDER_SWITCHES
from candela_tui.claude_code.variables import BASE_URL
from candela_tui.cli.claude.environment import Changes
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.providers.opened_hosts import PARENT_DOMAINS

EXTRA_CERTIFICATES = "NODE_EXTRA_CA_CERTS"
_PROXY = ("HTTPS_PROXY", "https_proxy")
_SEPARATORS = re.compile(r"[,\s]+")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def intercepted_changes(
    port: int,
    certificates: Path,
    environ: Mapping[str, str],
    seen: Mapping[str, str] | None = None,
    *,
    own_key: bool = False,
) -> Changes:
    """Return the changes to ``environ`` that make the client ask for its provider through candela.

    ``certificates`` is the file with candela's authority. ``seen`` holds the variables as the client sees them, if its
    settings files add some. ``own_key``: candela has an API key, for a client that has none. Which provider the client
    uses stays its own choice, and so do its credentials for a cloud.
    """
    seen = environ if seen is None else seen
    address = f"http://127.0.0.1:{port}"
    wanted = dict.fromkeys(_PROXY, address)
    wanted |= dict.fromkeys(_NO_PROXY, ",".join(_exceptions(seen)))
    wanted[EXTRA_CERTIFICATES] = str(certificates)
    unwanted = [*_for_base_url(environ, address)]
    theirs = environ.get(KEY) or environ.get(TOKEN, PLACEHOLDER) != PLACEHOLDER
    if own_key and not theirs and not any(environ.get(switch.name) for switch in PROVIDER_SWITCHES):
        wanted[TOKEN] = PLACEHOLDER
    elif environ.get(TOKEN) == PLACEHOLDER:
        unwanted.append(TOKEN)
    elsewhere = [BASE_URL] if not environ.get(BASE_URL, address).startswith(address) else []
    return Changes(wanted, tuple(dict.fromkeys(unwanted)), tuple(elsewhere))


def _exceptions(seen: Mapping[str, str]) -> list[str]:
    """Return the hosts that the client asks directly: this machine, and those that it was told of before, but for the
    hosts that are to be seen. Two spellings may differ; which one counts depends on the program."""
    given = [host for name in _NO_PROXY for host in _SEPARATORS.split(seen.get(name, ""))]
    kept = [host for host in given if host and not _covers_an_opened_host(host)]
    return list(dict.fromkeys([*_LOOPBACK, *kept]))


def _covers_an_opened_host(exception: str) -> bool:
    name = exception.lower().partition(":")[0].removeprefix("*").strip(".")
    return not name or any(
        name == domain or name.endswith(f".{domain}") or domain.endswith(f".{name}") for domain in PARENT_DOMAINS
    )


def _for_base_url(environ: Mapping[str, str], address: str) -> Sequence[str]:
    """Return the variables that give the client another address than the provider's own, as ``candela env`` does."""
    names = [BASE_URL] if environ.get(BASE_URL) else []
    for switch in PROVIDER_SWITCHES:
        if environ.get(switch.base_url, "").startswith(f"{address}/"):
            names += [switch.base_url, switch.name, switch.skip_auth]
        if switch.placeholder_key is not None and environ.get(switch.placeholder_key) == PLACEHOLDER:
            names.append(switch.placeholder_key)
    return [name for name in names if environ.get(name)]
