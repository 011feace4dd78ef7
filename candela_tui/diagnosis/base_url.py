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
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.client_settings import ClientEnvironment, Set, client_environment
from candela_tui.diagnosis.patient import Patient
from candela_tui.diagnosis.port import somebody_listens
from candela_tui.proxy.listen import running_candela
from candela_tui.proxy.routes import Routes

NAME = "ANTHROPIC_BASE_URL"
TOPIC = Topic("client.base-url", NAME)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_THIS_SHELL = '`eval "$(candela env)"` points this shell at candela'
_HOW = f"Run `candela claude`; {_THIS_SHELL}."


@dataclass(frozen=True, slots=True)
class Leads:
    """Where a URL leads."""

    place: str
    """Scheme, host and port: the rest may be secret."""
    to_candela: bool
    loopback_port: int | None = None
    route: str | None = None
    """Of candela."""


def leads(url: str, settings: Settings) -> Leads | None:
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
        return Leads(place, False, local)
    target = Routes(settings).resolve(parts.path.rstrip("/") + "/")
    return Leads(place, True, local, target.route.name if target is not None else None)


def check_base_url(patient: Patient) -> Sequence[Check]:
    """Where it leads, and who decided that. Blocks."""
    client = client_environment(patient)
    found = client.last_word(NAME)
    exported = patient.environ.get(NAME)
    meant = leads(exported, patient.settings) if exported else None
    if found is None:
        return [TOPIC.ok("is not set: Claude Code goes past candela unless candela starts it", _HOW)]
    if found.by is not None and not found.value:
        return [_overridden(found, f"is unset by {found.where}, which goes before the shell", meant)]
    where = leads(found.value, patient.settings)
    if where is None:
        return [TOPIC.bad(f"in {found.where} is no http:// or https:// URL", f"{_correct(found)}{_HOW}")]
    if not where.to_candela:
        return [_elsewhere(found, where, meant)]
    return [_to_candela(found, where, patient, client)]


def _overridden(found: Set, words: str, meant: Leads | None) -> Check:
    fix = f'Take {NAME} out of "env" in {found.where}: it also overrides what `candela claude` sets.'
    if meant is not None and meant.to_candela:
        return TOPIC.bad(f"leads to candela in this shell, but {words}", fix)
    return TOPIC.bad(f"{words}: Claude Code goes past candela", fix)


def _elsewhere(found: Set, where: Leads, meant: Leads | None) -> Check:
    port = where.loopback_port
    other = running_candela(port) if port is not None else None
    to = f"to {where.place}"
    if other is not None:
        to += f", a candela {other.version} on another port than the one of config.toml"
    elif port is not None:
        to += ", another program on this machine" if somebody_listens(port) else ", where nothing listens"
    if found.by is not None:
        return _overridden(found, f"{found.where}, which goes before the shell, leads {to}", meant)
    return TOPIC.warn(f"in this shell leads {to}, past candela", _HOW)


def _to_candela(found: Set, where: Leads, patient: Patient, client: ClientEnvironment) -> Check:
    if where.route is None:
        known = ", ".join(Routes(patient.settings).names)
        return TOPIC.bad(
            f"in {found.where} leads to candela, but to no route of it", f"Its path is empty, or one of {known}. {_HOW}"
        )
    words = f"in {found.where} leads to candela, route {where.route}"
    if running_candela(patient.settings.proxy.port) is None:
        return TOPIC.bad(f"{words}, which does not run", "Start it: `candela`, or `candela start`.")
    if where.place.startswith("https:"):
        return TOPIC.bad(f"{words}, over https, which it does not speak", f"Write http:// there. {_HOW}")
    return _with_tool_search(words, client, patient)


def _with_tool_search(words: str, client: ClientEnvironment, patient: Patient) -> Check:
    given = client.get(TOOL_SEARCH)
    version = version_of_command("claude", patient.environ)
    fix = f"`candela env` sets both; set {TOOL_SEARCH}=true beside it."
    if given is not None:
        if turns_tool_search_off(given.value):
            return TOPIC.warn(f"{words}; {TOOL_SEARCH} in {given.where} turns tool search off, and requests grow", fix)
        return TOPIC.ok(words)
    if version is not None and tool_search_by_default(version):
        return TOPIC.ok(words)
    who = f"Claude Code {written(version)}" if version else f"a Claude Code before {written(TOOL_SEARCH_SINCE)}"
    return TOPIC.warn(f"{words}; without {TOOL_SEARCH} {who} sends the schema of every tool with each request", fix)


def _correct(found: Set) -> str:
    return f"Correct it in {found.where}. " if found.by is not None else ""
