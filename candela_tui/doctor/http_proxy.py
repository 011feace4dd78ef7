"""HTTP proxies and VPNs between Claude Code, candela and the providers.

What Claude Code makes of the variables (observed): HTTPS_PROXY or HTTP_PROXY alone diverts requests to loopback, too.
Exceptions are separated by commas or spaces. Up to 2.1.273 ALL_PROXY is not read, and an exception is ``*`` or the end
of a host. From 2.1.286 on ALL_PROXY counts, and an exception is ``*``, a host, a suffix that begins with a dot, or a
network (``127.0.0.0/8``). From 2.1.273 on both no_proxy and NO_PROXY count; up to 2.1.260 the former goes first.
"""

import ipaddress
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from candela_tui.claude_code.installed import NEWEST_KNOWN, Version, version_of_command, written
from candela_tui.claude_code.variables import BASE_URL
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, ClientVariable, client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import (
    ALL_PROXIES,
    HTTP_PROXIES,
    LOOPBACK,
    REACHES_NOTHING,
    destination_of,
    is_listening,
)

TOPIC = Topic("client.http-proxy", "HTTP proxy")
VPN = Topic("machine.vpn", "VPN and system proxy")
READS_ALL_PROXY_SINCE: Version = (2, 1, 286)
_LOOPBACK = "127.0.0.1"
_DIVERTED = "requests to candela go to an HTTP proxy"
_INTERFACES = Path("/sys/class/net")
_TUNNELS = ("tun", "tap", "wg", "ppp", "tailscale", "utun", "zt", "nordlynx", "proton")
_PATIENCE_S = 3.0


def check_http_proxy(context: DoctorContext) -> Sequence[CheckResult]:
    """Check whether the variables make Claude Code's requests bypass candela. Blocks."""
    client = client_environment(context)
    version = version_of_command("claude", context.environ) or NEWEST_KNOWN
    names = HTTP_PROXIES + (ALL_PROXIES if version >= READS_ALL_PROXY_SINCE else ())
    found = [(name, given) for name in names if (given := client.get(name)) is not None]
    if not found:
        if any(client.get(name) for name in ALL_PROXIES):
            return [TOPIC.ok(f"none; ALL_PROXY is set, but Claude Code {written(version)} ignores it")]
        return [TOPIC.ok("neither HTTPS_PROXY nor HTTP_PROXY is set")]
    name, given = found[0]
    words = f"{name} in {given.where} names {_place(given.value)}"
    if urlsplit(given.value).scheme.startswith("socks"):
        fix = "Set it to an HTTP proxy, or unset it."
        return [TOPIC.bad(f"{words}, a SOCKS proxy, which candela does not support", fix)]
    if (where := _local_proxy(given.value)) is not None and not is_listening(*where):
        fix = f"Start that proxy, or correct {name} in {given.where}."
        return [TOPIC.bad(f"{words}, where nothing listens", fix, REACHES_NOTHING)]
    if excludes_loopback(client, version):
        return [TOPIC.ok(f"{words}; {_LOOPBACK} is excluded")]
    return [_diverted(words, context, client, given)]


def excludes_loopback(client: ClientEnvironment, version: Version = NEWEST_KNOWN) -> bool:
    """Return whether a version of Claude Code sends requests for 127.0.0.1 there directly."""
    given = [found.value for name in ("no_proxy", "NO_PROXY") if (found := client.get(name)) is not None]
    if version < READS_ALL_PROXY_SINCE:
        return any(host == "*" or (host and _LOOPBACK.endswith(host)) for host in _hosts(given[:1]))
    return any(host in ("*", _LOOPBACK) or _takes_in_loopback(host) for host in _hosts(given))


def _hosts(given: Sequence[str]) -> list[str]:
    return [host for value in given for host in re.split(r"[\s,]+", value) if host]


def _takes_in_loopback(host: str) -> bool:
    if host.startswith("."):
        return _LOOPBACK.endswith(host)
    try:
        return "/" in host and ipaddress.ip_address(_LOOPBACK) in ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False


def _diverted(words: str, context: DoctorContext, client: ClientEnvironment, given: ClientVariable) -> CheckResult:
    base = client.get(BASE_URL)
    where = destination_of(base.value, context.settings) if base is not None else None
    if given.file is not None:
        fix = f'Add "NO_PROXY": "{_LOOPBACK}" beside it in {given.where}.'
    else:
        fix = f'Add {_LOOPBACK} to NO_PROXY and no_proxy; `candela claude` and `eval "$(candela env)"` do that.'
    if (where is not None and where.to_candela) or given.file is not None:
        return TOPIC.bad(
            f"{words}, and {_LOOPBACK} is not excluded, so requests to candela go there, too", fix, _DIVERTED
        )
    return TOPIC.warn(f"{words}, and {_LOOPBACK} is not excluded", fix)


def _local_proxy(url: str) -> tuple[int, str] | None:
    """Return port and host of a proxy on this machine, or None for another."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or 80
    except ValueError:
        return None
    return (port, parts.hostname) if parts.hostname in LOOPBACK else None


def _place(url: str) -> str:
    """Host and port: before them may be a password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        return "an invalid URL"
    return f"{host}:{port}" if port else host


def check_vpn(_context: DoctorContext, interfaces: Path = _INTERFACES) -> Sequence[CheckResult]:
    """Report VPNs and proxies of the system, which may explain errors. Blocks."""
    if sys.platform == "darwin":
        return [_macos()]
    if not interfaces.is_dir():
        return [VPN.unknown("this system does not say which network interfaces there are")]
    tunnels = sorted(one.name for one in interfaces.iterdir() if one.name.startswith(_TUNNELS) and _is_up(one))
    if not tunnels:
        return [VPN.ok("no interface of a VPN is up")]
    hint = "If providers can't be reached or a certificate is not trusted, try without it, or set proxy.ca_bundle."
    return [VPN.ok(f"a VPN seems to be up ({', '.join(tunnels)})", hint)]


def _is_up(interface: Path) -> bool:
    try:
        return (interface / "operstate").read_text().strip() != "down"
    except OSError:
        return False


def _macos() -> CheckResult:
    ran = subprocess.run(
        ["/usr/sbin/scutil", "--proxy"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    on = [kind for kind in ("HTTP", "HTTPS", "SOCKS", "ProxyAutoConfig") if f"{kind}Enable : 1" in ran.stdout]
    if not on:
        return VPN.ok("no proxy is set in the system settings")
    return VPN.ok(f"the system settings have a proxy ({', '.join(on)}): candela uses HTTP ones, Claude Code uses none")
