"""The legend that ``?`` shows: what the signs and short words on the screens mean.

``tests/ui/test_legend.py`` fails if a screen draws a sign that is not explained here.
"""

from typing import NamedTuple

from candela_tui.analysis.labels import IMPORTED, PART_NAMES, PART_SIGNS, REPLAYED
from candela_tui.analysis.turn_lanes import LOOKS
from candela_tui.credentials.state import SIGNS as STANDING_SIGNS
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.spinner import frame
from candela_tui.ui.style.timeline_signs import LANE_STATES


class LegendEntry(NamedTuple):
    """A sign or word, and its meaning."""

    sign: str
    meaning: str


LEGEND: dict[str, tuple[LegendEntry, ...]] = {
    "Signs: how a request ended": (
        LegendEntry(frame(0), "live: the response is streaming"),
        *(LegendEntry(sign, outcomes.NAMES[outcome]) for outcome, sign in outcomes.SIGNS.items()),
        LegendEntry("×3", "the client tried three times; the tries share one row"),
    ),
    "Signs: figures": (
        LegendEntry("≥", "at least: part of the amount is unknown, such as the end of a response that was cut off"),
        LegendEntry("~", "estimated while the response streams"),
        LegendEntry("–", "unknown"),
        LegendEntry("<", "less than the smallest amount that is shown"),
        LegendEntry("√", "square root scale: small bars stay visible"),
        LegendEntry("▓▓░░", "how much of a limit or of the context is used"),
        LegendEntry("▁▃▆", "cost of the last hours, or amounts over time"),
    ),
    "Signs: lists": (
        LegendEntry("●", "marked for export or comparison"),
        LegendEntry("▸ ▾", "folded, unfolded"),
        LegendEntry("├ └", "a sub-agent of the session above"),
        LegendEntry("↳", "continues the session whose id begins so: resumed under another id, or forked"),
        LegendEntry("⎇", "git branch"),
        LegendEntry("≠", "served by another model, or differently, than requested"),
        LegendEntry(REPLAYED, "a request that you sent again"),
        LegendEntry(IMPORTED, "imported, in whole or in part: read from a transcript or a HAR file"),
        LegendEntry("↗", "runs on Vertex AI or Bedrock"),
        LegendEntry("↑ ↓", "sorted by this column, smallest or largest first"),
        LegendEntry("+4", "before the column names: chosen columns that do not fit (C to choose)"),
        LegendEntry("+2 hidden", "the client's own requests: probes, counts, titles (H to show them)"),
        LegendEntry("3 new ↓ G", "requests that arrived since you scrolled away from the end"),
        LegendEntry("following", "new sessions are selected automatically; not following: F to follow again"),
        LegendEntry("¹ ²", "the key that goes to this pane or tab, also ᶜ ˣ ᵗ"),
    ),
    "Signs: header and credentials": (
        LegendEntry("● ○", "the proxy responds, or can't be reached"),
        *(LegendEntry(sign, f"credentials: {standing.value}") for standing, sign in STANDING_SIGNS.items()),
        LegendEntry("⚠", "warnings (! to list them)"),
    ),
    "Signs: timeline and timing": (
        *(LegendEntry(sign * 2, f"an agent: {said}") for sign, _, said in LANE_STATES.values()),
        *(LegendEntry(sign, f"{PART_NAMES[part]}, without colours") for part, sign in PART_SIGNS.items()),
        LegendEntry("┊", "a stretch of time that is not drawn"),
        LegendEntry("▲", "the selected request"),
        LegendEntry("╸ ╺", "a bar that starts or ends within the cell"),
    ),
    "Signs: a turn": (
        *(LegendEntry(look.sign * 2, f"an agent's time: {look.word}") for look in LOOKS.values()),
        LegendEntry("● ~", "on the critical path; inferred, not measured"),
        LegendEntry("←", "the request in view"),
    ),
    "Signs: one request": (
        LegendEntry("¶", "text of the response"),
        LegendEntry("∴", "thinking"),
        LegendEntry("→ ←", "a tool call, and its result; in Context, → leads to a message"),
        LegendEntry("⌕", "a tool that a tool search loaded"),
        LegendEntry("▣", "an image or document"),
        LegendEntry("◇", "a cache breakpoint: the prompt is cached up to here"),
        LegendEntry("△", "the end of what the request before left in the cache"),
        LegendEntry("⇄", "whose bytes are shown: the client's or the provider's"),
        LegendEntry("+ − ~", "compared: new, gone, changed"),
        LegendEntry("▴ ▾", "sorted, smallest or largest first"),
    ),
    "Words": (
        LegendEntry("API-equivalent", "what the API would charge: a subscription is not billed per request"),
        LegendEntry("hit", "share of the prompt that came from the cache"),
        LegendEntry("read, write", "tokens read from the cache, and written to it (for 5 minutes or 1 hour)"),
        LegendEntry("input, IN", "prompt tokens that are neither read from the cache nor written to it"),
        LegendEntry("ctx", "how full the model's context window is"),
        LegendEntry("cache 4:12", "time until the prompt cache expires; cold: it has expired"),
        LegendEntry("idle", "no request since then"),
        LegendEntry("5h, 7d", "the limits of a subscription, and when they reset"),
        LegendEntry("TTFT, TTFB", "time to the first token, to the first byte"),
        LegendEntry("TOK/S", "output tokens per second"),
        LegendEntry("saved", "what the prompt would have cost extra without the cache"),
        LegendEntry("unread", "requests whose usage could not be read"),
    ),
}
