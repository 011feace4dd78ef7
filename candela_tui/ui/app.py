"""The dashboard's app: it wires screens to what they show."""

import os
import traceback
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer

from candela_tui.config import UiSettings
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.office import Office
from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.credentials.sign_in.survey import Providers
from candela_tui.feed import Feed, Notice
from candela_tui.ui.actions import actions_of
from candela_tui.ui.clock import Clock
from candela_tui.ui.command_line import CommandLine
from candela_tui.ui.commands import Verb, commands_of, nearest
from candela_tui.ui.dashboard.panes import Panes
from candela_tui.ui.dashboard.screen import DashboardScreen
from candela_tui.ui.dialogs.keys import KeysDialog
from candela_tui.ui.dialogs.theme import ThemeDialog
from candela_tui.ui.driver import SteadyDriver, has_other_driver
from candela_tui.ui.following import Following
from candela_tui.ui.history import History
from candela_tui.ui.keymap import keymap
from candela_tui.ui.ledger import Change, Ledger
from candela_tui.ui.legend import LEGEND
from candela_tui.ui.looking import Looking
from candela_tui.ui.notifier import Notifier
from candela_tui.ui.palette import Palette
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.settings.screen import SettingsScreen
from candela_tui.ui.sign_in.screen import SignInScreen
from candela_tui.ui.sources import Sources, Watcher
from candela_tui.ui.spinner import TICKS_A_SECOND, tick_at
from candela_tui.ui.status import Status
from candela_tui.ui.themes import CANDELA_DARK, THEMES, own_variables

_MOST_NOTICES = 200
_HIGH = 30
"""Lines from which a screen is not short."""
_DENSITIES = ("auto", "standard", "compact")


class CandelaApp(App[int]):
    """Shows a feed and a store until the user leaves; its result is an exit code."""

    TITLE = "candela"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "dashboard"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (_HIGH, "-high")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark", "keys", "Keys", tooltip="The keys that work here, and what the signs mean", id="app.keys"
        ),
        Binding("colon", "command_line", "Command", show=False, tooltip="Type a command", id="app.command"),
        Binding(
            "ctrl+p", "command_palette", "Commands", show=False, tooltip="Search all commands", id="app.command_palette"
        ),
        Binding("a", "sign_in", "Sign in", show=False, tooltip="Sign in to a provider", id="app.sign_in"),
        Binding("comma", "settings", "Settings", show=False, tooltip="Look at and change settings", id="app.settings"),
        Binding(
            "ctrl+c",
            "leave_at_once",
            "Leave at once",
            show=False,
            priority=True,
            tooltip="Leave without asking; what is live is cut off",
            id="app.leave_at_once",
        ),
    ]

    def __init__(
        self,
        *,
        feed: Feed,
        history: History,
        status: Status,
        settings: UiSettings | None = None,
        config: Path | None = None,
        clock: Clock | None = None,
        preferences: Preferences | None = None,
        office: Office | None = None,
        providers: Providers = registry.provider,
    ) -> None:
        super().__init__(
            driver_class=None if has_other_driver() else SteadyDriver,
            # Colours of the terminal's own make the filter for NO_COLOR take all away; another would leave greys.
            ansi_color=True if "NO_COLOR" in os.environ else None,
        )
        clock = clock or Clock()
        self.sources = Sources(feed, history, status, clock, Ledger(clock), preferences or Preferences(), office=office)
        self._looking = Looking(self, self.sources, providers, self._credentials_changed, self._noticed)
        self.crash: str | None = None
        """The traceback of the exception that ended the app."""
        self._config = config
        self._following = Following(self, self.sources, self._changed, self._noticed, self._looking.take)
        self._notifier = Notifier(self, self.sources)
        self._ticker: Timer | None = None
        self._ticker_is_still = False
        self._closed_at = 0.0
        """When a screen closed last, in the time of Textual's messages."""
        self.add_mode("dashboard", lambda: DashboardScreen(self.sources))
        for own in THEMES:
            self.register_theme(own)
        self._troubles: list[str] = []
        self._key_troubles: tuple[str, ...] = ()
        self.apply_settings(settings or UiSettings())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The inks of the theme."""
        return own_variables(self.current_theme, no_color=self.no_color)

    def apply_settings(self, settings: UiSettings) -> None:
        """Let other settings hold from now on."""
        self.sources.settings = settings
        self.animation_level = "none" if settings.reduced_motion else "full"
        keys = keymap(settings.keys)
        self.set_keymap(keys.keys)
        self._troubles += [trouble for trouble in keys.troubles if trouble not in self._key_troubles]
        self._key_troubles = tuple(keys.troubles)
        self._wear_wanted_theme()
        self._notifier.apply(settings.attention)
        if self.is_running:
            self._start_ticker()
            self._lay_out()
            self._tell_troubles()

    def _wear_wanted_theme(self) -> None:
        wanted = self.sources.preferences.now.theme or self.sources.settings.theme
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            self.theme = CANDELA_DARK.name
            near = nearest(wanted, self.available_themes) or CANDELA_DARK.name
            self._troubles.append(f"There is no theme {wanted!r}; did you mean {near}? The command :theme lists all")

    def _lay_out(self) -> None:
        for screen in self.screen_stack:
            for panes in screen.query(Panes):
                panes.lay_out()

    def on_mount(self) -> None:
        """Begin to follow."""
        self._start_ticker()
        self._following.start()
        self._looking.start()
        preferences = self.sources.preferences
        if preferences.trouble is not None:
            self._troubles.append(preferences.trouble)
        preferences.on_trouble = lambda trouble: self._noticed(Notice(trouble))
        self._tell_troubles()

    def _tell_troubles(self) -> None:
        troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            self._noticed(Notice(trouble))

    def on_unmount(self) -> None:
        """Follow no longer."""
        self._following.stop()

    def _start_ticker(self) -> None:
        still = self.sources.settings.reduced_motion
        if self._ticker is not None:
            if self._ticker_is_still == still:
                return
            self._ticker.stop()
        self._ticker_is_still = still
        self._ticker = self.set_interval(
            1 if still else 1 / TICKS_A_SECOND, self._tick, pause=not self.sources.ledger.live
        )

    def _changed(self, change: Change) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Watcher) and screen.is_mounted:
                screen.take_change(change)
        if self._ticker is not None:
            (self._ticker.resume if self.sources.ledger.live else self._ticker.pause)()
        self._notifier.changed(change)

    def _noticed(self, notice: Notice) -> None:
        self.sources.notices = [*self.sources.notices[1 - _MOST_NOTICES :], notice]
        self.notify(notice.text, severity="warning")
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_notices()

    def _credentials_changed(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_credentials()

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:
        """Textual's toast; what it says is text that may come from anywhere, so neither markup nor control codes."""
        super().notify("\n".join(map(plain, message.splitlines())), markup=markup, **options)

    def action_command_palette(self) -> None:
        """Search all commands."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def pop_screen(self) -> AwaitComplete:
        """Close the uppermost screen."""
        popped = super().pop_screen()
        self._closed_at = monotonic()
        return popped

    async def on_event(self, event: events.Event) -> None:
        """Leave out keys that were typed before the latest screen closed: they were not for the one below it."""
        if isinstance(event, events.Key) and event.time < self._closed_at:
            return
        await super().on_event(event)

    def _tick(self) -> None:
        screen = self.screen
        if isinstance(screen, Watcher):
            screen.take_tick(tick_at(self.sources.clock.now(), still=self._ticker_is_still))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action that works on the screen, and the themes."""
        seen: set[str] = set()
        for action in actions_of(screen):
            if action.call not in seen and action.enabled and action.id != "app.command_palette":
                seen.add(action.call)
                run = partial(self.run_action, action.call, action.node)
                yield SystemCommand(action.name, _help_of_command(" ".join(action.keys), action.meaning), run)
        yield SystemCommand("Theme", _help_of_command("", "Choose another theme"), self.action_change_theme)
        for density in _DENSITIES:
            yield SystemCommand(
                f"Density: {density}",
                _help_of_command("", "How much room lists take"),
                partial(self.choose_density, density),
            )
        for name in sorted(self.available_themes):
            worn = _help_of_command("", "Wear it from now on")
            yield SystemCommand(f"Theme: {name}", worn, partial(self.choose_theme, name))

    def verbs(self) -> Iterable[Verb]:
        """What the command line knows everywhere."""
        yield Verb("theme", "Wear another theme; without a name, choose one", self._type_theme, self.available_themes)
        yield Verb("sign-in", "Sign in to a provider; without a name, choose one", self._type_sign_in, registry.NAMES)
        yield Verb("density", "How much room lists take", self.choose_density, _DENSITIES)
        yield Verb("help", "The keys that work here", lambda _: self.action_keys())
        yield Verb("quit", "Leave candela", lambda _: self._leave())

    def _type_theme(self, name: str) -> None:
        self.choose_theme(name) if name else self.action_change_theme()

    def _type_sign_in(self, name: str) -> None:
        known = next((each for each in registry.NAMES if each == name), None)
        if name and known is None:
            self.notify(f"A provider is one of {', '.join(registry.NAMES)}, not {name!r}", severity="warning")
        else:
            self.sign_in(known)

    def sign_in(self, provider: ProviderName | None = None) -> None:
        """Open the wizard, at a provider or at the choice of one."""
        office = self.sources.office
        if office is None:
            self.notify("Nobody can sign in here: this dashboard belongs to no data directory.", severity="warning")
        elif not any(isinstance(screen, SignInScreen) for screen in self.screen_stack):
            screen = SignInScreen(
                self.sources, office, first=provider, surveyed=self._looking.found, providers=self._looking.providers
            )
            self.push_screen(screen, lambda _: self._looking.look())

    def action_sign_in(self) -> None:
        """Open the sign-in wizard."""
        self.sign_in()

    def choose_theme(self, name: str) -> None:
        """Wear a theme, and remember it."""
        if name not in self.available_themes:
            near = nearest(name, self.available_themes)
            self.notify(f"There is no theme {name!r}" + (f"; did you mean {near}?" if near else ""), severity="warning")
            return
        self.theme = name
        self.sources.preferences.change(theme=name)

    def choose_density(self, density: str) -> None:
        """Give lists more or less room, and remember it."""
        if density not in _DENSITIES:
            self.notify(f"The density is one of {', '.join(_DENSITIES)}, not {density!r}", severity="warning")
            return
        self.sources.preferences.change(density=None if density == "auto" else density)
        self._lay_out()

    def action_change_theme(self) -> None:
        """Choose a theme from a list."""
        self.push_screen(ThemeDialog(self.available_themes, self.theme), self._theme_chosen)

    def _theme_chosen(self, name: str | None) -> None:
        if name is not None:
            self.choose_theme(name)

    def action_command_line(self) -> None:
        """Ask for a command."""
        self.push_screen(CommandLine(commands_of(self.screen)))

    def action_settings(self) -> None:
        """Show the settings."""
        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen(self.sources, self._config, self.apply_settings))

    def action_keys(self) -> None:
        """Show the keys that work here."""
        self.push_screen(KeysDialog(actions_of(self.screen), LEGEND))

    def action_leave_at_once(self) -> None:
        """Leave without asking."""
        self.exit(0)

    def _leave(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen):
                screen.action_leave()

    def write_to_terminal(self, sequence: str) -> None:
        """Send a control sequence of ours to the terminal, after what was drawn before."""
        if self._driver is not None:
            self._driver.write(sequence)

    def _fatal_error(self) -> None:
        """Textual's hook for an exception: its own would print local variables, which may hold what bodies hold."""
        if self._exception is not None and self.crash is None:
            self.crash = "".join(traceback.format_exception(self._exception))
        self._close_messages_no_wait()


def _help_of_command(keys: str, meaning: str) -> str:
    """What the palette says below a command."""
    return f"{keys:<10} {meaning}"
