"""The warnings, the latest first."""

import textwrap

from candela_tui.ui import words
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line
from candela_tui.ui.sources import Sources


class NoticesDialog(Dialog[None]):
    """Shows the warnings there were when it opened."""

    def __init__(self, sources: Sources) -> None:
        lines: list[Line] = []
        for notice in reversed(sources.notices):
            at = words.time_of_day(notice.at, sources.clock)
            for place, part in enumerate(textwrap.wrap(notice.text, 58) or [""]):
                lines.append(((f"{'' if place else at:<10}", "dim"), (part, "text")))
            lines.append(())
        super().__init__("Warnings", lines[:-1] or [(("Nothing went wrong.", "dim"),)], "esc close", scrolls=True)
