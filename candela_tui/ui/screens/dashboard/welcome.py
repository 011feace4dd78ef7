"""The text of an empty dashboard."""

from textual.app import ComposeResult
from textual.containers import Vertical

from candela_tui.providers.identity import PROVIDERS, Provider, route_of
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.proxy_status import ProxyStatus
from candela_tui.ui.style.credentials import standing_piece
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.one_line import OneLine


def welcome_lines(status: ProxyStatus) -> list[Line]:
    """Return where the proxy listens and sends to."""
    return [
        (("candela", "heading"), ("   every request, token and dollar, as it streams", "dim")),
        (),
        (("Listening at   ", "dim"), (status.server or f"http://{status.address}", "bright")),
        (("Sending to     ", "dim"), (status.base_url, "text")),
    ]


_WAITING: Line = (("◌ ", "accent"), ("Waiting for the first request", "dim"))
_HOW_TO_BEGIN: tuple[Line, ...] = (
    (),
    (("In another terminal, run Claude Code through it:", "text"),),
    (),
    (("    candela claude", "accent"),),
    (),
    (("or route everything started in that shell through it:", "text"),),
    (),
    (('    eval "$(candela env)"', "accent"),),
    (),
    (("No account yet?  ", "text"), ("candela demo", "accent"), ("  plays simulated sessions.", "text")),
    (),
    _WAITING,
)


def how_to_begin(server: str | None) -> tuple[Line, ...]:
    """Return how requests get here; ``server`` is the URL of a team's candela."""
    if server is None:
        return _HOW_TO_BEGIN
    return (
        (),
        (("In Claude Code, sign in to this server, if its settings name it:", "text"),),
        (),
        (("    /login", "accent"),),
        (),
        (("or use a key that whoever runs the server made for you:", "text"),),
        (),
        ((f"    export ANTHROPIC_BASE_URL={server}", "accent"),),
        (("    export ANTHROPIC_AUTH_TOKEN=", "accent"), ("the key", "dim")),
        (),
        _WAITING,
    )


_HOW_TO_SIGN_IN: Line = (("               press ", "dim"), ("a", "heading"), (" to sign in", "dim"))
"""In a line of its own, which the providers can't push off the screen."""
_OFFERED = (Provider.ANTHROPIC, Provider.VERTEX, Provider.BEDROCK)
"""The providers that are always shown. All of them would not fit on a line of 80 columns."""


def credentials_line(sources: DataSources) -> Line:
    """Return the credentials of the usual providers and of the default route's."""
    pieces: list[Piece] = [("Credentials    ", "dim")]
    own = route_of(sources.status.route).provider
    for provider in dict.fromkeys((*_OFFERED, own)):
        info, state = PROVIDERS[provider], sources.credentials(provider)
        if state is not None:
            sign, style = standing_piece(state.standing)
            pieces += [(f"{sign} ", style), (f"{info.short_title}  ", "text")]
        else:
            pieces += [("◌ ", "dim"), (f"{info.short_title}  ", "dim")]
    return tuple(pieces)


class Welcome(Vertical):
    """The welcome, shown while there is no session."""

    def __init__(self, sources: DataSources) -> None:
        super().__init__(id="welcome")
        self._sources = sources
        self._credentials = OneLine()
        self._how_to_sign_in = OneLine(_HOW_TO_SIGN_IN)

    def compose(self) -> ComposeResult:
        """Lay out a block of lines at the top."""
        with Vertical(id="welcome-text"):
            for line in welcome_lines(self._sources.status):
                yield OneLine(line)
            self.show_credentials()
            yield self._credentials
            yield self._how_to_sign_in
            for line in how_to_begin(self._sources.status.server):
                yield OneLine(line)

    def show_credentials(self) -> None:
        """Show the state of the credentials; nothing if signing in is not possible."""
        self._credentials.display = self._how_to_sign_in.display = self._sources.sign_in_setup is not None
        self._credentials.pieces = credentials_line(self._sources)
