"""Whether Claude Code speaks to a cloud by itself, and whether through candela."""

from collections.abc import Sequence

from candela_tui.config.client_switches import ON, SWITCHES
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
    """Which switch is on, and where it leads. Blocks."""
    client = client_environment(patient)
    switch = chosen_switch(client)
    if switch is None:
        return [TOPIC.ok("Anthropic's own protocol: no CLAUDE_CODE_USE_… is on")]
    name, given = switch
    base_name, route = _NATIVE.get(name, ("", ""))
    base = client.get(base_name) if base_name else None
    where = leads(base.value, patient.settings) if base is not None else None
    if base is not None and where is not None and where.to_candela:
        if where.route == route:
            return [TOPIC.ok(f"{name} ({given.where}), and {base_name} leads to candela")]
        words = f"{name} ({given.where}) is on, but {base_name} ({base.where}) leads to no route of candela for it"
        return [TOPIC.bad(words, f"Take what `candela env --route {route} --native` prints.")]
    past = f"{name} ({given.where}) sends requests past candela, whatever ANTHROPIC_BASE_URL says"
    return [
        TOPIC.bad(past, _fix(given, name, route))
        if _meant_for_candela(client, patient) or given.by
        else TOPIC.warn(past, _fix(given, name, route))
    ]


def chosen_switch(client: ClientEnvironment) -> tuple[str, Set] | None:
    """The switch that decides; None: none is on."""
    for name in SWITCHES:
        given = client.get(name)
        if given is not None and given.value.strip().lower() in ON:
            return name, given
    return None


def _meant_for_candela(client: ClientEnvironment, patient: Patient) -> bool:
    base = client.get("ANTHROPIC_BASE_URL")
    where = leads(base.value, patient.settings) if base is not None else None
    return where is not None and where.to_candela


def _fix(given: Set, name: str, route: str) -> str:
    where = f'take it out of "env" in {given.where}' if given.by is not None else f"`unset {name}`"
    if not route:
        return f"{where[0].upper()}{where[1:]}: candela does not lead there."
    return f"Use `candela claude --route {route}` (or with --native)" + (
        f", and {where}." if given.by else f", or {where}."
    )
