"""Which fields of a request each generation of Claude accepts.

Sources, read 2026-11-21:
https://platform.claude.com/docs/en/build-with-claude/effort (levels by model),
https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking (adaptive from 4.6, budgets before),
https://platform.claude.com/docs/en/about-claude/models/migration-guide (no sampling parameters from Opus 4.7),
https://platform.claude.com/docs/en/about-claude/models/overview (longest outputs). Claude Code 2.1.197 and 2.1.332
send the same lengths with CLAUDE_CODE_MAX_OUTPUT_TOKENS=999999, and 128000 from 4.6 on. That temperature and top_p
exclude each other from Opus 4.1 is what the API answers: https://github.com/BerriAI/litellm/issues/15097.
"""

from candela_tui.protocol.model_ids import model_name

_NEWEST = (99, 0)


def _version(model: str) -> tuple[int, int]:
    """Return the generation of a model; an unknown one counts as the newest."""
    return model_name(model).version or _NEWEST


def default_max_tokens(model: str) -> int:
    """Return the token limit for a request without one, which every model of the generation accepts."""
    version = _version(model)
    if version >= (3, 7):
        return 32_000
    return 8_192 if version >= (3, 5) else 4_096


def longest_output(model: str) -> int | None:
    """Return the most tokens that the model generates, or None for newer models, of which no limit is known here."""
    name = model_name(model)
    version = _version(model)
    if version >= (4, 6):
        return None
    if version >= (4, 0) and name.base.startswith("claude-opus") and version < (4, 5):
        return 32_000
    return 64_000 if version >= (3, 7) else default_max_tokens(model)


def takes_sampling(model: str) -> bool:
    """Return whether the model accepts temperature and top_p at all."""
    return _version(model) < (4, 7)


def takes_both_samplings(model: str) -> bool:
    """Return whether the model accepts temperature and top_p in one request."""
    return _version(model) < (4, 1)


def takes_budget(model: str) -> bool:
    """Return whether the model's thinking takes a budget of tokens."""
    return (3, 7) <= _version(model) < (4, 6)


def thinks_adaptively(model: str) -> bool:
    """Return whether the model decides how much to think, guided by ``output_config.effort``."""
    return _version(model) >= (4, 6)


def thinks_unasked(model: str) -> bool:
    """Return whether the model thinks without being asked to."""
    return _version(model) >= (5, 0)


def hides_thinking(model: str) -> bool:
    """Return whether the model returns the text of its thinking only on request."""
    return _version(model) >= (4, 7)


def thinks_fast(model: str) -> bool:
    """Return whether the model has the fast mode."""
    return model_name(model).base.startswith("claude-opus") and _version(model) >= (4, 6)


def effort_levels(model: str) -> tuple[str, ...]:
    """Return the model's levels of ``output_config.effort``, in rising order."""
    if _version(model) < (4, 6):
        return ()
    return ("low", "medium", "high", "max") if _version(model) < (4, 7) else ("low", "medium", "high", "xhigh", "max")
