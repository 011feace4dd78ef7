"""The data that the screens show, and the protocol by which they learn of changes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from candela_tui.config import Settings, UiSettings, load
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.state import CredentialState
from candela_tui.feed import Feed, Notice
from candela_tui.fulltext.finder import Finder
from candela_tui.pricing import Pricer
from candela_tui.providers.identity import Provider
from candela_tui.providers.survey import Survey
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.store.history import History
from candela_tui.text.times import Clock
from candela_tui.ui.state.loaded_exchanges import Change, LoadedExchanges
from candela_tui.ui.state.preferences import Preferences, Remembered
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.state.proxy_status import ProxyStatus


@dataclass(slots=True)
class DataSources:
    """The live feed, the store behind it, and everything known about both."""

    feed: Feed
    history: History
    status: ProxyStatus
    clock: Clock
    loaded: LoadedExchanges
    preferences: Preferences = field(default_factory=Preferences)
    settings: UiSettings = field(default_factory=UiSettings)
    """The current ``[ui]`` section of config.toml. What ``preferences`` remembers takes precedence."""
    notices: list[Notice] = field(default_factory=list)
    """Warnings and errors, the latest last."""
    finder: Finder | None = None
    """Searches the text of what was recorded; None if the search is off."""
    control: ProxyControl | None = None
    """Acts on the candela that is shown; None if it can't be reached for that."""
    sign_in_setup: SignInSetup | None = None
    """What signing in needs; None if the dashboard can't sign in."""
    surveys: dict[Provider, Survey] = field(default_factory=dict)
    """The survey of each provider's credentials, for the providers that were surveyed."""
    budgets: tuple[BudgetState, ...] = ()
    """How the budgets stand, as last seen."""
    config: Path | None = None
    """config.toml; None for the defaults."""

    def credentials(self, provider: Provider) -> CredentialState | None:
        """Return the state of a provider's credentials: as surveyed, with what the proxy saw since, or None if nobody
        looked yet."""
        survey = self.surveys.get(provider)
        if survey is not None:
            return survey.updated(self.feed.credentials).state
        return next((state for state in self.feed.credentials if state.provider is provider), None)

    def pricer(self) -> Pricer:
        """Return what prices by config.toml as it is now. Reads the file; raises ConfigError."""
        return Pricer((load(self.config) if self.config is not None else Settings()).pricing)

    @property
    def chosen(self) -> Remembered:
        """What the user chose in the dashboard, with config.toml's density as the default."""
        now = self.preferences.now
        if now.density is None and self.settings.density != "auto":
            return msgspec.structs.replace(now, density=self.settings.density)
        return now


@runtime_checkable
class LiveScreen(Protocol):
    """A screen that is told of changes. Both methods are called on the dashboard's loop, only while it is mounted."""

    def take_change(self, change: Change) -> None:
        """Take changed exchanges, about ten times a second at most."""

    def take_tick(self, tick: int) -> None:
        """Redraw what moves. ``tick`` counts up; only called while something is live."""
