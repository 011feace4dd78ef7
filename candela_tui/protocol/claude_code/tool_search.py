"""Which tools Claude Code leaves out of its requests while tool search is on, until the model asks for them."""

from collections.abc import Iterable

SEARCH_TOOL = "ToolSearch"
_BUILT_IN = frozenset(
    {
        *("CronCreate", "CronDelete", "CronList", "EnterWorktree", "ExitWorktree", "Monitor", "NotebookEdit"),
        *("ScheduleWakeup", "SendMessage", "TaskCreate", "TaskGet", "TaskList", "TaskOutput", "TaskStop"),
        *("TaskUpdate", "WebFetch", "WebSearch"),
    }
)
"""Those that 2.1.197 or 2.1.332 was seen to leave out."""


def left_out(tools: Iterable[str]) -> list[str]:
    """Return which of these tools tool search would leave out: those of MCP servers and some of the client's own. None
    if it is on already."""
    names = list(tools)
    if SEARCH_TOOL in names:
        return []
    return [name for name in names if name in _BUILT_IN or name.startswith("mcp__")]
