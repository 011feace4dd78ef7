"""The dashboard's app: it wires screens to what they show."""

import traceback
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from candela_tui.feed import Feed, Notice
from candela_tui.ui.clock import Clock
from candela_tui.ui.dashboard.screen import DashboardScreen
from candela_tui.ui.dialogs.keys import KeysDialog, key_lines, key_name, own_bindings
from candela_tui.ui.driver import SteadyDriver
from candela_tui.ui.following import Following
from candela_tui.ui.history import History
from candela_tui.ui.ledger import Change, Ledger
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.sources import Sources, Watcher
from candela_tui.ui.spinner import TICKS_A_SECOND
from candela_tui.ui.status import Status
from candela_tui.ui.themes import CANDELA_DARK, THEMES

_MOST_NOTICES = 200


class CandelaApp(App[int]):
    """Shows a feed and a store until the user leaves; its result is an exit code."""

    TITLE = "candela"
    DEFAULT_MODE = "dashboard"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "keys", "Keys", key_display="?", tooltip="The keys that work here"),
        Binding("ctrl+p", "command_palette", "Commands", key_display="^p", show=False, tooltip="Search all commands"),
        Binding("ctrl+c", "leave_at_once", "Leave at once", show=False, priority=True),
    ]

    def __init__(
        self,
        *,
        feed: Feed,
        history: History,
        status: Status,
        theme: str = CANDELA_DARK.name,
        clock: Clock | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        super().__init__(driver_class=None if self._other_driver() else SteadyDriver)
        clock = clock or Clock()
        self.sources = Sources(feed, history, status, clock, Ledger(clock), preferences or Preferences())
        self.crash: str | None = None
        """The traceback of the exception that ended the app."""
        self._following = Following(self, self.sources, self._changed, self._noticed)
        self._ticker: Timer | None = None
        self.add_mode("dashboard", lambda: DashboardScreen(self.sources))
        for own in THEMES:
            self.register_theme(own)
        self._wanted_theme = theme
        self.theme = theme if theme in self.available_themes else CANDELA_DARK.name

    @staticmethod
    def _other_driver() -> bool:
        """Whether the environment asks Textual for another driver, such as that of textual-serve."""
        from textual import constants

        return constants.DRIVER is not None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The inks, for themes that do not have them."""
        return dict(CANDELA_DARK.variables)

    def on_mount(self) -> None:
        """Begin to follow."""
        self._ticker = self.set_interval(1 / TICKS_A_SECOND, self._tick, pause=True)
        self._following.start()
        if self.theme != self._wanted_theme:
            known = ", ".join(sorted(self.available_themes))
            self._noticed(Notice(f"There is no theme {self._wanted_theme!r}; [ui] theme can be one of {known}"))

    def on_unmount(self) -> None:
        """Follow no longer."""
        self._following.stop()

    def _changed(self, change: Change) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Watcher) and screen.is_mounted:
                screen.take_change(change)
        if self._ticker is not None:
            (self._ticker.resume if self.sources.ledger.live else self._ticker.pause)()

    def _noticed(self, notice: Notice) -> None:
        self.sources.notices = [*self.sources.notices[1 - _MOST_NOTICES :], notice]
        self.notify(notice.text, severity="warning")
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_notices()

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:
        """Textual's toast; what it says is text that may come from anywhere, so neither markup nor control codes."""
        super().notify(plain(message), markup=markup, **options)

    def _tick(self) -> None:
        tick = int(self.sources.clock.now().timestamp() * TICKS_A_SECOND)
        screen = self.screen
        if isinstance(screen, Watcher):
            screen.take_tick(tick)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action that works on the screen, and the themes."""
        yield SystemCommand("Theme", "Choose another theme", self.action_change_theme)
        seen: set[str] = set()
        for active in own_bindings(screen):
            binding = active.binding
            if binding.action not in seen and binding.action != "command_palette":
                seen.add(binding.action)
                run = partial(self.run_action, binding.action, active.node)
                yield SystemCommand(binding.description, f"{key_name(binding.key):<10} {binding.tooltip}", run)

    def action_keys(self) -> None:
        """Show the keys that work here."""
        self.push_screen(KeysDialog(key_lines(self.screen)))

    def action_leave_at_once(self) -> None:
        """Leave without asking."""
        self.exit(0)

    def _fatal_error(self) -> None:
        """Textual's hook for an exception: its own would print local variables, which may hold what bodies hold."""
        if self._exception is not None and self.crash is None:
            self.crash = "".join(traceback.format_exception(self._exception))
        self._close_messages_no_wait()
