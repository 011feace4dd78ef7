"""``reasoning_effort`` as Claude's thinking.

Generations from 4.6 on decide how much to think, guided by ``output_config.effort``, which Vertex AI
takes without a beta flag (https://platform.claude.com/docs/en/build-with-claude/effort, 2026-11-21); those from 3.7 to
4.5 take a budget of tokens; older ones do not think.
"""

from dataclasses import dataclass
from typing import Any

from candela_tui.protocol import generations
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai.errors import InvalidChat

_FIELD = "reasoning_effort"
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_LEAST_BUDGET = 1024
# OpenAI publishes no numbers. These leave room for the answer below the default limit of 32,000 tokens.
_BUDGETS = {"minimal": 1_024, "low": 4_096, "medium": 8_192, "high": 16_384, "xhigh": 24_576, "max": 24_576}


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The fields of a Messages request about thinking; None: not sent."""

    thinking: dict[str, Any] | None = None
    effort: str | None = None


def reasoning(
    asked: str, model: str, max_tokens: int, *, tools_forced: bool, answers_tools: bool, notes: list[Adaptation]
) -> Reasoning:
    """Translate an effort for a model; what the model can't do goes to ``notes``. Raises InvalidChat."""
    if asked not in _EFFORTS:
        raise InvalidChat(f"{_FIELD} is {asked!r}; there is {', '.join(_EFFORTS)}", _FIELD)
    if asked == "none":
        if not generations.thinks_unasked(model):
            return Reasoning()
        notes.append(Adaptation("field", _FIELD, "sent as effort low: the model decides itself whether to think"))
        return Reasoning(effort="low")
    if generations.thinks_adaptively(model):
        thinking = {"type": "adaptive"}
        if generations.hides_thinking(model):
            thinking["display"] = "summarized"
        return Reasoning(thinking, _nearest(asked, generations.effort_levels(model), notes))
    why = _why_no_budget(model, max_tokens, tools_forced, answers_tools)
    if why is not None:
        notes.append(Adaptation("field", _FIELD, f"left out: {why}"))
        return Reasoning()
    return Reasoning({"type": "enabled", "budget_tokens": min(_BUDGETS[asked], max_tokens - 1)})


def _nearest(asked: str, levels: tuple[str, ...], notes: list[Adaptation]) -> str:
    if asked in levels:
        return asked
    nearest = "low" if asked == "minimal" else "high"
    notes.append(Adaptation("field", _FIELD, f"sent as effort {nearest}: the model has no {asked}"))
    return nearest


def _why_no_budget(model: str, max_tokens: int, tools_forced: bool, answers_tools: bool) -> str | None:
    """Return the reason why the request can't have a thinking budget, or None if it can.

    Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking#extended-thinking-with-tool-use
    """
    if not generations.takes_budget(model):
        return "the model does not think"
    if max_tokens <= _LEAST_BUDGET:
        return f"thinking takes {_LEAST_BUDGET} tokens at least, and {max_tokens} are all that may be generated"
    if tools_forced:
        return "the model does not think where it must call a tool"
    if answers_tools:
        return "the model goes on from a tool's result only with its own thinking before, which a chat does not keep"
    return None
