"""The screen of the sign-in wizard."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import SignIns, Survey
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.sign_in.conversation import SignInConversation
from candela_tui.ui.screens.sign_in.wizard import Wizard, WizardContext
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.styled_text import Piece
from candela_tui.ui.terminal import clipboard
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine


class SignInScreen(Closable[None]):
    """Guide the user through signing in. ``escape`` cancels a step, and closes the wizard at the first."""

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        # With ctrl they also work while typing.
        bind("sign_in.copy_link", "ctrl+y,y", "copy_link", "Copy link", "Copy the link", shown_as="^y", footer=True),
        bind(
            "sign_in.copy_code",
            "ctrl+t,c",
            "copy_code",
            "Copy code",
            "Copy the code to enter on that page",
            shown_as="^t",
            footer=True,
        ),
        bind(
            "sign_in.open_link",
            "ctrl+o,o",
            "open_link",
            "Browser",
            "Open the link in this desktop's browser",
            shown_as="^o",
            footer=True,
        ),
        bind(
            "sign_in.back",
            "escape,q",
            "back",
            "Back",
            "Cancel this step, or close the wizard",
            shown_as="esc",
            footer=True,
        ),
    ]

    def __init__(
        self,
        sources: DataSources,
        sign_in_setup: SignInSetup,
        *,
        first: Provider | None = None,
        surveyed: Callable[[list[Survey]], None],
        sign_ins: SignIns = sign_in_to,
    ) -> None:
        super().__init__()
        self._first = first
        self._title = OneLine(id="title")
        self._conversation = SignInConversation(still=sources.settings.reduced_motion)
        around = WizardContext(
            sign_in_setup,
            sources.status.address,
            lambda: sources.feed.credentials,
            self._show_crumbs,
            surveyed,
            sign_ins,
        )
        self._wizard = Wizard(self._conversation, around)
        self._over = False

    def compose(self) -> ComposeResult:
        """Lay out the position in the wizard, the conversation and the footer."""
        yield self._title
        yield self._conversation
        yield KeyFooter()

    def on_mount(self) -> None:
        """Start the wizard."""
        leading: Callable[[], Awaitable[None]] = self._lead
        self.run_worker(leading, group="sign in")

    async def _lead(self) -> None:
        await self._wizard.run(self._first)
        self._over = True
        self.dismiss()

    def on_screen_resume(self) -> None:
        """Close if the wizard ended while another screen was on top."""
        if self._over:
            self.dismiss()

    def _show_crumbs(self, crumbs: tuple[str, ...]) -> None:
        pieces: list[Piece] = [("Sign in", "heading")]
        for crumb in crumbs:
            pieces += [(" › ", "dim"), (crumb, "text")]
        self._title.pieces = tuple(pieces)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the copy keys once there is something to copy. (Textual's hook.)"""
        link = self._conversation.link
        if action in ("copy_link", "open_link"):
            return link is not None
        if action == "copy_code":
            return link is not None and link.code is not None
        return True

    def action_copy_link(self) -> None:
        """Copy the link."""
        if (link := self._conversation.link) is not None:
            clipboard.copy(self, "the link", link.url)

    def action_copy_code(self) -> None:
        """Copy the code."""
        if (link := self._conversation.link) is not None and link.code is not None:
            clipboard.copy(self, "the code", link.code)

    def action_open_link(self) -> None:
        """Open the link in this desktop's browser, if there is one."""
        link = self._conversation.link
        if link is not None and not open_browser(link.url):
            self.notify("No browser was found. Copy the link (^y) and open it elsewhere.", severity="warning")

    def action_back(self) -> None:
        """Cancel this step, or close the wizard."""
        if not self._conversation.give_up():
            self.dismiss()
