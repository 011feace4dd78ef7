"""What the screens show from, and how they hear of changes."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import msgspec

from candela_tui.config import UiSettings
from candela_tui.credentials.sign_in.office import Office
from candela_tui.credentials.sign_in.survey import Survey
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.feed import Feed, Notice
from candela_tui.ui.clock import Clock
from candela_tui.ui.history import History
from candela_tui.ui.ledger import Change, Ledger
from candela_tui.ui.preferences import Preferences, Remembered
from candela_tui.ui.status import Status


@dataclass(slots=True)
class Sources:
    """The live feed, the store behind it, and what is known of both."""

    feed: Feed
    history: History
    status: Status
    clock: Clock
    ledger: Ledger
    preferences: Preferences = field(default_factory=Preferences)
    settings: UiSettings = field(default_factory=UiSettings)
    """[ui] of config.toml, as it is now. What ``preferences`` remembers outranks it."""
    notices: list[Notice] = field(default_factory=list)
    """What went wrong, the latest last."""
    office: Office | None = None
    """Where its user signs in; None: nowhere."""
    surveys: dict[str, Survey] = field(default_factory=dict)
    """What was found of each provider's credentials, as far as anybody looked."""

    def credentials(self, provider: str) -> CredentialState | None:
        """How a provider's credentials stand: as the proxy saw them, else as they were found; None: nobody looked."""
        seen = next((state for state in self.feed.credentials if state.provider == provider), None)
        if seen is not None and seen.standing is not Standing.NONE:
            return seen
        survey = self.surveys.get(provider)
        if survey is None:
            return seen
        standing = Standing.SIGNED_IN if survey.usable else Standing.NONE
        return CredentialState(provider, standing, words=survey.words)

    @property
    def chosen(self) -> Remembered:
        """What was chosen inside the dashboard; where nothing was, what config.toml says."""
        now = self.preferences.now
        if now.density is None and self.settings.density != "auto":
            return msgspec.structs.replace(now, density=self.settings.density)
        return now


@runtime_checkable
class Watcher(Protocol):
    """A screen that wants to hear of changes. Both are called on the dashboard's loop, only while it is mounted."""

    def take_change(self, change: Change) -> None:
        """Exchanges changed, at most some ten times a second."""

    def take_tick(self, tick: int) -> None:
        """Time to draw what moves. ``tick`` counts up; called only while something is live."""
