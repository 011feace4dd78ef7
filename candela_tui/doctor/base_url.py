"""Where ANTHROPIC_BASE_URL leads the Claude Code that is started here."""

from collections.abc import Sequence
from dataclasses import replace

from candela_tui.claude_code.features import (
    TOOL_SEARCH,
    TOOL_SEARCH_SINCE,
    tool_search_by_default,
    turns_tool_search_off,
)
from candela_tui.claude_code.installed import version_of_command, written
from candela_tui.claude_code.variables import BASE_URL
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, ClientVariable, client_environment
from candela_tui.doctor.cloud_switches import chosen_switch
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import (
    REACHES_NOTHING,
    Destination,
    asks_through_candela,
    destination_of,
    no_answer,
)
from candela_tui.proxy.listen import HOST, running_candela
from candela_tui.proxy.routes import Routes

TOPIC = Topic("client.base-url", BASE_URL)
_THIS_SHELL = '`eval "$(candela env)"` points this shell at candela'
_HOW = f"Run `candela claude`; {_THIS_SHELL}."


def check_base_url(context: DoctorContext) -> Sequence[CheckResult]:
    """Say where it leads, and who decided that. Blocks."""
    client = client_environment(context)
    found = client.deciding(BASE_URL)
    exported = context.environ.get(BASE_URL)
    meant = destination_of(exported, context.settings) if exported else None
    if found is None and asks_through_candela(client, context.settings.proxy.port):
        return [TOPIC.ok("not set: Claude Code asks its provider itself, through candela as its HTTPS proxy")]
    if found is None:
        return [TOPIC.ok("not set, so Claude Code bypasses candela unless candela starts it", _HOW)]
    if found.file is not None and not found.value:
        return [_overridden(found, f"{found.where}, which overrides the shell, unsets it", meant)]
    where = destination_of(found.value, context.settings)
    if where is None:
        words = f"in {found.where}: not an http:// or https:// URL"
        return [TOPIC.bad(words, f"{_correct(found)}{_HOW}", REACHES_NOTHING)]
    if where.to_candela:
        result = _to_candela(found, where, context, client)
    else:
        result = _elsewhere(found, where, meant, context, client)
    # Claude Code does not use this variable while it uses another provider.
    return [replace(result, consequence="") if chosen_switch(client) is not None else result]


def _overridden(found: ClientVariable, words: str, meant: Destination | None, consequence: str = "") -> CheckResult:
    fix = f'Remove {BASE_URL} from "env" in {found.where}: it also overrides what `candela claude` sets.'
    if meant is not None and meant.to_candela:
        words = f"this shell points at candela, but {words}"
    elif not consequence:
        words += ", so Claude Code bypasses candela"
    return TOPIC.bad(words, fix, consequence)


def _elsewhere(
    found: ClientVariable,
    where: Destination,
    meant: Destination | None,
    context: DoctorContext,
    client: ClientEnvironment,
) -> CheckResult:
    dead = no_answer(where, client, context)
    other = running_candela(where.port) if where.is_local and not dead else None
    to = f"at {where.place}"
    if dead:
        to += f", {dead}"
    elif other is not None:
        to += f", a candela {other.version} on another port than the one of config.toml"
    elif where.is_local:
        to += ", another program on this machine"
    consequence = REACHES_NOTHING if dead else ""
    if found.file is not None:
        return _overridden(found, f"{found.where}, which overrides the shell, points {to}", meant, consequence)
    if dead:
        return TOPIC.bad(f"this shell points {to}", f"`unset {BASE_URL}`, or correct it. {_HOW}", consequence)
    return TOPIC.warn(f"this shell points {to}, so Claude Code bypasses candela", _HOW)


def _to_candela(
    found: ClientVariable, where: Destination, context: DoctorContext, client: ClientEnvironment
) -> CheckResult:
    if where.route is None:
        known = ", ".join(Routes(context.settings).names)
        words = f"{found.where} points at candela, but its path is not a route of candela"
        return TOPIC.bad(words, f"The path must be empty, or one of {known}. {_HOW}", REACHES_NOTHING)
    if where.ends_in_v1:
        words = f"{found.where} points at candela, but ends in /v1, which Claude Code adds itself"
        return TOPIC.bad(words, f"Remove /v1 from its end. {_HOW}", REACHES_NOTHING)
    words = f"{found.where} points at candela, route {where.route}"
    if running_candela(context.settings.proxy.port) is None:
        return TOPIC.bad(f"{words}, which is not running", "Start it: `candela`, or `candela start`.", REACHES_NOTHING)
    if where.place.startswith("https:"):
        fix = f"Use http:// instead. {_HOW}"
        return TOPIC.bad(f"{words}, over https, which candela does not offer", fix, REACHES_NOTHING)
    if no_answer(where, client, context):
        fix = f"Use {HOST} instead. {_HOW}"
        return TOPIC.bad(f"{words}, at {where.host}; candela listens on {HOST} only", fix, REACHES_NOTHING)
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
