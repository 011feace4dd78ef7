"""The small model that each version of Claude Code uses for side requests, such as titles, at Anthropic itself.

At a base URL of one's own Claude Code asks the main model for them, unless ``ANTHROPIC_DEFAULT_HAIKU_MODEL`` names
another (2.1.197 and 2.1.332, observed).
"""

from candela_tui.claude_code.installed import Version

ANTHROPIC_HOST = "api.anthropic.com"
HAIKU_VARIABLE = "ANTHROPIC_DEFAULT_HAIKU_MODEL"
HAIKU_VARIABLES = (HAIKU_VARIABLE, "ANTHROPIC_SMALL_FAST_MODEL")
"""Either decides; the second is the former name."""

_SINCE: tuple[tuple[Version, str], ...] = (
    ((2, 1, 293), "claude-haiku-5-5"),
    ((2, 1, 197), "claude-haiku-4-5-20251001"),
)
"""The first version of each, newest first; observed through a CONNECT proxy with 2.1.197, 229, 260, 273, 286, 292,
293, 295, 300 and 332. Later versions are taken to do as the newest."""


def haiku_of(version: Version) -> str | None:
    """Return the model that a version calls haiku at Anthropic; None for versions older than any that was looked at."""
    return next((model for since, model in _SINCE if version >= since), None)
