"""What Claude Code does not send because it talks to a base URL other than Anthropic's own, or in gateway mode.

It assumes that such an address is a gateway, which may not know its newest features. Measured by running each version
against a stand-in provider: with ``ANTHROPIC_BASE_URL``, through a CONNECT proxy for api.anthropic.com, and with
``CLAUDE_CODE_USE_GATEWAY``. ``tests/e2e/test_same_request.py`` and ``test_gateway.py`` measure it again.
"""

from dataclasses import dataclass
from typing import Final, Literal

Version = tuple[int, ...]

Kind = Literal["beta", "header", "field", "system", "tools", "model", "request"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """One thing that the client withholds."""

    kind: Kind
    name: str
    """The beta without its date, the header field, the place in the body, or a few words."""
    effect: str
    """What the user goes without, in a few words."""
    gives_back: str | None = None
    """The setting that gives it back at a base URL; None: none does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one version withholds."""

    version: tuple[int, int, int]
    at: str
    """When it was measured."""
    withheld: tuple[Withheld, ...]
    """At a base URL."""
    in_gateway_mode: tuple[Withheld, ...]
    """In gateway mode, beside the above."""
    shows_spend_limits: bool
    """Whether it shows limits of spending in gateway mode: in a notice, in /usage and to the status line."""


_CACHE = "caches of the system prompt that users share; the prompt of one user is cached all the same"
_REQUEST_ID = Withheld("header", "x-client-request-id", "the client's own id of the request")
_SYSTEM = Withheld("system", "one more system block, with a cache mark of scope global", _CACHE)
_TITLES = Withheld(
    "model", "haiku for titles", "titles at a lower price: the main model writes them", "ANTHROPIC_DEFAULT_HAIKU_MODEL"
)
_POLICIES = Withheld(
    "request", "GET /api/claude_code/settings and /policy_limits", "settings and limits that an organisation sets"
)
_CLEARING = "the provider's clearing of old thinking and tool results from the context"
_CONTEXT = (
    Withheld("beta", "context-management", _CLEARING),
    Withheld("field", "context_management", _CLEARING),
    Withheld("beta", "advanced-tool-use", "the newer form of tool search: it uses the older tool-search-tool"),
)
_MODEL_OPTIONS = "--model, or ANTHROPIC_MODEL"
MEASURED: Final = (
    Measured(
        (2, 1, 197),
        "November 2026",
        (
            Withheld("beta", "advanced-tool-use", "search for tools", "ENABLE_TOOL_SEARCH=true"),
            Withheld(
                "tools",
                "ToolSearch, and the schemas of other tools only when they are needed",
                "smaller requests: 24 tools and 76 kB instead of 9 and 49 kB",
                "ENABLE_TOOL_SEARCH=true",
            ),
            _SYSTEM,
            _REQUEST_ID,
            _TITLES,
            _POLICIES,
        ),
        (
            *_CONTEXT,
            Withheld("beta", "thinking-token-count", "the count of the tokens of thinking while they come"),
            Withheld("beta", "prompt-caching-scope", _CACHE),
            Withheld("beta", "mid-conversation-system", "system messages in mid-conversation"),
            Withheld("model", "claude-opus-4-8 with a context of 1M", "claude-opus-4-7 as the default", _MODEL_OPTIONS),
        ),
        shows_spend_limits=False,
    ),
    Measured(
        (2, 1, 332),
        "November 2026",
        (
            Withheld("beta", "prompt-caching-scope", _CACHE),
            Withheld("beta", "mid-conversation-system-clear-at", "system messages that end by themselves"),
            Withheld("beta", "thinking-binding-controls", "control over which thinking stays in the context"),
            Withheld("beta", "cache-diagnosis", "the provider's own reason for a cache miss"),
            Withheld("field", "diagnostics", "the id of the previous message, for the diagnosis of the cache"),
            _SYSTEM,
            _REQUEST_ID,
            Withheld("header", "x-claude-code-sandy-plover", "nothing that is documented"),
            Withheld(
                "header",
                "x-claude-code-request-class",
                "what the request is for, with agent type, prompt and tool durations",
                "CLAUDE_CODE_GATEWAY_HINT_HEADERS=1",
            ),
            _TITLES,
            _POLICIES,
        ),
        (
            *_CONTEXT,
            Withheld("beta", "per-turn-control", "settings for one turn alone"),
            Withheld("beta", "mid-conversation-tool-changes", "tools that change in mid-conversation"),
            Withheld("model", "claude-opus-5-5", "claude-opus-4-7 as the default", _MODEL_OPTIONS),
        ),
        shows_spend_limits=True,
    ),
)
"""The measured versions, the oldest first."""


def measured_for(version: Version) -> Measured:
    """Return the measurement that says most about a version: the newest that is not newer, or else the oldest."""
    return next((each for each in reversed(MEASURED) if each.version <= version), MEASURED[0])
