"""The table of support: the flags and places that Claude on Vertex AI and on Bedrock's invoke accept, by model.

The mapping, `candela providers MODEL` and docs/cloud-support.md read nothing else. The user's [vertex.betas] and
[aws.betas] take precedence, and what a cloud refuses nevertheless is left out on a second attempt.

Where sources disagree, the comment at the row or set of models says so. On Bedrock the narrower source counts: it
refuses a flag without naming it, and finding out which one costs several requests. Tools that the provider would run
itself (web_search, web_fetch, code_execution) are not in the table and stay in the request: an answer without the
requested search would look like one with it.
"""

from candela_tui.protocol.clouds.model_range import EVERY_MODEL, NO_MODEL, Models
from candela_tui.protocol.clouds.refusals import MID_CONVERSATION_SYSTEM
from candela_tui.protocol.clouds.support import Cloud, FlagRow, Place, PlaceRow, Source

_STRUCTURED = ("structured-outputs-2025-11-13", "structured-outputs-2025-12-15")
_TOOL_SEARCH = "tool-search-tool-2025-10-19"
_ADVANCED_TOOLS = "advanced-tool-use-2025-11-20"
_SKILLS = ("skills-2025-10-02", "code-execution-2025-08-25", "code-execution-2025-05-22")
_MESSAGE_EFFORT = "mid-conversation-output-config-2026-07-01"
_MESSAGE_EFFORT_OF_CLIENT = "per-turn-control-2026-07-01"
_TOOL_CHANGES = "mid-conversation-tool-changes-2026-07-01"
_INLINE_TOOLS = "inline-tools-2026-09-15"
_CLEAR_AT = "mid-conversation-system-clear-at-2026-08-21"
_CONTEXT = ("context-management-2025-06-27", "compact-2026-01-12", "compact-2026-09-04")
_FINE_GRAINED = "fine-grained-tool-streaming-2025-05-14"
_EFFORT = "effort-2025-11-24"
_DANGEROUS = "dangerous-tool-use-2026-09-03"
_AWAY = "afk-mode-2026-01-31"
_BINDING = "thinking-binding-controls-2026-08-01"
_DISPLAY = "thinking-display-updates-2026-08-18"
_FALLBACK = "server-side-fallback-2026-06-01"
_CREDIT = ("fallback-credit-2026-06-01", "fallback-credit-2026-07-01")
_CREDIT_OF_AWS = "fallback-credit-2026-06-09"

SYSTEM_MESSAGES = Place("messages.*.role", frozenset({MID_CONVERSATION_SYSTEM}), unasked=True)
MESSAGE_EFFORT = Place("messages.*.output_config", frozenset({_MESSAGE_EFFORT, _MESSAGE_EFFORT_OF_CLIENT}))
CACHE_SCOPE = Place("cache_control.scope", frozenset({"prompt-caching-scope-2026-01-05"}), unasked=True)
CACHE_TTL = Place("cache_control.ttl", frozenset({"extended-cache-ttl-2025-04-11"}), unasked=True)

PLACES = (
    Place("cache_control", unasked=True),
    Place("context_management", frozenset(_CONTEXT)),
    Place("context_management.edits.clear_thinking_20251015", unasked=True),
    Place("compaction", frozenset({"compact-2026-09-04"})),
    Place("output_config.effort", frozenset({_EFFORT})),
    Place("output_config.format", frozenset(_STRUCTURED), unasked=True),
    Place("output_config.task_budget", frozenset({"task-budgets-2026-03-13"})),
    Place("output_format", frozenset(_STRUCTURED)),
    MESSAGE_EFFORT,
    Place("messages.*.clear_at", frozenset({_CLEAR_AT})),
    Place("messages.*.content.tool_addition", frozenset({_TOOL_CHANGES, _INLINE_TOOLS})),
    Place("messages.*.content.tool_removal", frozenset({_TOOL_CHANGES, _INLINE_TOOLS})),
    Place("tools.*.strict", frozenset(_STRUCTURED), unasked=True),
    Place("tools.*.defer_loading", frozenset({_ADVANCED_TOOLS, _TOOL_SEARCH})),
    Place("tools.*.input_examples", frozenset({_ADVANCED_TOOLS, "tool-examples-2025-10-29"})),
    Place("tools.*.allowed_callers", frozenset({_ADVANCED_TOOLS, *_SKILLS[1:]})),
    Place("tools.*.eager_input_streaming", frozenset({_FINE_GRAINED})),
    Place("thinking.block_binding", frozenset({_BINDING})),
    Place("thinking.display=updates", frozenset({_DISPLAY})),
    Place("safeguards", frozenset({_DANGEROUS}), unasked=True),
    Place("speed", frozenset({"fast-mode-2026-02-01"}), unasked=True),
    Place("container", frozenset(_SKILLS), unasked=True),
    Place("mcp_servers", frozenset({"mcp-client-2025-04-04", "mcp-client-2025-11-20"}), unasked=True),
    Place("diagnostics", frozenset({"cache-diagnosis-2026-04-07"}), unasked=True),
    Place("context_hint", frozenset({"context-hint-2026-04-09"}), unasked=True),
    Place("fallbacks", frozenset({_FALLBACK, "server-side-fallback-2026-07-01"}), unasked=True),
    Place("fallback_credit_token", frozenset({*_CREDIT, _CREDIT_OF_AWS, _FALLBACK}), unasked=True),
    Place("user_profile_id", frozenset({"user-profiles-2026-03-24"}), unasked=True),
    Place("billing_policy", unasked=True),
    Place("thread", frozenset({"message-threads-2026-08-12"}), unasked=True),
    Place("service_tier", unasked=True),
    Place("inference_geo", unasked=True),
)
"""The places that not every cloud accepts, besides those with rules of their own: members of cache_control, and
messages of role system."""

_DOCS = "platform.claude.com/docs/en/"
_LITELLM = Source("litellm 1.110.2, anthropic_beta_headers_config.json", "2026-11")
_LITELLM_FIELDS = Source("litellm 1.110.2, the fields of its Bedrock invoke requests", "2026-11")
_LITELLM_HEADER = Source("litellm 1.110.2, vertex_ai_header_only", "2026-11")
_LITELLM_SAFEGUARDS = Source("litellm 1.110.2, its Bedrock invoke requests", "2026-11")
_LITELLM_CLEAR_THINKING = Source("github.com/BerriAI/litellm/issues/27532", "2026-11")
_CLIENT = Source("Claude Code 2.1.332, its own requests to the cloud", "2026-11")
_OLDER_CLIENT = Source("Claude Code 2.1.197, its own requests to the cloud", "2026-11")
_SYSTEM_PAGE = Source(_DOCS + "build-with-claude/mid-conversation-system-messages", "2026-10")
_EFFORT_PAGE = Source(_DOCS + "build-with-claude/effort-per-message", "2026-10")
_FALLBACK_PAGE = Source(_DOCS + "build-with-claude/refusals-and-fallback", "2026-10")
_LEGACY_PAGE = Source(_DOCS + "build-with-claude/claude-on-amazon-bedrock-legacy", "2026-10")
_OVERVIEW = Source(_DOCS + "build-with-claude/overview", "2026-10")
_CREDIT_PAGE = Source(_DOCS + "build-with-claude/fallback-credit", "2026-10")
_AWS_CREDIT = Source("docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-fallback-credit.html", "2026-10")
_AWS_COMPACTION = Source("docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-compaction.html", "2026-11")
_AWS_CACHING = Source("docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html", "2026-11")
_GOOGLE_STRUCTURED = Source("docs.cloud.google.com, Claude on Vertex AI, structured outputs", "2026-11")
_VERTEX_EFFORT_NEEDED = Source("github.com/BerriAI/litellm/issues/18241", "2026-11")
_EFFORT_REFUSED = Source("github.com/anthropics/claude-code/issues/34802, 53855", "2026-11")
_INTERLEAVED_REFUSED = Source("github.com/anthropics/claude-code/issues/49490", "2026-11")
_COUNTS_REFUSED = Source("github.com/anthropics/claude-code/issues/11154, 12429", "2026-11")
_STRUCTURED_REFUSED = Source(_DOCS + "build-with-claude/overview; github.com/vercel/ai/issues/15352", "2026-10")
_STRICT_REFUSED = Source("@ai-sdk/amazon-bedrock 4.0.186", "2026-10")
_SDK = Source("anthropic 2.14.0, lib/bedrock", "2026-11")

MID_CONVERSATION = Models(since=(4, 8), but=("claude-sonnet-5",))
"""Models with messages of role system. litellm and LangChain name Sonnet 5, too; Anthropic's page excludes it."""

_NAMED = ("claude-fable-5-1", "claude-mythos-5-1", "claude-fable-5-2", "claude-mythos-5-2")
EFFORT_OF_MESSAGES = Models(since=(5, 5), also=("claude-opus-5", *_NAMED))
_EFFORT_OF_MESSAGES_ON_BEDROCK = Models(since=(5, 6), also=("claude-opus-5-5", *_NAMED))
"""The list of Anthropic's pages for Bedrock before Fable 5.2. The newest page no longer tells the clouds apart."""

_STRUCTURED_ON_BEDROCK = Models(since=(4, 5), before=(4, 7))
"""Opus 4.5 and 4.6, Sonnet 4.5 and 4.6, Haiku 4.5. litellm tries some newer models and falls back; AWS's own page says
that it depends on the model, without a list. Refusals are reported for Opus 4.7."""

_NEEDLESS = "models that accept such messages need no flag for them"
_CLEAR_THINKING = "Bedrock's invoke accepts only the edits compact_20260112 and clear_tool_uses_20250919"
_NO_CACHING = "Bedrock's invoke has no automatic caching"


def _known(source: Source, *flags: str, models: Models = EVERY_MODEL) -> tuple[FlagRow, ...]:
    return tuple(FlagRow(flag, source, models) for flag in flags)


def _with(
    source: Source, *paths: str, flags: tuple[str, ...] = (), models: Models = EVERY_MODEL
) -> tuple[PlaceRow, ...]:
    return tuple(PlaceRow(path, source, models, flags) for path in paths)


VERTEX = Cloud(
    "Vertex AI",
    "vertex.betas",
    (
        *_known(
            _LITELLM,
            "claude-code-20250219",
            "compact-2026-01-12",
            "computer-use-2025-01-24",
            "computer-use-2025-11-24",
            "context-management-2025-06-27",
            *_CREDIT,
            _FINE_GRAINED,
            "interleaved-thinking-2025-05-14",
            "model-context-window-exceeded-2025-08-26",
            "output-128k-2025-02-19",
            "pdfs-2024-09-25",
            _FALLBACK,
            *_STRUCTURED,
            "task-budgets-2026-03-13",
            _BINDING,
            _DISPLAY,
            "thinking-token-count-2026-05-13",
            "token-counting-2024-11-01",
            "token-efficient-tools-2025-02-19",
            "tool-examples-2025-10-29",
            _TOOL_SEARCH,
        ),
        FlagRow("compact-2026-09-04", _LITELLM_HEADER),
        FlagRow(_ADVANCED_TOOLS, _LITELLM, sent_as=_TOOL_SEARCH),
        FlagRow(_AWAY, _LITELLM, beside="safeguards"),
        FlagRow(_DANGEROUS, _LITELLM, beside="safeguards"),
        FlagRow("context-1m-2025-08-07", _COUNTS_REFUSED, counts=False),
        FlagRow("web-search-2025-03-05", _COUNTS_REFUSED, counts=False),
        FlagRow(
            _EFFORT,
            _VERTEX_EFFORT_NEEDED,
            Models(before=(4, 6)),
            why="from Claude 4.6 on, models of Vertex AI do the same without it",
        ),
        *_known(_EFFORT_PAGE, _MESSAGE_EFFORT, models=EFFORT_OF_MESSAGES),
        *_known(_LITELLM, _MESSAGE_EFFORT_OF_CLIENT, models=EFFORT_OF_MESSAGES),
        *_known(_SYSTEM_PAGE, _TOOL_CHANGES, _INLINE_TOOLS, _CLEAR_AT, models=MID_CONVERSATION),
        FlagRow(MID_CONVERSATION_SYSTEM, _SYSTEM_PAGE, NO_MODEL, why=_NEEDLESS),
    ),
    (
        *_with(_OVERVIEW, "cache_control", "context_management.edits.clear_thinking_20251015", CACHE_TTL.path),
        *_with(_LITELLM, "context_management", flags=_CONTEXT),
        *_with(_LITELLM_HEADER, "compaction", flags=("compact-2026-09-04",)),
        *_with(_EFFORT_REFUSED, "output_config.effort", models=Models(since=(4, 6))),
        *_with(_VERTEX_EFFORT_NEEDED, "output_config.effort", flags=(_EFFORT,), models=Models(before=(4, 6))),
        *_with(_GOOGLE_STRUCTURED, "output_config.format", "tools.*.strict", models=Models(since=(4, 6))),
        *_with(_LITELLM, "output_config.format", "output_format", "tools.*.strict", flags=_STRUCTURED),
        *_with(_LITELLM, "output_config.task_budget", flags=("task-budgets-2026-03-13",)),
        *_with(
            _EFFORT_PAGE,
            MESSAGE_EFFORT.path,
            flags=(_MESSAGE_EFFORT, _MESSAGE_EFFORT_OF_CLIENT),
            models=EFFORT_OF_MESSAGES,
        ),
        *_with(_SYSTEM_PAGE, SYSTEM_MESSAGES.path, models=MID_CONVERSATION),
        *_with(_SYSTEM_PAGE, "messages.*.clear_at", flags=(_CLEAR_AT,), models=MID_CONVERSATION),
        *_with(
            _SYSTEM_PAGE,
            "messages.*.content.tool_addition",
            "messages.*.content.tool_removal",
            flags=(_TOOL_CHANGES, _INLINE_TOOLS),
            models=MID_CONVERSATION,
        ),
        *_with(_LITELLM, "tools.*.defer_loading", flags=(_TOOL_SEARCH,)),
        *_with(_LITELLM, "tools.*.input_examples", flags=("tool-examples-2025-10-29",)),
        *_with(_OLDER_CLIENT, "tools.*.eager_input_streaming", models=Models(since=(4, 5))),
        *_with(_LITELLM, "tools.*.eager_input_streaming", flags=(_FINE_GRAINED,)),
        *_with(_LITELLM, "thinking.block_binding", flags=(_BINDING,)),
        *_with(_LITELLM, "thinking.display=updates", flags=(_DISPLAY,)),
        *_with(_LITELLM, "safeguards", flags=(_DANGEROUS,)),
        *_with(_CREDIT_PAGE, "fallback_credit_token", flags=(*_CREDIT, _FALLBACK)),
        *_with(_FALLBACK_PAGE, "fallbacks", models=NO_MODEL),
        *_with(
            _LITELLM,
            "tools.*.allowed_callers",
            "speed",
            "container",
            "mcp_servers",
            "diagnostics",
            "user_profile_id",
            "thread",
            CACHE_SCOPE.path,
            models=NO_MODEL,
        ),
    ),
)

BEDROCK = Cloud(
    "Bedrock",
    "aws.betas",
    (
        *_known(
            _LITELLM,
            "compact-2026-01-12",
            "compact-2026-09-04",
            "computer-use-2025-01-24",
            "computer-use-2025-11-24",
            "context-1m-2025-08-07",
            "context-management-2025-06-27",
            _EFFORT,
            _FINE_GRAINED,
            _BINDING,
            _DISPLAY,
            _TOOL_SEARCH,
        ),
        FlagRow(_ADVANCED_TOOLS, _LITELLM, sent_as=_TOOL_SEARCH),
        FlagRow(_AWAY, _CLIENT, beside="safeguards"),
        FlagRow(_DANGEROUS, _LITELLM_SAFEGUARDS, Models(since=(4, 7)), beside="safeguards"),
        FlagRow("thinking-token-count-2026-05-13", _CLIENT),
        FlagRow(
            "interleaved-thinking-2025-05-14",
            _INTERLEAVED_REFUSED,
            Models(before=(4, 7)),
            why="from Claude 4.7 on, models of Bedrock do the same without it",
        ),
        FlagRow(_MESSAGE_EFFORT, _EFFORT_PAGE, _EFFORT_OF_MESSAGES_ON_BEDROCK),
        FlagRow(_MESSAGE_EFFORT_OF_CLIENT, _EFFORT_PAGE, _EFFORT_OF_MESSAGES_ON_BEDROCK, sent_as=_MESSAGE_EFFORT),
        *_known(_SYSTEM_PAGE, _TOOL_CHANGES, _CLEAR_AT, models=MID_CONVERSATION),
        *(FlagRow(flag, _AWS_CREDIT, Models(since=(4, 8)), sent_as=_CREDIT_OF_AWS) for flag in _CREDIT),
        FlagRow(_CREDIT_OF_AWS, _AWS_CREDIT, Models(since=(4, 8))),
        FlagRow(MID_CONVERSATION_SYSTEM, _SYSTEM_PAGE, NO_MODEL, why=_NEEDLESS),
    ),
    (
        PlaceRow("cache_control", _LEGACY_PAGE, NO_MODEL, why=_NO_CACHING),
        *_with(_AWS_CACHING, CACHE_TTL.path, models=Models(since=(4, 5))),
        *_with(_LITELLM, "context_management", flags=_CONTEXT),
        PlaceRow(
            "context_management.edits.clear_thinking_20251015",
            _LITELLM_CLEAR_THINKING,
            NO_MODEL,
            why=_CLEAR_THINKING,
        ),
        *_with(_AWS_COMPACTION, "compaction", flags=("compact-2026-09-04",)),
        *_with(_EFFORT_REFUSED, "output_config.effort", models=Models(since=(4, 6))),
        *_with(_LITELLM, "output_config.effort", flags=(_EFFORT,)),
        *_with(_STRUCTURED_REFUSED, "output_config.format", models=_STRUCTURED_ON_BEDROCK),
        *_with(_STRICT_REFUSED, "tools.*.strict", models=_STRUCTURED_ON_BEDROCK),
        *_with(_EFFORT_PAGE, MESSAGE_EFFORT.path, flags=(_MESSAGE_EFFORT,), models=_EFFORT_OF_MESSAGES_ON_BEDROCK),
        *_with(_SYSTEM_PAGE, SYSTEM_MESSAGES.path, models=MID_CONVERSATION),
        *_with(_SYSTEM_PAGE, "messages.*.clear_at", flags=(_CLEAR_AT,), models=MID_CONVERSATION),
        *_with(
            _SYSTEM_PAGE,
            "messages.*.content.tool_addition",
            "messages.*.content.tool_removal",
            flags=(_TOOL_CHANGES,),
            models=MID_CONVERSATION,
        ),
        *_with(_LITELLM, "tools.*.defer_loading", flags=(_TOOL_SEARCH,)),
        # @ai-sdk/amazon-bedrock and litellm report the field as refused, and send the flag alone.
        *_with(_OLDER_CLIENT, "tools.*.eager_input_streaming", models=Models(since=(4, 7))),
        *_with(_LITELLM, "tools.*.eager_input_streaming", flags=(_FINE_GRAINED,)),
        *_with(_LITELLM, "thinking.block_binding", flags=(_BINDING,)),
        *_with(_LITELLM, "thinking.display=updates", flags=(_DISPLAY,)),
        *_with(_LITELLM_FIELDS, "safeguards", flags=(_DANGEROUS,), models=Models(since=(4, 7))),
        *_with(_AWS_CREDIT, "fallback_credit_token", flags=(_CREDIT_OF_AWS,), models=Models(since=(4, 8))),
        *_with(_SDK, "user_profile_id"),
        *_with(_FALLBACK_PAGE, "fallbacks", models=NO_MODEL),
        *_with(_LITELLM, "tools.*.allowed_callers", "tools.*.input_examples", CACHE_SCOPE.path, models=NO_MODEL),
        *_with(_LITELLM, "output_config.task_budget", models=NO_MODEL),
        *_with(
            _LITELLM_FIELDS,
            "output_format",
            "speed",
            "container",
            "mcp_servers",
            "diagnostics",
            "context_hint",
            "billing_policy",
            "thread",
            "service_tier",
            "inference_geo",
            models=NO_MODEL,
        ),
    ),
)
