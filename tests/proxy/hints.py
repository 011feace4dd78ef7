"""The hint headers of Claude Code 2.1.332, as observed."""

HINTS = {
    "x-claude-1p-request-class": "blocking-subagent",
    "x-claude-code-agent-type": "general-purpose",
    "x-claude-code-compaction": "manual",
    "x-claude-code-context-compacted": "manual",
    "x-claude-code-prev-tool-durations": "Agent=14;mcp__a%3Bb=7",
    "x-claude-code-prompt-id": "4c182377-a147-40e8-8434-70aa5af2f48d",
    "x-claude-code-request-class": "subagent",
}
