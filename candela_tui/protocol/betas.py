"""What Vertex AI and Bedrock take of Anthropic's beta features: flags, and the fields of the body that flags open.

The flags are from the tables of public gateways, as of 2026-11 (such as litellm/anthropic_beta_headers_config.json in
https://github.com/BerriAI/litellm); a flag that is not listed is refused with a 400. That a field needs no flag there
is from the providers' own pages (https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html,
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/structured_outputs) and from what
Claude Code 2.1.197 sends to them by itself. The user's [vertex] betas and [aws] betas go before these tables; what a
provider refuses nevertheless is left out on a second attempt.

Two flags go out of older models only, where the tables say null. Newer models do the same without a flag, and some
refuse it, on Bedrock without naming it, which would cost every other flag:
- effort to Vertex AI: Opus 4.5 takes effort there with its flag alone (https://github.com/BerriAI/litellm/issues/18241),
  4.6 and later without (…/anthropics/claude-code/issues/34802, 53855 quote refusals).
- interleaved-thinking to Bedrock: Claude Code 2.1.197 puts it into anthropic_beta there by itself; of Opus 4.7 refusals
  are reported (…/anthropics/claude-code/issues/49490), and success (49370).
The safeguards of auto mode are one field and two flags, which mean something together only (Claude Code 2.1.332): all
go out or none. Both clouds know the field's flag, Bedrock from Claude 4.7 on and otherwise without naming it
(litellm 1.110.2); afk-mode goes to Vertex AI by the same table, and Claude Code itself sends it to Bedrock.

claude-code-20250219, which Claude Code sends to both by itself, opens nothing; Bedrock's Opus 4.7 refused it (49648).

Tools that the provider would run itself (web_search, web_fetch, code_execution) stay where it has none: an answer that
was given without the search that was asked for would look like one with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.refusals import MID_CONVERSATION_SYSTEM, Refused

Version = tuple[int, int]
"""The generation of a Claude model, such as (4, 8)."""

_EVERY: Version = (0, 0)


@dataclass(frozen=True, slots=True)
class Gate:
    """A place in the body that only certain flags open."""

    place: str
    """``*`` is any item."""
    flags: frozenset[str]
    everywhere: bool = False
    """Anthropic takes it without a flag, or knows it alone: it goes out also where the client sent none of these."""


def _gate(place: str, *flags: str, everywhere: bool = False) -> Gate:
    return Gate(place, frozenset(flags), everywhere)


_TOOL_SEARCH = ("advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19")
_STRUCTURED = ("structured-outputs-2025-11-13", "structured-outputs-2025-12-15")
_SKILLS = ("skills-2025-10-02", "code-execution-2025-08-25", "code-execution-2025-05-22")

SAFEGUARDS = Gate("safeguards", frozenset({"dangerous-tool-use-2026-09-03"}), everywhere=True)
_BESIDE_SAFEGUARDS = SAFEGUARDS.flags | {"afk-mode-2026-01-31"}

GATES = (
    _gate("context_management", "context-management-2025-06-27", "compact-2026-01-12", "compact-2026-09-04"),
    _gate("output_config.effort", "effort-2025-11-24"),
    _gate("output_config.format", *_STRUCTURED),
    _gate("output_config.task_budget", "task-budgets-2026-03-13"),
    _gate("output_format", *_STRUCTURED),
    _gate("messages.*.output_config", "mid-conversation-output-config-2026-07-01", "per-turn-control-2026-07-01"),
    _gate("tools.*.strict", *_STRUCTURED),
    _gate("tools.*.defer_loading", *_TOOL_SEARCH),
    _gate("tools.*.input_examples", "advanced-tool-use-2025-11-20", "tool-examples-2025-10-29"),
    _gate("tools.*.allowed_callers", "advanced-tool-use-2025-11-20", *_SKILLS[1:]),
    _gate("tools.*.eager_input_streaming", "fine-grained-tool-streaming-2025-05-14"),
    _gate("speed", "fast-mode-2026-02-01", everywhere=True),
    _gate("container", *_SKILLS, everywhere=True),
    _gate("mcp_servers", "mcp-client-2025-04-04", "mcp-client-2025-11-20", everywhere=True),
    _gate("diagnostics", "cache-diagnosis-2026-04-07", everywhere=True),
    _gate("context_hint", "context-hint-2026-04-09", everywhere=True),
    _gate("fallbacks", "server-side-fallback-2026-06-01", "server-side-fallback-2026-06-09", everywhere=True),
    _gate("fallback_credit_token", "fallback-credit-2026-06-01", everywhere=True),
    _gate("user_profile_id", "user-profiles-2026-03-24", everywhere=True),
    _gate("service_tier", everywhere=True),
    _gate("inference_geo", everywhere=True),
    SAFEGUARDS,
)

CACHE_SCOPE = Gate("cache_control.scope", frozenset({"prompt-caching-scope-2026-01-05"}), everywhere=True)
CACHE_TTL = Gate("cache_control.ttl", frozenset({"extended-cache-ttl-2025-04-11"}), everywhere=True)
SYSTEM_MESSAGES = Gate("messages.*.role", frozenset({MID_CONVERSATION_SYSTEM}), everywhere=True)


@dataclass(frozen=True, slots=True)
class Provider:
    """What one provider takes."""

    name: str
    """For words."""
    accepted: Mapping[str, str]
    """Flags that it knows, and what they are sent as."""
    without_flag: Mapping[str, Version]
    """Places that it takes without a flag, and from which generation of Claude on."""
    until: Mapping[str, Version]
    """Flags that it takes of models before this generation alone; those after do without."""
    since: Mapping[str, Version] = field(default_factory=dict)
    """Flags that it takes of models from this generation on alone."""
    not_counting: frozenset[str] = field(default_factory=frozenset)
    """Flags that it refuses where tokens are counted."""


def _accepted(*flags: str) -> dict[str, str]:
    return {flag: flag for flag in flags} | {"advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19"}


VERTEX = Provider(
    "Vertex AI",
    _accepted(
        "afk-mode-2026-01-31",
        "compact-2026-01-12",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dangerous-tool-use-2026-09-03",
        "effort-2025-11-24",
        "inline-tools-2026-09-15",
        "interleaved-thinking-2025-05-14",
        "per-turn-control-2026-07-01",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "tool-search-tool-2025-10-19",
        "web-search-2025-03-05",
    ),
    {
        "output_config.effort": (4, 6),
        "output_config.format": (4, 6),
        "tools.*.strict": (4, 6),
        "tools.*.eager_input_streaming": (4, 5),
        "cache_control.ttl": _EVERY,
    },
    {"effort-2025-11-24": (4, 6)},
    # Seen at https://github.com/anthropics/claude-code/issues/11154 and 12429
    not_counting=frozenset({"context-1m-2025-08-07", "web-search-2025-03-05"}),
)

BEDROCK = Provider(
    "Bedrock",
    _accepted(
        "afk-mode-2026-01-31",
        "compact-2026-01-12",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dangerous-tool-use-2026-09-03",
        "effort-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "tool-search-tool-2025-10-19",
    ),
    {
        "output_config.effort": (4, 6),
        "output_config.format": (4, 5),
        "tools.*.strict": (4, 5),
        "tools.*.eager_input_streaming": (4, 7),
        "cache_control.ttl": (4, 5),
    },
    {"interleaved-thinking-2025-05-14": (4, 7)},
    {"dangerous-tool-use-2026-09-03": (4, 7)},
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The flags of one request, sorted out."""

    sent: tuple[str, ...]
    """What goes out, as the provider spells it, in the client's order."""
    asked: frozenset[str]
    """What the client sent."""
    open: frozenset[str]
    """The flags whose fields the provider takes: those sent, by the client's name and by the provider's."""
    adaptations: tuple[Adaptation, ...]


def choose(
    flags: Iterable[str],
    provider: Provider,
    own: Mapping[str, bool | str],
    without: Refused,
    *,
    version: Version | None = None,
    counting: bool = False,
    safeguards: bool = False,
) -> Chosen:
    """Which of the client's flags go out. ``own`` is the user's table: true sends a flag on, false drops it, another
    name is sent in its place. A model of an unknown generation (``version``) is taken for a new one. ``safeguards``:
    the request has that field."""
    asked = list(dict.fromkeys(flag for flag in flags if flag))
    alone = ""
    if not safeguards or SAFEGUARDS.place in without.fields or not SAFEGUARDS.flags & set(asked):
        alone = "not sent: it means nothing without safeguards and their flag"
    for flag in asked if not alone else ():
        if flag in _BESIDE_SAFEGUARDS and _spelled(flag, provider, own, without, version, counting)[0] is None:
            alone = f"not sent: it means nothing without {flag}"
    sent: list[str] = []
    opened: set[str] = set()
    adaptations: list[Adaptation] = []
    for flag in asked:
        spelled, why = _spelled(flag, provider, own, without, version, counting)
        if alone and spelled is not None and flag in _BESIDE_SAFEGUARDS:
            spelled, why = None, alone
        if why:
            adaptations.append(Adaptation("beta", flag, why))
        if spelled is None:
            continue
        # A flag that is sent under another name opens what that other one does.
        opened |= {spelled} | (SAFEGUARDS.flags & {flag})
        if spelled not in sent:
            sent.append(spelled)
    return Chosen(tuple(sent), frozenset(asked), frozenset(opened), tuple(adaptations))


def _spelled(
    flag: str,
    provider: Provider,
    own: Mapping[str, bool | str],
    without: Refused,
    version: Version | None,
    counting: bool,
) -> tuple[str | None, str]:
    """What a flag is sent as (None: not at all), and what there is to say about it."""
    rule = own.get(flag)
    if rule is False:
        return None, "not sent: your settings say so"
    spelled = rule if isinstance(rule, str) and rule else flag if rule else provider.accepted.get(flag)
    if spelled is None:
        return None, f"not sent: {provider.name} does not know this flag"
    until = provider.until.get(flag)
    if rule is None and until is not None and (version is None or version >= until):
        return None, f"not sent: from Claude {until[0]}.{until[1]} on, models of {provider.name} do the same without it"
    since = provider.since.get(flag)
    if rule is None and since is not None and version is not None and version < since:
        return None, f"not sent: {provider.name} takes this flag from Claude {since[0]}.{since[1]} on"
    if counting and rule is None and spelled in provider.not_counting:
        return None, f"not sent: {provider.name} does not take this flag where tokens are counted"
    if without.all_betas:
        return None, f"not sent: {provider.name} refused the flags of this model without naming one"
    if spelled in without.betas or flag in without.betas:
        return None, f"not sent: {provider.name} refused this flag for this model"
    return spelled, "" if spelled == flag else f"sent as {spelled}, {provider.name}'s name of it"


def closed(gate: Gate, provider: Provider, chosen: Chosen, version: Version | None) -> bool:
    """Whether what this gate is before must not go out. A model of an unknown generation is taken for a new one."""
    if gate.flags & chosen.open:
        return False
    since = provider.without_flag.get(gate.place)
    if since is not None and (version is None or version >= since):
        return False
    return gate.everywhere or bool(gate.flags & chosen.asked)
