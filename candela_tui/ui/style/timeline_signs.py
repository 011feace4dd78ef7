"""How the timeline draws the parts of a bar and the states of an agent: styles, signs and names."""

from candela_tui.analysis.timeline import Part, State

PART_STYLES = {
    Part.CACHE_READ: "link",
    Part.CACHE_WRITE: "thinking",
    Part.INPUT: "good",
    Part.OUTPUT: "accent",
    Part.SEARCHES: "bad",
}
LANE_STATES = {
    State.RAN: ("━", "link", "ran"),
    State.FAILED: ("×", "bad", "failed"),
    State.LIVE: ("═", "accent", "live"),
    State.IDLE: ("┄", "faint", "waited"),
}
"""The sign, style and name of each state of an agent."""
