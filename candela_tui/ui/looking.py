"""Keeps an eye on credentials: looks for those that matter, and tells when they can't be used, or soon will not be."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from textual.app import App

from candela_tui.config import ConfigError
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.credentials.sign_in.survey import Providers, Survey, survey
from candela_tui.credentials.sign_in.talk import Abandoned, Choice
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.feed import Notice
from candela_tui.ui.credentials import TITLES, provider_of, told
from candela_tui.ui.sources import Sources

_AFTER_S = 0.5
"""The first look waits until the dashboard is drawn: the SDKs of the clouds take a while to import."""


class Looking:
    """From ``start`` on. Whoever does not use a cloud, and has requests to look at, is spared its SDK."""

    def __init__(
        self,
        app: App[int],
        sources: Sources,
        providers: Providers,
        changed: Callable[[], None],
        noticed: Callable[[Notice], None],
    ) -> None:
        self.providers = providers
        self._app = app
        self._sources = sources
        self._changed = changed
        self._noticed = noticed
        self._known: dict[str, CredentialState] = {}

    def start(self) -> None:
        """Look for the credentials of the default route, and of all providers where there is nothing else to see."""
        if self._sources.office is not None:
            self._app.set_timer(_AFTER_S, self.look)

    def look(self) -> None:
        """Look now, in the background."""
        own = provider_of(self._sources.status.route)
        names = registry.NAMES if self._sources.ledger.empty else () if own is None else (own,)
        if self._sources.office is not None and names:
            looking: Callable[[], Awaitable[None]] = partial(self._look, names)
            self._app.run_worker(looking, group="credentials", exclusive=True)

    async def _look(self, names: Iterable[ProviderName]) -> None:
        office = self._sources.office
        assert office is not None
        try:
            desk = await office.desk(_Nobody())
        except (ConfigError, CredentialsError):
            # What is wrong with these files is told where they are used.
            return
        self.found(await survey(desk, names, providers=self.providers))

    def found(self, surveys: Iterable[Survey]) -> None:
        """Somebody looked."""
        self._sources.surveys |= {one.provider.name: one for one in surveys}
        self._changed()

    def take(self, states: Sequence[CredentialState]) -> None:
        """The proxy used credentials, and they stand otherwise now."""
        for state in states:
            before = self._known.get(state.provider)
            self._known[state.provider] = state
            words = told(state, self._sources.clock)
            if words is not None and (before is None or told(before, self._sources.clock) != words):
                self._noticed(Notice(words))
            elif (
                before is not None
                and state.standing is Standing.SIGNED_IN
                and before.standing in (Standing.REFUSED, Standing.EXPIRES_SOON)
            ):
                self._app.notify(f"{TITLES.get(state.provider, state.provider)}: the credentials work again")
        self._changed()


class _Nobody:
    """Nobody is asked for a look."""

    async def tell(self, words: str) -> None:
        """Unheard."""

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Unseen."""

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """No answer."""
        raise Abandoned

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """No answer."""
        raise Abandoned
