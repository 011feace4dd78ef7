"""Two lines below the header that explain the dashboard to somebody who sees it for the first time, as in the demo."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical

from candela_tui.exchange import Outcome
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.spinner import frame
from candela_tui.ui.style.styled_text import Line, Piece, cells_of
from candela_tui.ui.widgets.one_line import OneLine

_KEYS = (
    ("⏎", "read a request"),
    ("tab", "next pane"),
    ("↑ ↓", "move"),
    ("?", "all keys and signs"),
    ("q", "quit"),
    ("F", "follow the newest session"),
    ("p", "preview"),
    ("u", "usage"),
)
"""What to press, the most useful first."""

_SIGNS = (
    (frame(0), "live"),
    (outcomes.SIGNS[Outcome.OK], "ok"),
    (outcomes.SIGNS[Outcome.ERROR], "error"),
    ("IN", "uncached"),
    ("READ WRITE", "from and to the cache"),
    ("OUT", "response"),
    ("≥", "at least"),
    ("~", "estimated"),
    ("TTFT", "time to first token"),
)
"""What the list shows; the whole legend is in ``style/legend.py``."""


class Tour(Vertical):
    """What to press, and what the signs mean."""

    DEFAULT_CSS = """
    Tour {
        height: auto;
        padding: 0 1;
        background: $panel;
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the two lines."""
        yield _Explanations(_KEYS)
        yield _Explanations(_SIGNS)


class _Explanations(OneLine):
    """Shows each key or sign with its meaning, as many as fit."""

    def __init__(self, explanations: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self._explanations = tuple(explanations)

    def compose_line(self, width: int) -> Line:
        """Compose as many as fit."""
        shown: list[Piece] = []
        for sign, meaning in self._explanations:
            pieces = [(sign, "heading"), (f" {meaning}  ", "dim")]
            # The two spaces behind the last one need no room.
            if cells_of([*shown, *pieces]) > width + 2:
                break
            shown += pieces
        return tuple(shown)
