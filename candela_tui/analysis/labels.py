"""Labels for the facts of an exchange, on screens and in the command line."""

from collections.abc import Mapping, Sequence

from candela_tui.analysis.timeline import Part
from candela_tui.exchange import Cost, Exchange, Imported, Kept, ProviderAttempt, ToolDuration
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import DIALECT_TITLES, PROVIDERS, Provider
from candela_tui.text import amounts, times


def model(name: str | None) -> str:
    """Return a model's short name, whatever the provider's spelling: ``opus-4-8``."""
    if name is None:
        return amounts.UNKNOWN
    if "anthropic" in name or "@" in name:
        name = model_name(name).base
    short = name.rpartition("/")[2].removeprefix("claude-")
    head, dash, tail = short.rpartition("-")
    return head if dash and len(tail) == 8 and tail.isdigit() else short


def cost(value: Cost | None) -> str:
    """Return the total cost, or ``≥ $0.03`` if it is a lower bound."""
    return amounts.cost(value.total, lower_bound=value.at_least) if value is not None else amounts.UNKNOWN


def served(exchange: Exchange) -> str:
    """Return the model that responded, and the gateway: ``claude-sonnet-4-6, by LiteLLM``."""
    name = exchange.model_used or amounts.UNKNOWN
    return f"{name}, by {exchange.gateway}" if exchange.gateway else name


def missing_body(exchange: Exchange) -> str:
    """Say that a body is not in the store, and why if that is known."""
    if exchange.kept is Kept.FULL:
        return "The body was not recorded."
    return f"The body was not kept: {_setting(exchange)}."


def missing_headers(exchange: Exchange) -> str:
    """Say why the header fields of an exchange are not in the store."""
    return f"The header fields were not kept: {_setting(exchange)}."


def _setting(exchange: Exchange) -> str:
    later = ", or body_days has passed" if exchange.kept is Kept.HEADERS else ""
    return f'[history] bodies was "{exchange.kept}"{later}'


def provider(name: Provider) -> str:
    """Return the name of a provider for lists and sentences."""
    return PROVIDERS[name].short_title


def agent_name(agent_id: str | None, names: Mapping[str, str]) -> str:
    """Return an agent's name: the main agent's, or a sub-agent's from ``names``, or its id if it has no name there."""
    return "main" if agent_id is None else names.get(agent_id, agent_id)


_LENGTHS = {"h": "hours", "d": "days"}


_OF_MODELS = {"oi": "Fable", "opus": "Opus", "sonnet": "Sonnet"}
"""Windows that count one model alone; Claude Code calls ``oi`` the Fable limit (2.1.267, observed)."""


def limit_window(name: str, *, short: bool = False) -> str:
    """Return the label of a subscription's window: ``5 hours`` for ``5h``, ``7 days, Fable`` for ``7d_oi``.

    With ``short`` the latter is ``7d Fable``.
    """
    length, _, model = name.partition("_")
    model = _OF_MODELS.get(model, model.replace("_", " "))
    if short:
        return f"{length} {model}".rstrip()
    number, unit = length[:-1], _LENGTHS.get(length[-1:])
    written = f"{number} {unit}" if unit and number.isdigit() else length
    return f"{written}, {model}" if model else written


def extra_usage(share: float | None) -> str:
    """Return the label of paid usage beyond a subscription's windows, with the share used: ``extra usage, 30%``."""
    return "extra usage" if share is None else f"extra usage, {amounts.percent(share)}"


def way(exchange: Exchange) -> str:
    """Return the API that the client uses, and the provider it is mapped to: ``Messages, mapped to Bedrock``."""
    spoken = DIALECT_TITLES[exchange.dialect]
    if exchange.dialect == PROVIDERS[exchange.provider].dialect:
        return f"{spoken}, passed on as it is"
    return f"{spoken}, mapped to {provider(exchange.provider)}"


ADAPTED = {
    "edit": "edited by hand",
    "added": "added",
    "retry": "retried",
    "beta": "beta",
    "field": "field",
    "message": "message",
}
"""What candela changed in a request, in the order of display."""


_RULED = {
    "refuse": "the request was refused",
    "strip": "the tool was left out",
    "mark": "noted",
    "end": "words took its place",
    "answer": "a call that fails took its place",
    "route": "another provider got the request",
    "fallback": "the next provider was asked",
    "warn": "the request passed",
    "model": "sent so",
    "cache": "the provider was not asked",
}


def ruled(action: RuleAction) -> str:
    """Return what a rule did, and about what."""
    done = _RULED[action.action]
    return f"{action.words} · {f'{action.action}, only tried' if action.dry_run else done}"


def ruled_call(action: RuleAction) -> str:
    """Return what a rule did about a call of a tool, with the rule's name."""
    return f'Rule "{action.rule}": {ruled(action)}'


def attempt(one: ProviderAttempt) -> str:
    """Return what came of asking a provider: the place, the status and error, and how long it took."""
    place = " ".join(filter(None, (one.region, one.model)))
    status = str(one.status) if one.status is not None else "no answer yet"
    said = f"{one.error_type}: {one.error}" if one.error_type is not None else "answered" if one.status else ""
    took = times.duration(one.ended_ms - one.started_ms) if one.ended_ms is not None else ""
    return " · ".join(filter(None, (place, status, said, f"after {took}" if took else "")))


REPLAYED = "↻"
"""The sign of a request that the user sent again."""


IMPORTED = "⇣"
"""The sign of what did not cross candela's proxy."""
_IMPORTED_FROM = {
    Imported.TRANSCRIPT: "from a transcript of Claude Code",
    Imported.HAR: "from a HAR file",
}


def imported(exchange: Exchange) -> str | None:
    """Return where an exchange was imported from, and which bodies were rebuilt; None if it crossed the proxy."""
    if exchange.imported is None:
        return None
    rebuilt = f"; {' and '.join(exchange.rebuilt)} rebuilt from parts" if exchange.rebuilt else ""
    return _IMPORTED_FROM[exchange.imported] + rebuilt


def difference(what: str) -> str:
    """Return a short label for something that was served differently than requested: ``tier``, ``geo``, ``cache``."""
    return {"service_tier": "tier", "inference_geo": "geo", "cache_ttl": "cache"}.get(what, what)


KINDS = {
    Kind.MESSAGES: "a turn of the conversation",
    Kind.TITLE: "the session's title",
    Kind.CLASSIFIER: "auto mode's check of an action",
    Kind.COMPACTION: "a summary of the conversation (compaction)",
    Kind.SIDE: "a side request by the client",
    Kind.COUNT_TOKENS: "counting tokens",
    Kind.MODELS: "the list of models",
    Kind.PROBE: "a check of the connection",
    Kind.OTHER: "another request",
}
"""The purpose of a request, in words."""


def tool_durations(durations: Sequence[ToolDuration]) -> str:
    """Return how long the tools took that ran before a request: ``Agent 853ms, Bash 3.6s``."""
    return ", ".join(f"{each.tool} {times.duration(each.milliseconds)}" for each in durations)


def estimated_tokens(exchange: Exchange) -> int:
    """Return the estimated output tokens so far, from the characters that arrived."""
    return round(exchange.output_characters / amounts.CHARACTERS_A_TOKEN)


PART_SIGNS = {Part.CACHE_READ: "░", Part.CACHE_WRITE: "▒", Part.INPUT: "▓", Part.OUTPUT: "█", Part.SEARCHES: "╳"}
"""The signs of a bar's parts if there are no colours."""
PART_NAMES = {
    Part.CACHE_READ: "cache read",
    Part.CACHE_WRITE: "cache write",
    Part.INPUT: "input",
    Part.OUTPUT: "output",
    Part.SEARCHES: "searches",
}
