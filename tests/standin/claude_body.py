"""What Claude on a cloud refuses in a request's body, by model, in the cloud's own words.

Written from the sources of what each cloud accepts, as of 2026-11, and not from candela's table: Anthropic's pages of
each feature, litellm 1.110.2, @ai-sdk/amazon-bedrock 4.0.186, and public reports. Words of refusals are those that the
reports quote.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from candela_tui.protocol.model_ids import model_name

Takes = Callable[[str], bool]
"""Whether a model, such as ``claude-opus-4-8``, has something."""

_TOOL_CHANGES = ("mid-conversation-tool-changes-2026-07-01", "inline-tools-2026-09-15")


def _since(*version: int, but: Collection[str] = (), before: tuple[int, int] = (99, 0)) -> Takes:
    def takes(model: str) -> bool:
        name = model_name(model)
        return version <= (name.version or (99, 0)) < before and name.base not in but

    return takes


def _one_of(*models: str) -> Takes:
    return lambda model: model_name(model).base in models


def _any(_model: str) -> bool:
    return True


MID_CONVERSATION = _since(4, 8, but=["claude-sonnet-5"])
"""Models with messages of role system: …/docs/en/build-with-claude/mid-conversation-system-messages."""


@dataclass(frozen=True)
class Schema:
    """What the models of one cloud accept."""

    fields: frozenset[str]
    gated: Mapping[str, tuple[str, ...]]
    """Fields that need one of these flags."""
    tool_fields: frozenset[str]
    gated_tool_fields: Mapping[str, tuple[str, ...]]
    edits: frozenset[str]
    structured: Takes
    """Models with output_config.format and strict tools."""
    message_effort: Takes
    message_effort_flags: tuple[str, ...]
    tool_change_flags: tuple[str, ...]
    effort_alone: Takes
    """Models that accept effort without its flag."""
    flags_of_models: Mapping[str, Takes] = field(default_factory=dict)
    """Flags that not every model accepts."""


_COMMON = frozenset(
    {
        "anthropic_version",
        "max_tokens",
        "messages",
        "metadata",
        "output_config",
        "stop_sequences",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
_TOOL = frozenset({"cache_control", "description", "input_schema", "name", "type"})
_CONTEXT = ("context-management-2025-06-27", "compact-2026-01-12")
_SAFEGUARDS = ("dangerous-tool-use-2026-09-03",)
_COMPACTION = ("compact-2026-09-04",)
_SEARCH = ("tool-search-tool-2025-10-19",)

VERTEX = Schema(
    fields=_COMMON | {"cache_control", "output_format", "service_tier", "stream"},
    gated={
        "context_management": _CONTEXT,
        "compaction": _COMPACTION,
        "safeguards": _SAFEGUARDS,
        "fallback_credit_token": ("fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
    },
    tool_fields=frozenset(
        ["cache_control", "description", "input_schema", "name", "strict", "type", "eager_input_streaming"]
    ),
    gated_tool_fields={
        "defer_loading": _SEARCH,
        "input_examples": (*_SEARCH, "tool-examples-2025-10-29"),
        "allowed_callers": _SEARCH,
    },
    edits=frozenset({"clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"}),
    structured=_since(4, 5),
    message_effort=_one_of(
        *("claude-fable-5-1", "claude-mythos-5-1", "claude-opus-5"),
        *("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"),
    ),
    message_effort_flags=("mid-conversation-output-config-2026-07-01", "per-turn-control-2026-07-01"),
    tool_change_flags=_TOOL_CHANGES,
    effort_alone=_since(4, 6),
)

BEDROCK = Schema(
    fields=_COMMON | {"anthropic_beta", "user_profile_id"},
    gated={
        "context_management": _CONTEXT,
        "compaction": _COMPACTION,
        "safeguards": _SAFEGUARDS,
        "fallback_credit_token": ("fallback-credit-2026-06-09",),
    },
    tool_fields=_TOOL,
    gated_tool_fields={
        "defer_loading": _SEARCH,
        "input_examples": _SEARCH,
        "allowed_callers": _SEARCH,
        "eager_input_streaming": ("fine-grained-tool-streaming-2025-05-14",),
    },
    edits=frozenset({"clear_tool_uses_20250919", "compact_20260112"}),
    structured=_since(4, 5, before=(4, 7)),
    message_effort=_one_of("claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-1"),
    message_effort_flags=("mid-conversation-output-config-2026-07-01",),
    tool_change_flags=_TOOL_CHANGES[:1],
    effort_alone=_since(4, 6),
    flags_of_models={
        "dangerous-tool-use-2026-09-03": _since(4, 7),
        "mid-conversation-output-config-2026-07-01": _one_of(
            "claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-1"
        ),
    },
)


def extra(place: str) -> str:
    """The refusal of a place."""
    return f"{place}: Extra inputs are not permitted"


def refusal(
    schema: Schema,
    model: str,
    body: Mapping[str, Any],
    flags: Collection[str],
    fields: Collection[str] | None = None,
) -> str | None:
    """Return why a model refuses a body with these flags, or None. ``fields`` replace those of the schema."""
    known = schema.fields if fields is None else fields
    for name in body:
        if name not in known and not _opened(schema.gated.get(name), flags):
            return extra(name)
    for edit in body.get("context_management", {}).get("edits", []):
        if edit["type"] not in schema.edits:
            return extra("context_management")
    return (
        _refused_config(schema, model, body, flags)
        or _refused_tools(schema, model, body, flags)
        or _refused_messages(schema, model, body, flags)
        or _refused_marks(body)
    )


def refused_flag(schema: Schema, model: str, flags: Collection[str], known: Collection[str]) -> str | None:
    """Return the first flag that a model refuses, or None."""
    return next(
        (flag for flag in flags if flag not in known or not schema.flags_of_models.get(flag, _any)(model)), None
    )


def _opened(needed: Collection[str] | None, flags: Collection[str]) -> bool:
    return needed is not None and not set(needed).isdisjoint(flags)


def _refused_config(schema: Schema, model: str, body: Mapping[str, Any], flags: Collection[str]) -> str | None:
    config, thinking = body.get("output_config", {}), body.get("thinking", {})
    if "effort" in config and not schema.effort_alone(model) and "effort-2025-11-24" not in flags:
        return "This model does not support the effort parameter."
    if "format" in config and not schema.structured(model):
        return extra("output_config.format")
    if "task_budget" in config and "task-budgets-2026-03-13" not in flags:
        return extra("output_config.task_budget")
    if "block_binding" in thinking and "thinking-binding-controls-2026-08-01" not in flags:
        return extra(f"thinking.{thinking['type']}.block_binding")
    if thinking.get("display") == "updates" and "thinking-display-updates-2026-08-18" not in flags:
        return f"thinking.{thinking['type']}.display: Input should be 'summarized' or 'omitted'"
    return None


def _refused_tools(schema: Schema, model: str, body: Mapping[str, Any], flags: Collection[str]) -> str | None:
    for index, tool in enumerate(body.get("tools", [])):
        if tool.get("type", "custom") != "custom":
            continue
        for name in tool:
            if name == "strict" and schema.structured(model):
                continue
            if name not in schema.tool_fields and not _opened(schema.gated_tool_fields.get(name), flags):
                return extra(f"tools.{index}.custom.{name}")
            if name == "strict":
                return extra(f"tools.{index}.custom.strict")
    return None


def _refused_messages(schema: Schema, model: str, body: Mapping[str, Any], flags: Collection[str]) -> str | None:
    for index, message in enumerate(body["messages"]):
        if message["role"] in ("user", "assistant"):
            continue
        if message["role"] != "system" or not MID_CONVERSATION(model):
            return (
                f'messages: Unexpected role "{message["role"]}". The Messages API accepts a top-level `system`'
                ' parameter, not "system" as an input message role.'
            )
        if "output_config" in message and not (
            schema.message_effort(model) and _opened(schema.message_effort_flags, flags)
        ):
            return extra(f"messages.{index}.output_config")
        if "clear_at" in message and "mid-conversation-system-clear-at-2026-08-21" not in flags:
            return extra(f"messages.{index}.clear_at")
        content = message.get("content", [])
        if not content and not message.get("output_config"):
            return f"messages.{index}: a system message must have content or output_config"
        for number, block in enumerate(content if isinstance(content, list) else []):
            if block["type"] != "text" and not _opened(schema.tool_change_flags, flags):
                return f"messages.{index}.content.{number}: Input tag '{block['type']}' found using 'type'"
    return None


def _refused_marks(body: Mapping[str, Any]) -> str | None:
    if re.search(r'"cache_control": \{[^}]*"scope"', json.dumps(body.get("system"))):
        return extra("system.0.cache_control.ephemeral.scope")
    return None


VERTEX_FLAGS = frozenset(
    {
        "afk-mode-2026-01-31",
        "claude-code-20250219",
        "compact-2026-01-12",
        "compact-2026-09-04",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dangerous-tool-use-2026-09-03",
        "effort-2025-11-24",
        "fallback-credit-2026-06-01",
        "fallback-credit-2026-07-01",
        "fine-grained-tool-streaming-2025-05-14",
        "inline-tools-2026-09-15",
        "interleaved-thinking-2025-05-14",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-system-clear-at-2026-08-21",
        "mid-conversation-tool-changes-2026-07-01",
        "model-context-window-exceeded-2025-08-26",
        "output-128k-2025-02-19",
        "pdfs-2024-09-25",
        "per-turn-control-2026-07-01",
        "server-side-fallback-2026-06-01",
        "structured-outputs-2025-11-13",
        "structured-outputs-2025-12-15",
        "task-budgets-2026-03-13",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "thinking-token-count-2026-05-13",
        "token-counting-2024-11-01",
        "token-efficient-tools-2025-02-19",
        "tool-examples-2025-10-29",
        "tool-search-tool-2025-10-19",
        "web-search-2025-03-05",
    }
)
"""litellm 1.110.2, the flags that its columns vertex_ai and vertex_ai_header_only pass on."""

BEDROCK_FLAGS = frozenset(
    {
        "afk-mode-2026-01-31",
        "compact-2026-01-12",
        "compact-2026-09-04",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dangerous-tool-use-2026-09-03",
        "effort-2025-11-24",
        "fallback-credit-2026-06-09",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-system-clear-at-2026-08-21",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "thinking-token-count-2026-05-13",
        "tool-search-tool-2025-10-19",
    }
)
"""litellm 1.110.2, its column bedrock; what Claude Code sends there by itself; and the flag of AWS's own page."""
