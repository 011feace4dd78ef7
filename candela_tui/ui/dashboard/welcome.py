"""What an empty dashboard says."""

from textual.app import ComposeResult
from textual.containers import Vertical

from candela_tui.credentials.sign_in.registry import NAMES
from candela_tui.ui.credentials import TITLES, standing_piece
from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sources import Sources
from candela_tui.ui.status import Status


def welcome_lines(status: Status) -> list[Line]:
    """How to get the first request here."""
    return [
        (("candela", "heading"), ("   every request, token and dollar, as it streams", "dim")),
        (),
        (("Listening at   ", "dim"), (f"http://{status.address}", "bright")),
        (("Sending to     ", "dim"), (status.base_url, "text")),
    ]


HOW_TO_BEGIN: tuple[Line, ...] = (
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
)


def credentials_line(sources: Sources) -> Line:
    """Each provider's credentials, and how to get some."""
    pieces: list[Piece] = [("Credentials    ", "dim")]
    for name in NAMES:
        state = sources.credentials(name)
        if state is not None:
            sign, ink = standing_piece(state.standing)
            pieces += [(f"{sign} ", ink), (f"{TITLES[name]}  ", "text")]
        else:
            pieces += [("◌ ", "dim"), (f"{TITLES[name]}  ", "dim")]
    return (*pieces, (" a", "heading"), (" signs in", "dim"))


class Welcome(Vertical):
    """Shown while there is no session."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(id="welcome")
        self._sources = sources
        self._credentials = OneLine()

    def compose(self) -> ComposeResult:
        """A block of lines at the top."""
        with Vertical(id="welcome-text"):
            for line in welcome_lines(self._sources.status):
                yield OneLine(line)
            self.show_credentials()
            yield self._credentials
            for line in HOW_TO_BEGIN:
                yield OneLine(line)

    def show_credentials(self) -> None:
        """Say how they stand; nothing where nobody can sign in."""
        self._credentials.display = self._sources.office is not None
        self._credentials.pieces = credentials_line(self._sources)
