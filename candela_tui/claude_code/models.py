"""The small model that each version of Claude Code uses for side requests, such as titles, at Anthropic itself.

With a custom base URL, Claude Code uses the main model for them unless ``ANTHROPIC_DEFAULT_HAIKU_MODEL`` names another
(observed with 2.1.197 and 2.1.332).
"""

from candela_tui.claude_code.installed import Version

ANTHROPIC_HOST = "api.anthropic.com"
HAIKU_VARIABLE = "ANTHROPIC_DEFAULT_HAIKU_MODEL"
HAIKU_VARIABLES = (HAIKU_VARIABLE, "ANTHROPIC_SMALL_FAST_MODEL")
"""The variables that set the small model. The second is the older name."""

_SINCE: tuple[tuple[Version, str], ...] = (
    ((2, 1, 293), "claude-haiku-5-5"),
    ((2, 1, 197), "claude-haiku-4-5-20251001"),
)
"""The first version that uses each model, newest first. Observed through a CONNECT proxy with 2.1.197, 229, 260, 273,
286, 292, 293, 295, 300 and 332. Later versions are assumed to behave like the newest."""

HAIKU_MODELS = frozenset(model for _, model in _SINCE)
"""All of these models."""


def haiku_of(version: Version) -> str | None:
    """Return the small model that a version uses at Anthropic, or None for versions older than the oldest tested."""
    return next((model for since, model in _SINCE if version >= since), None)
