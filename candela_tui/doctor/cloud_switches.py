"""Whether Claude Code uses another provider or a socket, and whether through candela."""

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
from candela_tui.doctor.destination import REACHES_NOTHING, destination_of, no_answer
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
        words = "Anthropic: no CLAUDE_CODE_USE_… is on"
        others = [name for name in client.variables() if is_base_url(name) and name != BASE_URL]
        return TOPIC.ok(f"{words}; {', '.join(others)} would be used only with one" if others else words)
    name, given = switch
    known = _SWITCHES.get(name)
    base = client.get(known.base_url) if known is not None else None
    where = destination_of(base.value, context.settings) if base is not None else None
    if known is None or base is None or where is None:
        return _leads_past(name, client, context)
    dead = no_answer(where, client, context)
    if not where.to_candela:
        if not dead:
            return _leads_past(name, client, context)
        words = f"{name} ({given.where}) is on, and {known.base_url} ({base.where}) points at {where.place}, {dead}"
        return TOPIC.bad(
            words, f"Correct {known.base_url}. {_fix(given, name, route_of(known.route))}", REACHES_NOTHING
        )
    if where.route is known.route:
        words = f"{name} ({given.where}), and {known.base_url} points at candela"
        if dead:
            fix = "Start candela: `candela`, or `candela start`."
            return TOPIC.bad(f"{words}, which is not running at {where.place}", fix, REACHES_NOTHING)
        return TOPIC.ok(words)
    words = f"{name} ({given.where}) is on, but {known.base_url} ({base.where}) is not candela's route for it"
    route = route_of(known.route)
    native = " --native" if route.native else ""
    return TOPIC.bad(words, f"Use the variables that `candela env --route {route.option}{native}` prints.")


def _leads_past(name: str, client: ClientEnvironment, context: DoctorContext) -> CheckResult:
    given = client.get(name)
    assert given is not None
    verb = "bypass" if leads_past_for_certain(name) else "may bypass"
    words = f"with {name} ({given.where}), requests {verb} candela and ignore ANTHROPIC_BASE_URL"
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
    where = f'remove it from "env" in {given.where}' if given.file is not None else f"`unset {name}`"
    if route is None:
        return f"{where[0].upper()}{where[1:]}; `candela claude` does not pass it on."
    native = " (or with --native)" if route.native else ""
    return f"Use `candela claude --route {route.option}`{native}, {'and' if given.file else 'or'} {where}."
