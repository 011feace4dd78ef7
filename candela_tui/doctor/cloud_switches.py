"""Whether Claude Code chooses another provider or a socket by itself, and whether through candela."""

from collections.abc import Sequence

from candela_tui.claude_code.provider_switches import PROVIDER_SWITCHES
from candela_tui.claude_code.variables import (
    BASE_URL,
    in_deciding_order,
    is_base_url,
    is_socket,
    is_switch,
    leads_past_for_certain,
    switched_on,
)
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, ClientVariable, client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import destination_of
from candela_tui.providers.identity import Route, route_of

TOPIC = Topic("client.cloud", "Provider that Claude Code chooses")
_SWITCHES = {switch.name: switch for switch in PROVIDER_SWITCHES}


def check_cloud_switches(context: DoctorContext) -> Sequence[CheckResult]:
    """Say which switch is on, and where it leads; and which sockets are set. Blocks."""
    client = client_environment(context)
    sockets = [_leads_past(name, client, context) for name in client.variables() if is_socket(name)]
    return [_switch(client, context), *sockets] if chosen_switch(client) or not sockets else sockets


def _switch(client: ClientEnvironment, context: DoctorContext) -> CheckResult:
    switch = chosen_switch(client)
    if switch is None:
        words = "Anthropic's own protocol: no CLAUDE_CODE_USE_… is on"
        others = [name for name in client.variables() if is_base_url(name) and name != BASE_URL]
        return TOPIC.ok(f"{words}; {', '.join(others)} would count only under one" if others else words)
    name, given = switch
    known = _SWITCHES.get(name)
    base = client.get(known.base_url) if known is not None else None
    where = destination_of(base.value, context.settings) if base is not None else None
    if known is not None and base is not None and where is not None and where.to_candela:
        if where.route is known.route:
            return TOPIC.ok(f"{name} ({given.where}), and {known.base_url} leads to candela")
        words = f"{name} ({given.where}) is on, but {known.base_url} ({base.where}) leads to no route of candela for it"
        route = route_of(known.route)
        native = " --native" if route.native else ""
        return TOPIC.bad(words, f"Take what `candela env --route {route.option}{native}` prints.")
    return _leads_past(name, client, context)


def _leads_past(name: str, client: ClientEnvironment, context: DoctorContext) -> CheckResult:
    given = client.get(name)
    assert given is not None
    verb = "sends" if leads_past_for_certain(name) else "may send"
    words = f"{name} ({given.where}) {verb} requests past candela, whatever ANTHROPIC_BASE_URL says"
    known = _SWITCHES.get(name)
    route = route_of(known.route) if known is not None else None
    if _meant_for_candela(client, context) or given.file:
        return TOPIC.bad(words, _fix(given, name, route))
    return TOPIC.warn(words, _fix(given, name, route))


def chosen_switch(client: ClientEnvironment) -> tuple[str, ClientVariable] | None:
    """Return the switch that decides; None: none is on."""
    names = [name for name, value in client.variables().items() if is_switch(name) and switched_on(value)]
    return next(((name, given) for name in in_deciding_order(names) if (given := client.get(name))), None)


def _meant_for_candela(client: ClientEnvironment, context: DoctorContext) -> bool:
    base = client.get("ANTHROPIC_BASE_URL")
    where = destination_of(base.value, context.settings) if base is not None else None
    return where is not None and where.to_candela


def _fix(given: ClientVariable, name: str, route: Route | None) -> str:
    where = f'take it out of "env" in {given.where}' if given.file is not None else f"`unset {name}`"
    if route is None:
        return f"{where[0].upper()}{where[1:]}; `candela claude` leaves it out of the shell's variables."
    native = " (or with --native)" if route.native else ""
    return f"Use `candela claude --route {route.option}`{native}, {'and' if given.file else 'or'} {where}."
