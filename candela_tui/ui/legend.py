"""What the signs and short words on the screens mean: the legend that ``?`` shows.

``tests/ui/test_legend.py`` fails where a screen draws a sign that is not explained here.
"""

from typing import NamedTuple

from candela_tui.credentials.state import SIGNS as STANDING_SIGNS
from candela_tui.ui import outcomes
from candela_tui.ui.dashboard import timeline_drawing as timeline
from candela_tui.ui.spinner import frame


class Entry(NamedTuple):
    """A sign or word, and what it means."""

    sign: str
    meaning: str


LEGEND: dict[str, tuple[Entry, ...]] = {
    "Signs: how a request ended": (
        Entry(frame(0), "live: the answer is on its way"),
        *(Entry(sign, outcomes.NAMES[outcome]) for outcome, sign in outcomes.SIGNS.items()),
        Entry("×3", "the client tried three times; the tries are one row"),
    ),
    "Signs: figures": (
        Entry("≥", "at least: a part of it is unknown, such as the end of an answer that broke off"),
        Entry("~", "estimated while the answer streams"),
        Entry("–", "unknown"),
        Entry("<", "less than the smallest amount that is shown"),
        Entry("√", "square root scale: small bars stay visible"),
        Entry("▓▓░░", "how much of a limit or of the context is used"),
        Entry("▁▃▆", "cost of the last hours, or amounts over time"),
    ),
    "Signs: lists": (
        Entry("●", "marked, to export or compare"),
        Entry("▸ ▾", "folded, unfolded"),
        Entry("├ └", "a sub-agent of the session above"),
        Entry("⎇", "git branch"),
        Entry("≠", "served by another model, or in another way, than requested"),
        Entry("↗", "runs on Vertex AI or Bedrock"),
        Entry("↑ ↓", "sorted by this column, smallest or largest first"),
        Entry("+4", "before the column names: chosen columns without room (C chooses)"),
        Entry("+2 hidden", "requests that the client makes for itself: probes, counts, titles (H shows them)"),
        Entry("3 new ↓ G", "requests that arrived since you left the end of the list"),
        Entry("following", "a new session is chosen by itself; not following: F follows the newest again"),
        Entry("¹ ²", "the key that goes there"),
    ),
    "Signs: header and credentials": (
        Entry("● ○", "the proxy answers, or can't be reached"),
        *(Entry(sign, f"credentials: {standing.value}") for standing, sign in STANDING_SIGNS.items()),
        Entry("⚠", "warnings (! lists them)"),
    ),
    "Signs: time-line and timing": (
        *(Entry(sign * 2, f"an agent: {said}") for sign, _, said in timeline.STATES.values()),
        *(Entry(sign, f"{timeline.NAMES[part]}, without colours") for part, sign in timeline.SIGNS.items()),
        Entry("┊", "time that is left out"),
        Entry("▲", "the request with the cursor"),
        Entry("╸ ╺", "a bar that begins or ends within the cell"),
    ),
    "Signs: one request": (
        Entry("¶", "text of the answer"),
        Entry("∴", "thinking"),
        Entry("→ ←", "a tool call, and its result"),
        Entry("⌕", "a tool that a search for tools loaded"),
        Entry("▣", "an image or document"),
        Entry("◇", "a cache breakpoint: the prompt is cached up to here"),
        Entry("⇄", "whose bytes are shown: the client's or the provider's"),
        Entry("+ − ~", "compared: new, gone, changed"),
        Entry("▴ ▾", "sorted, smallest or largest first"),
    ),
    "Words": (
        Entry("API-equivalent", "what the API would charge for it; a subscription is not billed by request"),
        Entry("hit", "share of the prompt that came from the cache"),
        Entry("read, write", "tokens read from the cache, and written to it (for 5 minutes or 1 hour)"),
        Entry("input, IN", "tokens of the prompt that are neither read from the cache nor written to it"),
        Entry("ctx", "how full the model's context window is"),
        Entry("cache 4:12", "how long the prompt cache still lives; cold: it is gone"),
        Entry("idle", "no request since then"),
        Entry("5h, 7d", "the limits of a subscription, and when they reset"),
        Entry("TTFT, TTFB", "time to the first token, to the first byte"),
        Entry("TOK/S", "output tokens per second"),
        Entry("saved", "what the prompt would have cost more without the cache"),
        Entry("unread", "requests whose usage could not be read"),
    ),
}
