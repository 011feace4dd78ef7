"""What the provider's cache asks of a prompt, and what makes it unreadable.

Sources, as of November 2026:

- caching: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
- models: the page of each model below https://platform.claude.com/docs/en/models
- diagnostics: https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics
- effort: https://platform.claude.com/docs/en/build-with-claude/effort
- outputs: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
- thinking: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from candela_tui.exchange.cache_diagnosis import Cause, Confidence

LOOKBACK: Final = 20
"""How many blocks before a mark the provider looks for an entry (caching)."""

MINIMUMS: Final[Mapping[str, int]] = {
    # models
    "opus-5-5": 512,
    "opus-5": 512,
    "sonnet-5-5": 512,
    "haiku-5-5": 512,
    "fable-5-1": 512,
    "fable-5": 512,
    "mythos-5-1": 512,
    "mythos-5": 512,
    # caching, "Cache limitations"
    "opus-4-8": 1024,
    "sonnet-5": 1024,
    "sonnet-4-6": 1024,
    "sonnet-4-5": 1024,
    "opus-4-1": 1024,
    "opus-4": 1024,
    "sonnet-4": 1024,
    "opus-4-7": 2048,
    "haiku-3-5": 2048,
    "opus-4-6": 4096,
    "opus-4-5": 4096,
    "haiku-4-5": 4096,
}
"""Tokens of the shortest prompt that each model keeps, on every provider. A shorter one is processed without."""
LARGEST_MINIMUM: Final = max(MINIMUMS.values())

_DROPS_THINKING: Final = frozenset({"opus-4-1", "opus-4", "sonnet-4-5", "sonnet-4", "haiku-4-5", "haiku-3-5"})
"""Models for which the provider takes the thinking of earlier turns out of the prompt (thinking)."""

_MODEL = re.compile(r"(opus|sonnet|haiku|fable|mythos)-(\d+(?:-\d{1,2})?)(?![\d])")
_OLD_MODEL = re.compile(r"claude-(\d(?:-\d)?)-(opus|sonnet|haiku)")


def minimum_tokens(model: str | None) -> int | None:
    """Return the length of the shortest prompt that a model keeps, or None if it is not known. The name may be that of
    any provider."""
    return MINIMUMS.get(_short(model))


def drops_thinking(model: str | None) -> bool:
    """Return whether the provider takes the thinking of earlier turns out when the user writes again, which changes
    what is behind it."""
    return _short(model) in _DROPS_THINKING


def _short(model: str | None) -> str:
    """Return a model's name as the tables have it; empty for another one."""
    if (old := _OLD_MODEL.search(model or "")) is not None:
        return f"{old[2]}-{old[1]}"
    found = _MODEL.search(model or "")
    return f"{found[1]}-{found[2]}" if found is not None else ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something beside the content of the prompt that the cached prompt depends on."""

    name: str
    """The field of the body, or what is said of its blocks."""
    since: Literal["tools", "system", "messages"]
    """The first part of the prompt that a change makes unreadable."""
    confidence: Confidence
    """``certain`` if the source says so; ``likely`` if it only says that the prompt depends on it."""
    source: str
    """One of those above."""


PARAMETERS: Final = (
    Parameter("speed", "system", "certain", "caching"),
    Parameter("citations", "system", "certain", "caching"),
    Parameter("output_config.format", "system", "certain", "outputs"),
    Parameter("output_format", "system", "certain", "outputs"),
    Parameter("tool_choice", "messages", "certain", "caching"),
    Parameter("image", "messages", "certain", "caching"),
    # On some models these two are ahead of the tools, so that nothing is left to read.
    Parameter("thinking", "messages", "certain", "caching"),
    Parameter("output_config.effort", "messages", "certain", "effort"),
    Parameter("context_management", "messages", "likely", "diagnostics"),
    Parameter("output_config", "messages", "likely", "diagnostics"),
)
"""In the order of the prompt. A change of the model or of the tools leaves nothing, and is a cause of its own."""

BETAS_WITHOUT_PROMPT: Final = frozenset({"cache-diagnosis-2026-04-07", "oauth-2025-04-20"})
"""Betas that put nothing into the prompt: one asks for the reason of a miss (diagnostics), one is for credentials."""

PROVIDER_REASONS: Final[Mapping[str, frozenset[Cause]]] = {
    # The reason of another model is given for another speed too.
    "model_changed": frozenset({Cause.MODEL_CHANGED, Cause.PARAMETERS_CHANGED}),
    "tools_changed": frozenset({Cause.TOOLS_CHANGED}),
    "system_changed": frozenset({Cause.SYSTEM_PROMPT_CHANGED}),
    "messages_changed": frozenset({Cause.MESSAGES_REWRITTEN, Cause.COMPACTED}),
}
"""The causes that each reason of the provider stands for (diagnostics). The others, such as ``unavailable``, say that
it did not compare."""
