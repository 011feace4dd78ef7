"""The screen of the sign-in wizard."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.office import Office
from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.credentials.sign_in.survey import Providers, Survey
from candela_tui.ui import clipboard
from candela_tui.ui.closable import Closable
from candela_tui.ui.footer import KeyFooter
from candela_tui.ui.ink import Piece
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sign_in.conversation import Conversation
from candela_tui.ui.sign_in.wizard import Around, Wizard
from candela_tui.ui.sources import Sources


class SignInScreen(Closable[None]):
    """Leads through signing in. ``escape`` gives up the step that it is at, and leaves at the first."""

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        # With ctrl, they work while something is typed, too.
        Binding(
            "ctrl+y,y", "copy_link", "Copy link", key_display="^y", tooltip="Copy the link", id="sign_in.copy_link"
        ),
        Binding(
            "ctrl+t,c",
            "copy_code",
            "Copy code",
            key_display="^t",
            tooltip="Copy the code to enter on the page",
            id="sign_in.copy_code",
        ),
        Binding(
            "ctrl+o,o",
            "open_link",
            "Browser",
            key_display="^o",
            tooltip="Open the link in this desktop's browser",
            id="sign_in.open_link",
        ),
        Binding(
            "escape,q", "back", "Back", key_display="esc", tooltip="Give up this step, or leave", id="sign_in.back"
        ),
    ]

    def __init__(
        self,
        sources: Sources,
        office: Office,
        *,
        first: ProviderName | None = None,
        surveyed: Callable[[list[Survey]], None],
        providers: Providers = registry.provider,
    ) -> None:
        super().__init__()
        self._first = first
        self._title = OneLine(id="title")
        self._conversation = Conversation(still=sources.settings.reduced_motion)
        around = Around(
            office,
            sources.status.address,
            lambda: sources.feed.credentials,
            self._show_crumbs,
            surveyed,
            providers,
        )
        self._wizard = Wizard(self._conversation, around)
        self._over = False

    def compose(self) -> ComposeResult:
        """Where its user is, the conversation, keys."""
        yield self._title
        yield self._conversation
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin."""
        leading: Callable[[], Awaitable[None]] = self._lead
        self.run_worker(leading, group="sign in")

    async def _lead(self) -> None:
        await self._wizard.run(self._first)
        self._over = True
        self.dismiss()

    def on_screen_resume(self) -> None:
        """Close where the wizard ended below another screen."""
        if self._over:
            self.dismiss()

    def _show_crumbs(self, crumbs: tuple[str, ...]) -> None:
        pieces: list[Piece] = [("Sign in", "heading")]
        for crumb in crumbs:
            pieces += [(" › ", "dim"), (crumb, "text")]
        self._title.pieces = tuple(pieces)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: there is something to copy once it was shown."""
        link = self._conversation.link
        if action in ("copy_link", "open_link"):
            return link is not None
        if action == "copy_code":
            return link is not None and link.code is not None
        return True

    def action_copy_link(self) -> None:
        """Put the link on the clipboard."""
        if (link := self._conversation.link) is not None:
            clipboard.copy(self, "the link", link.url)

    def action_copy_code(self) -> None:
        """Put the code on the clipboard."""
        if (link := self._conversation.link) is not None and link.code is not None:
            clipboard.copy(self, "the code", link.code)

    def action_open_link(self) -> None:
        """Open the link here, if there is a desktop."""
        link = self._conversation.link
        if link is not None and not open_browser(link.url):
            self.notify("There is no browser here: copy the link (^y) and open it elsewhere.", severity="warning")

    def action_back(self) -> None:
        """Give up this step, or leave."""
        if not self._conversation.give_up():
            self.dismiss()
