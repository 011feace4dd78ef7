"""The warnings, the latest first."""

import textwrap

from textual.app import ComposeResult

from candela_tui.ui import words
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.sources import Sources


class NoticesDialog(Dialog[None]):
    """Shows the warnings there were when it opened."""

    def __init__(self, sources: Sources) -> None:
        super().__init__("Warnings", "esc close")
        lines: list[Line] = []
        for notice in reversed(sources.notices):
            at = words.time_of_day(notice.at, sources.clock, seconds=False)
            for place, part in enumerate(textwrap.wrap(notice.text, 54) or [""]):
                lines.append(((f"{'' if place else at:<14}", "dim"), (part, "text")))
            lines.append(())
        self._lines = lines[:-1] or [(("Nothing went wrong.", "dim"),)]

    def contents(self) -> ComposeResult:
        """As high as they are, as long as there is room."""
        view = TextView(WrittenLines(self._lines), id="scrolled")
        view.styles.height = len(self._lines)
        yield view
