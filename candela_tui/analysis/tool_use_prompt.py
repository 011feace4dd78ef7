"""The prompt that the provider adds by itself to a request with tools.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, "Pricing", as of autumn 2026.
"""

from typing import Final, NamedTuple

from candela_tui.protocol.model_ids import model_name


class _Tokens(NamedTuple):
    auto: int
    """With the tool choice ``auto`` or ``none``, or without any."""
    forced: int
    """With ``any`` or ``tool``."""


_OF_4_0: Final = _Tokens(313, 315)
_OF_4_5: Final = _Tokens(496, 588)
_OF_4_6: Final = _Tokens(497, 589)
_BY_MODEL: Final = {
    "claude-opus-5": _Tokens(286, 406),
    "claude-opus-4-8": _Tokens(290, 410),
    "claude-opus-4-7": _Tokens(675, 804),
    "claude-opus-4-6": _OF_4_6,
    "claude-opus-4-5": _OF_4_5,
    "claude-opus-4-1": _OF_4_0,
    "claude-opus-4": _OF_4_0,
    "claude-sonnet-5": _Tokens(354, 474),
    "claude-sonnet-4-6": _OF_4_6,
    "claude-sonnet-4-5": _OF_4_5,
    "claude-sonnet-4": _OF_4_0,
    "claude-haiku-4-5": _OF_4_5,
    "claude-3-5-haiku": _Tokens(264, 355),
}


def tool_use_tokens(model: str | None, tool_choice: object) -> int | None:
    """Return the tokens that the provider adds for tools; None for a model that its table does not have.

    ``tool_choice`` is the request's, decoded."""
    known = _BY_MODEL.get(model_name(model).base) if model else None
    if known is None:
        return None
    forced = isinstance(tool_choice, dict) and tool_choice.get("type") in ("any", "tool")
    return known.forced if forced else known.auto
