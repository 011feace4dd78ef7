"""How far the index is, in words."""

from candela_tui.fulltext.index import Progress
from candela_tui.text import amounts
from candela_tui.text.times import Clock, local_time


def progress_text(progress: Progress | None, clock: Clock | None = None) -> str:
    """Return what a search does not find yet: ``indexed up to 12:01:03, 1,200 requests to go``; empty if it finds
    everything."""
    if progress is None:
        return "nothing is indexed yet"
    if not progress.to_go:
        return ""
    to_go = f"{amounts.requests(progress.to_go)} to go"
    return to_go if progress.indexed_to is None else f"indexed up to {local_time(progress.indexed_to, clock)}, {to_go}"
