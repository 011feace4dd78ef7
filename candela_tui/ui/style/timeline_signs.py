"""How the timeline draws the parts of a bar and the states of an agent: signs, names and styles."""

from candela_tui.analysis.timeline import Part, State

PART_STYLES = {
    Part.CACHE_READ: "link",
    Part.CACHE_WRITE: "thinking",
    Part.INPUT: "good",
    Part.OUTPUT: "accent",
    Part.SEARCHES: "bad",
}
PART_SIGNS = {Part.CACHE_READ: "░", Part.CACHE_WRITE: "▒", Part.INPUT: "▓", Part.OUTPUT: "█", Part.SEARCHES: "╳"}
"""The signs of a bar's parts if there are no colours."""
PART_NAMES = {
    Part.CACHE_READ: "cache read",
    Part.CACHE_WRITE: "cache write",
    Part.INPUT: "input",
    Part.OUTPUT: "output",
    Part.SEARCHES: "searches",
}

LANE_STATES = {
    State.RAN: ("━", "link", "ran"),
    State.FAILED: ("×", "bad", "failed"),
    State.LIVE: ("═", "accent", "live"),
    State.IDLE: ("┄", "faint", "waited"),
}
"""The sign, style and name of each state of an agent."""
