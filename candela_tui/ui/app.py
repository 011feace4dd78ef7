"""The dashboard's app: it connects the screens to the data that they show."""

import asyncio
import os
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual._context import active_message_pump
from textual.app import App, ScreenStackError, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerFailed, get_current_worker

from candela_tui.config import UiSettings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.feed import Feed, Notice
from candela_tui.fulltext.finder import Finder
from candela_tui.providers.identity import ACCOUNTS, Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import SignIns
from candela_tui.store.history import History
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock
from candela_tui.ui.keys.actions import actions_of
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.keys.commands import Command, commands_of, nearest
from candela_tui.ui.keys.keymap import keymap
from candela_tui.ui.notifications.notifier import Notifier
from candela_tui.ui.screens.dashboard.layout.panes import Panes
from candela_tui.ui.screens.dashboard.screen import DashboardScreen
from candela_tui.ui.screens.dialogs.help import HelpDialog
from candela_tui.ui.screens.dialogs.theme import ThemeDialog
from candela_tui.ui.screens.replay.answers import AnswersScreen
from candela_tui.ui.screens.replay.dialog import ReplayDialog
from candela_tui.ui.screens.report.screen import ReportScreen
from candela_tui.ui.screens.request.screen import RequestScreen
from candela_tui.ui.screens.settings.screen import SettingsScreen
from candela_tui.ui.screens.sign_in.screen import SignInScreen
from candela_tui.ui.state.budget_watch import BudgetWatch
from candela_tui.ui.state.credential_watch import CredentialWatch
from candela_tui.ui.state.data_sources import DataSources, LiveScreen
from candela_tui.ui.state.feed_follower import FeedFollower
from candela_tui.ui.state.loaded_exchanges import Change, LoadedExchanges
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.state.proxy_status import ProxyStatus
from candela_tui.ui.style.legend import LEGEND
from candela_tui.ui.style.spinner import TICKS_A_SECOND, tick_at
from candela_tui.ui.style.themes import CANDELA_DARK, THEMES, theme_variables
from candela_tui.ui.terminal.driver import NonBlockingDriver, has_other_driver
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.command_line import CommandLine

_MOST_NOTICES = 200
_HIGH = 30
"""From this many lines on, a screen counts as high."""
_DENSITIES = ("auto", "standard", "compact")


class _Palette(CommandPalette, Closable[None]):
    """Textual's command palette, which closes once, as candela's own screens do."""


class CandelaApp(App[int]):
    """Show a feed and a store until the user quits. The app's result is an exit code."""

    TITLE = "candela"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "dashboard"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (_HIGH, "-high")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.keys", "question_mark", "keys", "Keys", "Show the keys that work here, and a legend", footer=True),
        bind("app.command", "colon", "command_line", "Command", "Type a command"),
        bind("app.command_palette", "ctrl+p", "command_palette", "Commands", "Search all commands"),
        bind("app.sign_in", "a", "sign_in", "Sign in", "Sign in to a provider"),
        bind("app.report", "r", "report", "Report", "Sum up usage by day, session, model and so on"),
        bind("app.replay", "R", "replay", "Send again", "Send this request again, or to another model"),
        bind("app.settings", "comma", "settings", "Settings", "View and change settings"),
        bind(
            "app.leave_at_once",
            "ctrl+c",
            "leave_at_once",
            "Quit at once",
            "Quit without asking; live requests are cut off",
            priority=True,
        ),
    ]

    def __init__(
        self,
        *,
        feed: Feed,
        history: History,
        status: ProxyStatus,
        settings: UiSettings | None = None,
        config: Path | None = None,
        clock: Clock | None = None,
        preferences: Preferences | None = None,
        finder: Finder | None = None,
        sign_in_setup: SignInSetup | None = None,
        sign_ins: SignIns = sign_in_to,
        control: ProxyControl | None = None,
        start: Callable[[], bool] | None = None,
    ) -> None:
        """``start`` is called in a thread once the first screen is drawn; if it returns False, the app ends with 1."""
        super().__init__(
            driver_class=None if has_other_driver() else NonBlockingDriver,
            # With ANSI colours, Textual's filter for NO_COLOR removes all colour; with other colours it would leave
            # greys.
            ansi_color=True if "NO_COLOR" in os.environ else None,
        )
        clock = clock or Clock()
        self.sources = DataSources(
            feed,
            history,
            status,
            clock,
            LoadedExchanges(clock),
            preferences or Preferences(),
            finder=finder,
            control=control,
            sign_in_setup=sign_in_setup,
            config=config,
        )
        self._credential_watch = CredentialWatch(self, self.sources, sign_ins, self._credentials_changed, self._noticed)
        self.crash: str | None = None
        """The traceback of the exception that ended the app."""
        self._config = config
        self._start = start
        self._feed_follower = FeedFollower(
            self, self.sources, self._changed, self._noticed, self._credential_watch.take
        )
        self._notifier = Notifier(self, self.sources)
        self._budget_watch = BudgetWatch(self, self.sources, self._budgets_changed)
        self._ticker: Timer | None = None
        self._ticker_is_still = False
        self._closed_at = 0.0
        """When a screen last closed, on the clock of Textual's messages."""
        self.add_mode("dashboard", lambda: DashboardScreen(self.sources))
        for own in THEMES:
            self.register_theme(own)
        self._troubles: list[str] = []
        self._key_troubles: tuple[str, ...] = ()
        self.apply_settings(settings or UiSettings())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the theme's variables for candela's stylesheets."""
        return theme_variables(self.current_theme, no_color=self.no_color)

    def apply_settings(self, settings: UiSettings) -> None:
        """Apply changed settings: keys, theme, notifications, animation and layout."""
        self.sources.settings = settings
        self.animation_level = "none" if settings.reduced_motion else "full"
        keys = keymap(settings.keys)
        self.set_keymap(keys.keys)
        troubles = (*keys.mistakes, *keys.clashes)
        self._troubles += [trouble for trouble in troubles if trouble not in self._key_troubles]
        self._key_troubles = troubles
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
            self._troubles.append(
                f"There is no theme {wanted!r}; did you mean {near}? The command :theme lists all themes."
            )

    def _lay_out(self) -> None:
        for screen in self.screen_stack:
            for panes in screen.query(Panes):
                panes.lay_out()

    def on_load(self) -> None:
        """Start tasks in turn on every Python. From 3.12 on, Textual runs each new task at once up to its first wait,
        and so mounts the widgets of the first screen before that screen is there."""
        asyncio.get_running_loop().set_task_factory(None)

    def on_mount(self) -> None:
        """Start following the feed and watching credentials, and show problems with settings and preferences."""
        self._start_ticker()
        if self._start is None:
            self._follow()
        else:
            self.call_after_refresh(self.run_worker, self._follow_once_started)
        preferences = self.sources.preferences
        if preferences.trouble is not None:
            self._troubles.append(preferences.trouble)
        preferences.on_trouble = lambda trouble: self._noticed(Notice(trouble))
        self._tell_troubles()

    async def _follow_once_started(self) -> None:
        assert self._start is not None
        if await asyncio.to_thread(self._start):
            self._follow()
        else:
            self.exit(1)

    def _follow(self) -> None:
        self._feed_follower.start()
        self._credential_watch.start()
        self._budget_watch.start()

    def _tell_troubles(self) -> None:
        troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            self._noticed(Notice(trouble))

    def on_unmount(self) -> None:
        """Stop following the feed."""
        self._feed_follower.stop()

    def _start_ticker(self) -> None:
        still = self.sources.settings.reduced_motion
        if self._ticker is not None:
            if self._ticker_is_still == still:
                return
            self._ticker.stop()
        self._ticker_is_still = still
        self._ticker = self.set_interval(
            1 if still else 1 / TICKS_A_SECOND, self._tick, pause=not self.sources.loaded.live
        )

    def _changed(self, change: Change) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen) and screen.is_mounted:
                screen.take_change(change)
        if self._ticker is not None:
            (self._ticker.resume if self.sources.loaded.live else self._ticker.pause)()
        self._notifier.changed(change)
        self._budget_watch.requested()

    def _noticed(self, notice: Notice) -> None:
        self.sources.notices = [*self.sources.notices[1 - _MOST_NOTICES :], notice]
        self.notify(notice.text, severity="warning")
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_notices()
        self._budget_watch.look()

    def _budgets_changed(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_budgets()
        self._notifier.stand(self.sources.budgets)

    def _credentials_changed(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen) and screen.is_mounted:
                screen.show_credentials()

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:
        """Show a toast. Its text may come from anywhere, so markup is off and control codes are removed."""
        super().notify("\n".join(map(terminal_safe, message.splitlines())), markup=markup, **options)

    def action_command_palette(self) -> None:
        """Open the command palette."""
        if not isinstance(self.screen, _Palette):
            self.push_screen(_Palette(id="--command-palette"))

    def pop_screen(self) -> AwaitComplete:
        """Close the topmost screen."""
        popped = super().pop_screen()
        self._closed_at = monotonic()
        return popped

    async def on_event(self, event: events.Event) -> None:
        """Handle an event, but drop keys typed before the latest screen closed: they were not meant for the one below
        it."""
        if isinstance(event, events.Key) and event.time < self._closed_at:
            return
        await super().on_event(event)

    def _tick(self) -> None:
        # While the app closes, its timers still run after its last screen is gone.
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, LiveScreen):
            screen.take_tick(tick_at(self.sources.clock.now(), still=self._ticker_is_still))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every action that works on the screen, then the themes and densities."""
        seen: set[str] = set()
        for action in actions_of(screen):
            if action.call not in seen and action.enabled and action.id != "app.command_palette":
                seen.add(action.call)
                run = partial(self.run_action, action.call, action.node)
                yield SystemCommand(action.name, _help_of_command(" ".join(action.keys), action.meaning), run)
        yield SystemCommand("Theme", _help_of_command("", "Change the theme"), self.action_change_theme)
        for density in _DENSITIES:
            yield SystemCommand(
                f"Density: {density}",
                _help_of_command("", "Set how much room lists take"),
                partial(self.choose_density, density),
            )
        for name in sorted(self.available_themes):
            help_text = _help_of_command("", "Use this theme")
            yield SystemCommand(f"Theme: {name}", help_text, partial(self.choose_theme, name))

    def commands(self) -> Iterable[Command]:
        """Yield the commands that work on every screen."""
        yield Command(
            "theme", "Change the theme; without a name, choose from a list", self._type_theme, self.available_themes
        )
        yield Command(
            "sign-in", "Sign in to a provider; without a name, choose from a list", self._type_sign_in, ACCOUNTS
        )
        yield Command("density", "Set how much room lists take", self.choose_density, _DENSITIES)
        yield Command("help", "Show the keys that work here", lambda _: self.action_keys())
        yield Command("quit", "Quit candela", lambda _: self._leave())

    def _type_theme(self, name: str) -> None:
        self.choose_theme(name) if name else self.action_change_theme()

    def _type_sign_in(self, name: str) -> None:
        known = ACCOUNTS.get(name)
        if name and known is None:
            self.notify(f"There is no provider {name!r}. Choose one of {', '.join(ACCOUNTS)}.", severity="warning")
        else:
            self.sign_in(known)

    def sign_in(self, provider: Provider | None = None) -> None:
        """Open the sign-in wizard for a provider, or let the user choose one."""
        sign_in_setup = self.sources.sign_in_setup
        if sign_in_setup is None:
            server = self.sources.status.server
            why = f"whoever runs {server} signs it in" if server else "this dashboard has no data directory"
            self.notify(f"Signing in to a provider is not available here: {why}.", severity="warning")
        elif not any(isinstance(screen, SignInScreen) for screen in self.screen_stack):
            screen = SignInScreen(
                self.sources,
                sign_in_setup,
                first=provider,
                surveyed=self._credential_watch.found,
                sign_ins=self._credential_watch.sign_ins,
            )
            self.push_screen(screen, lambda _: self._credential_watch.look())

    def action_sign_in(self) -> None:
        """Open the sign-in wizard."""
        self.sign_in()

    def choose_theme(self, name: str) -> None:
        """Change the theme, and remember it."""
        if name not in self.available_themes:
            near = nearest(name, self.available_themes)
            self.notify(f"There is no theme {name!r}" + (f"; did you mean {near}?" if near else ""), severity="warning")
            return
        self.theme = name
        self.sources.preferences.change(theme=name)

    def choose_density(self, density: str) -> None:
        """Change how much room lists take, and remember it."""
        if density not in _DENSITIES:
            self.notify(
                f"There is no density {density!r}. The densities are {', '.join(_DENSITIES)}.", severity="warning"
            )
            return
        self.sources.preferences.change(density=None if density == "auto" else density)
        self._lay_out()

    def action_change_theme(self) -> None:
        """Open the list of themes."""
        self.push_screen(ThemeDialog(self.available_themes, self.theme), self._theme_chosen)

    def _theme_chosen(self, name: str | None) -> None:
        if name is not None:
            self.choose_theme(name)

    def action_command_line(self) -> None:
        """Open the command line."""
        self.push_screen(CommandLine(commands_of(self.screen)))

    def action_settings(self) -> None:
        """Open the settings screen."""
        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen(self.sources, self._config, self.apply_settings))

    def action_report(self) -> None:
        """Open the usage report, of the requests that the dashboard's filter matches."""
        if not any(isinstance(screen, ReportScreen) for screen in self.screen_stack):
            filter_text = self.screen.filter_text if isinstance(self.screen, DashboardScreen) else ""
            self.push_screen(ReportScreen(self.sources, filter_text))

    def action_replay(self) -> None:
        """Ask whether to send the selected request again, and show both answers."""
        screen, control = self.screen, self.sources.control
        shown = screen.exchange_id if isinstance(screen, DashboardScreen | RequestScreen) else None
        exchange = self.sources.loaded.exchange(shown) if shown is not None else None
        if exchange is None:
            self.notify("Select a request to send again.")
            return
        if control is None:
            self.notify("Nothing can be sent from here: this dashboard does not reach the proxy.", severity="warning")
            return

        def sent(exchange_id: str | None) -> None:
            if exchange_id is not None:
                self.push_screen(AnswersScreen(self.sources, exchange.id, exchange_id))

        self.push_screen(ReplayDialog(control, exchange), sent)

    def action_keys(self) -> None:
        """Open the help: the keys that work here, and the legend."""
        self.push_screen(HelpDialog(actions_of(self.screen), LEGEND))

    def action_leave_at_once(self) -> None:
        """Quit without asking, even with live requests."""
        self.exit(0)

    def _leave(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen):
                screen.action_leave()

    def write_to_terminal(self, sequence: str) -> None:
        """Send one of candela's own control sequences to the terminal, after everything drawn so far."""
        if self._driver is not None:
            self._driver.write(sequence)

    def _handle_exception(self, error: Exception) -> None:
        """End the app by an error, unless it is that of a callback or worker that ran while its screen closed.

        A screen that closes removes its widgets one by one and still runs the callbacks that were due. What such a
        callback misses is gone for good.
        """
        cause: BaseException = error
        pump = active_message_pump.get(self)
        if isinstance(error, WorkerFailed):
            # A worker runs in the app's own context.
            cause, pump = error.error, get_current_worker().node
        if not (isinstance(cause, NoScreen | NoMatches | ScreenStackError) and self._is_closing(pump)):
            super()._handle_exception(error)

    def _is_closing(self, pump: MessagePump) -> bool:
        return not self._running or (isinstance(pump, DOMNode) and pump._pruning)

    def _fatal_error(self) -> None:
        """Keep the traceback. Textual's own handler would print local variables, which may hold parts of bodies."""
        if self._exception is not None and self.crash is None:
            self.crash = "".join(traceback.format_exception(self._exception))
        self._close_messages_no_wait()


def _help_of_command(keys: str, meaning: str) -> str:
    """Return the line that the palette shows below a command."""
    return f"{keys:<10} {meaning}"
