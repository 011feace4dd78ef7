"""Claude Code's hint headers: what it states about a request besides its session and agent.

Claude Code sends them to Anthropic itself, and to a base URL if CLAUDE_CODE_GATEWAY_HINT_HEADERS is set. Names and
values are those observed with 2.1.332; the classes are main, subagent, workflow, compaction, auxiliary and side_reply.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from candela_tui.protocol.headers import first_values
from candela_tui.protocol.kind import Kind

_CLASS = "x-claude-code-request-class"
_AGENT_TYPE = "x-claude-code-agent-type"
_PROMPT_ID = "x-claude-code-prompt-id"
_TOOL_DURATIONS = "x-claude-code-prev-tool-durations"
_COMPACTION = "x-claude-code-compaction"

HINT_FIELDS = frozenset(
    {
        _CLASS,
        _AGENT_TYPE,
        _PROMPT_ID,
        _TOOL_DURATIONS,
        _COMPACTION,
        "x-claude-code-context-compacted",
        "x-claude-code-auxiliary-type",
        "x-claude-1p-request-class",
    }
)
"""Sent on to Anthropic only: they tell how somebody works, and no cloud knows them."""

_BESIDE = frozenset({"auxiliary", "side_reply"})
_CONVERSATION = frozenset({"main", "subagent", "workflow"})
_KNOWN_BY_FORM = frozenset({Kind.TITLE, Kind.CLASSIFIER, Kind.COMPACTION, Kind.SIDE})
_LONGEST = 100
_MOST_DURATIONS = 32
"""The number that the client sends at most."""


@dataclass(frozen=True, slots=True)
class ClientHints:
    """The values of the hint headers; each may be missing."""

    request_class: str | None = None
    agent_type: str | None = None
    prompt_id: str | None = None
    tool_durations: tuple[tuple[str, int], ...] = ()
    """Tools and milliseconds, in the client's order."""
    compaction: bool = False

    @property
    def states_kind(self) -> bool:
        """Whether the client says what the request is for."""
        return self.request_class is not None or self.compaction


_NONE = ClientHints()


def hints_of(headers: Iterable[tuple[str, str]]) -> ClientHints:
    """Read the hint headers of a request."""
    return hints_in(first_values(headers))


def hints_in(fields: Mapping[str, str]) -> ClientHints:
    """Return the same from the first values of the fields, by their names in lower case."""
    if HINT_FIELDS.isdisjoint(fields):
        return _NONE
    return ClientHints(
        _word(fields.get(_CLASS)),
        _word(fields.get(_AGENT_TYPE)),
        _word(fields.get(_PROMPT_ID)),
        _durations(fields.get(_TOOL_DURATIONS, "")),
        _COMPACTION in fields,
    )


def stated_kind(kind: Kind, hints: ClientHints) -> Kind:
    """Return the kind of a request: the client's statement outranks the form of the body."""
    if hints.compaction or hints.request_class == "compaction":
        return Kind.COMPACTION
    if hints.request_class in _BESIDE:
        return Kind.SIDE if kind in (Kind.MESSAGES, Kind.COMPACTION) else kind
    if hints.request_class in _CONVERSATION and kind in _KNOWN_BY_FORM:
        return Kind.MESSAGES
    return kind


def infers_kind(kind: Kind, hints: ClientHints) -> bool:
    """Return whether the kind of a request follows from the form of its body, without a statement of the client."""
    return not hints.states_kind and kind in _KNOWN_BY_FORM


def _word(value: str | None) -> str | None:
    return " ".join(value.split())[:_LONGEST] or None if value else None


def _durations(value: str) -> tuple[tuple[str, int], ...]:
    """Parse ``Agent=14;mcp__files__read=7``; names are percent-encoded."""
    found = []
    for part in value.split(";")[:_MOST_DURATIONS]:
        name, equals, number = part.strip().rpartition("=")
        if equals and name and number.isascii() and number.isdigit() and len(number) < 12:
            found.append((unquote(name)[:_LONGEST], int(number)))
    return tuple(found)
