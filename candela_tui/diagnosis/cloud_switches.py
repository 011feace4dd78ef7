"""Whether Claude Code chooses another provider or a socket by itself, and whether through candela."""

from collections.abc import Sequence

from candela_tui.claude_code.variables import (
    BASE_URL,
    in_deciding_order,
    is_base_url,
    is_socket,
    is_switch,
    leads_past_for_certain,
    switched_on,
)
from candela_tui.diagnosis.base_url import leads
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.client_settings import ClientEnvironment, Set, client_environment
from candela_tui.diagnosis.patient import Patient

TOPIC = Topic("client.cloud", "Provider that Claude Code chooses")
_NATIVE = {
    "CLAUDE_CODE_USE_BEDROCK": ("ANTHROPIC_BEDROCK_BASE_URL", "bedrock"),
    "CLAUDE_CODE_USE_VERTEX": ("ANTHROPIC_VERTEX_BASE_URL", "vertex"),
}
"""The base URL that holds under a switch, and the route of candela that it may lead to."""


def check_cloud_switches(patient: Patient) -> Sequence[Check]:
    """Say which switch is on, and where it leads; and which sockets are set. Blocks."""
    client = client_environment(patient)
    sockets = [_leads_past(name, client, patient) for name in client.variables() if is_socket(name)]
    return [_switch(client, patient), *sockets] if chosen_switch(client) or not sockets else sockets


def _switch(client: ClientEnvironment, patient: Patient) -> Check:
    switch = chosen_switch(client)
    if switch is None:
        words = "Anthropic's own protocol: no CLAUDE_CODE_USE_… is on"
        others = [name for name in client.variables() if is_base_url(name) and name != BASE_URL]
        return TOPIC.ok(f"{words}; {', '.join(others)} would count only under one" if others else words)
    name, given = switch
    base_name, route = _NATIVE.get(name, ("", ""))
    base = client.get(base_name) if base_name else None
    where = leads(base.value, patient.settings) if base is not None else None
    if base is not None and where is not None and where.to_candela:
        if where.route == route:
            return TOPIC.ok(f"{name} ({given.where}), and {base_name} leads to candela")
        words = f"{name} ({given.where}) is on, but {base_name} ({base.where}) leads to no route of candela for it"
        return TOPIC.bad(words, f"Take what `candela env --route {route} --native` prints.")
    return _leads_past(name, client, patient)


def _leads_past(name: str, client: ClientEnvironment, patient: Patient) -> Check:
    given = client.get(name)
    assert given is not None
    verb = "sends" if leads_past_for_certain(name) else "may send"
    words = f"{name} ({given.where}) {verb} requests past candela, whatever ANTHROPIC_BASE_URL says"
    _, route = _NATIVE.get(name, ("", ""))
    if _meant_for_candela(client, patient) or given.by:
        return TOPIC.bad(words, _fix(given, name, route))
    return TOPIC.warn(words, _fix(given, name, route))


def chosen_switch(client: ClientEnvironment) -> tuple[str, Set] | None:
    """Return the switch that decides; None: none is on."""
    names = [name for name, value in client.variables().items() if is_switch(name) and switched_on(value)]
    return next(((name, given) for name in in_deciding_order(names) if (given := client.get(name))), None)


def _meant_for_candela(client: ClientEnvironment, patient: Patient) -> bool:
    base = client.get("ANTHROPIC_BASE_URL")
    where = leads(base.value, patient.settings) if base is not None else None
    return where is not None and where.to_candela


def _fix(given: Set, name: str, route: str) -> str:
    where = f'take it out of "env" in {given.where}' if given.by is not None else f"`unset {name}`"
    if not route:
        return f"{where[0].upper()}{where[1:]}; `candela claude` leaves it out of the shell's variables."
    return f"Use `candela claude --route {route}` (or with --native)" + (
        f", and {where}." if given.by else f", or {where}."
    )
