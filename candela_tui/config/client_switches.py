"""The variables by which Claude Code chooses another provider than the one of ANTHROPIC_BASE_URL."""

SWITCHES = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_GATEWAY",
)
"""Each sends the client to a provider of its own, past ANTHROPIC_BASE_URL; of several the first decides."""
ON = frozenset({"1", "true", "yes", "on"})
"""The values, in lower case, that switch on. Read from Claude Code 2.1.197."""
