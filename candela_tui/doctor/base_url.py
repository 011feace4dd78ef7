"""Where ANTHROPIC_BASE_URL leads the Claude Code that is started here."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.claude_code.features import (
    TOOL_SEARCH,
    TOOL_SEARCH_SINCE,
    tool_search_by_default,
    turns_tool_search_off,
)
from candela_tui.claude_code.installed import version_of_command, written
from candela_tui.config import Settings
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, ClientVariable, client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.port import is_listening
from candela_tui.providers.identity import RouteName
from candela_tui.proxy.listen import running_candela
from candela_tui.proxy.routes import Routes

NAME = "ANTHROPIC_BASE_URL"
TOPIC = Topic("client.base-url", NAME)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_THIS_SHELL = '`eval "$(candela env)"` points this shell at candela'
_HOW = f"Run `candela claude`; {_THIS_SHELL}."


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads."""

    place: str
    """Scheme, host and port: the rest may be secret."""
    to_candela: bool
    loopback_port: int | None = None
    route: RouteName | None = None
    """Of candela."""


def destination_of(url: str, settings: Settings) -> Destination | None:
    """Where a base URL leads; None: it is none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
    local = port if parts.hostname in LOOPBACK else None
    if local != settings.proxy.port:
        return Destination(place, False, local)
    found = Routes(settings).resolve(parts.path.rstrip("/") + "/")
    return Destination(place, True, local, found[0].name if found is not None else None)


def check_base_url(context: DoctorContext) -> Sequence[CheckResult]:
    """Where it leads, and who decided that. Blocks."""
    client = client_environment(context)
    found = client.deciding(NAME)
    exported = context.environ.get(NAME)
    meant = destination_of(exported, context.settings) if exported else None
    if found is None:
        return [TOPIC.ok("is not set: Claude Code goes past candela unless candela starts it", _HOW)]
    if found.file is not None and not found.value:
        return [_overridden(found, f"is unset by {found.where}, which goes before the shell", meant)]
    where = destination_of(found.value, context.settings)
    if where is None:
        return [TOPIC.bad(f"in {found.where} is no http:// or https:// URL", f"{_correct(found)}{_HOW}")]
    if not where.to_candela:
        return [_elsewhere(found, where, meant)]
    return [_to_candela(found, where, context, client)]


def _overridden(found: ClientVariable, words: str, meant: Destination | None) -> CheckResult:
    fix = f'Take {NAME} out of "env" in {found.where}: it also overrides what `candela claude` sets.'
    if meant is not None and meant.to_candela:
        return TOPIC.bad(f"leads to candela in this shell, but {words}", fix)
    return TOPIC.bad(f"{words}: Claude Code goes past candela", fix)


def _elsewhere(found: ClientVariable, where: Destination, meant: Destination | None) -> CheckResult:
    port = where.loopback_port
    other = running_candela(port) if port is not None else None
    to = f"to {where.place}"
    if other is not None:
        to += f", a candela {other.version} on another port than the one of config.toml"
    elif port is not None:
        to += ", another program on this machine" if is_listening(port) else ", where nothing listens"
    if found.file is not None:
        return _overridden(found, f"{found.where}, which goes before the shell, leads {to}", meant)
    return TOPIC.warn(f"in this shell leads {to}, past candela", _HOW)


def _to_candela(
    found: ClientVariable, where: Destination, context: DoctorContext, client: ClientEnvironment
) -> CheckResult:
    if where.route is None:
        known = ", ".join(Routes(context.settings).names)
        return TOPIC.bad(
            f"in {found.where} leads to candela, but to no route of it", f"Its path is empty, or one of {known}. {_HOW}"
        )
    words = f"in {found.where} leads to candela, route {where.route}"
    if running_candela(context.settings.proxy.port) is None:
        return TOPIC.bad(f"{words}, which does not run", "Start it: `candela`, or `candela start`.")
    if where.place.startswith("https:"):
        return TOPIC.bad(f"{words}, over https, which it does not speak", f"Write http:// there. {_HOW}")
    return _with_tool_search(words, client, context)


def _with_tool_search(words: str, client: ClientEnvironment, context: DoctorContext) -> CheckResult:
    given = client.get(TOOL_SEARCH)
    version = version_of_command("claude", context.environ)
    fix = f"`candela env` sets both; set {TOOL_SEARCH}=true beside it."
    if given is not None:
        if turns_tool_search_off(given.value):
            return TOPIC.warn(f"{words}; {TOOL_SEARCH} in {given.where} turns tool search off, and requests grow", fix)
        return TOPIC.ok(words)
    if version is not None and tool_search_by_default(version):
        return TOPIC.ok(words)
    who = f"Claude Code {written(version)}" if version else f"a Claude Code before {written(TOOL_SEARCH_SINCE)}"
    return TOPIC.warn(f"{words}; without {TOOL_SEARCH} {who} sends the schema of every tool with each request", fix)


def _correct(found: ClientVariable) -> str:
    return f"Correct it in {found.where}. " if found.file is not None else ""
