"""The list of warnings, the latest first."""

import textwrap

from textual.app import ComposeResult

from candela_tui.text import times
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


class NoticesDialog(Dialog[None]):
    """Show the warnings known when the dialog opens."""

    def __init__(self, sources: DataSources) -> None:
        super().__init__("Warnings", "esc close")
        lines: list[Line] = []
        for notice in reversed(sources.notices):
            at = times.time_of_day(notice.at, sources.clock, seconds=False)
            for place, part in enumerate(textwrap.wrap(notice.text, 54) or [""]):
                lines.append(((f"{'' if place else at:<14}", "dim"), (part, "text")))
            lines.append(())
        self._lines = lines[:-1] or [(("No warnings.", "dim"),)]

    def contents(self) -> ComposeResult:
        """Lay out the warnings, as high as there is room."""
        view = TextView(WrittenLines(self._lines), id="scrolled")
        view.styles.height = len(self._lines)
        yield view
