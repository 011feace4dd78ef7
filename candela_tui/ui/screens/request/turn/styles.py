"""The styles of what an agent does."""

from candela_tui.analysis.turn_timing import Activity

ACTIVITY_STYLES = {
    Activity.MODEL: "accent",
    Activity.TOOL: "good",
    Activity.AGENTS: "link",
    Activity.CHECK: "thinking",
    Activity.WAITING: "warn",
    Activity.RETRY: "bad",
    Activity.SIDE: "dim",
}
