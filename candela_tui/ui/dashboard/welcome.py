"""What an empty dashboard says."""

from textual.app import ComposeResult
from textual.containers import Vertical

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.status import Status


def welcome_lines(status: Status) -> list[Line]:
    """How to get the first request here."""
    return [
        (("candela", "heading"), ("   every request, token and dollar, as it streams", "dim")),
        (),
        (("Listening at   ", "dim"), (f"http://{status.address}", "bright")),
        (("Sending to     ", "dim"), (status.base_url, "text")),
        (),
        (("In another terminal, run Claude Code through it:", "text"),),
        (),
        (("    candela claude", "accent"),),
        (),
        (("or point everything that starts in that shell at it:", "text"),),
        (),
        (('    eval "$(candela env)"', "accent"),),
        (),
        (("No account at hand?  ", "text"), ("candela demo", "accent"), ("  plays simulated sessions.", "text")),
        (),
        (("◌ ", "accent"), ("Waiting for the first request", "dim")),
    ]


class Welcome(Vertical):
    """Shown while there is no session."""

    def __init__(self, status: Status) -> None:
        super().__init__(id="welcome")
        self._status = status

    def compose(self) -> ComposeResult:
        """A block of lines in the middle."""
        with Vertical(id="welcome-text"):
            for line in welcome_lines(self._status):
                yield OneLine(line)
