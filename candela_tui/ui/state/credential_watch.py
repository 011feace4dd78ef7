"""Watch credentials: look for those that matter, and warn when they can't be used or are about to expire."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from textual.app import App

from candela_tui.config import ConfigError
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.feed import Notice
from candela_tui.providers.identity import PROVIDERS, Provider, route_of
from candela_tui.providers.survey import SignIns, Survey, survey
from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.credentials import credential_warning

_AFTER_S = 0.5
"""Seconds before the first look. The dashboard is drawn first, because the SDKs of the clouds are slow to import."""


class CredentialWatch:
    """Watches the credentials from ``start`` on. A cloud's SDK is only imported if the default route uses that cloud,
    or if there are no requests to show yet."""

    def __init__(
        self,
        app: App[int],
        sources: DataSources,
        sign_ins: SignIns,
        changed: Callable[[], None],
        noticed: Callable[[Notice], None],
    ) -> None:
        self.sign_ins = sign_ins
        self._app = app
        self._sources = sources
        self._changed = changed
        self._noticed = noticed
        self._known: dict[Provider, CredentialState] = {}

    def start(self) -> None:
        """Schedule the first look at the credentials."""
        if self._sources.sign_in_setup is not None:
            self._app.set_timer(_AFTER_S, self.look)

    def look(self) -> None:
        """Look in the background: at the default route's credentials, or at all providers' if there are no requests
        yet."""
        own = route_of(self._sources.status.route).provider
        providers = tuple(Provider) if self._sources.loaded.empty else (own,)
        if self._sources.sign_in_setup is not None:
            looking = deferred(self._look, providers)
            self._app.run_worker(looking, group="credentials", exclusive=True)

    async def _look(self, providers: Iterable[Provider]) -> None:
        sign_in_setup = self._sources.sign_in_setup
        assert sign_in_setup is not None
        try:
            context = await sign_in_setup.context(_Nobody())
        except (ConfigError, CredentialsError):
            # A problem with these files is reported where they are used.
            return
        self.found(await survey(context, providers, await seen_elsewhere(sign_in_setup), self.sign_ins))

    def found(self, surveys: Iterable[Survey]) -> None:
        """Take the results of a survey of credentials."""
        self._sources.surveys |= {one.sign_in.provider: one for one in surveys}
        self._changed()

    def take(self, states: Sequence[CredentialState]) -> None:
        """Take changed credential states from the proxy, and notify the user of problems and recoveries."""
        for state in states:
            if state.standing is Standing.NONE:
                # A vault was unlocked, or the user signed out.
                self.look()
            before = self._known.get(state.provider)
            self._known[state.provider] = state
            words = credential_warning(state, self._sources.clock)
            if words is not None and (before is None or credential_warning(before, self._sources.clock) != words):
                self._noticed(Notice(words))
            elif (
                before is not None
                and state.standing is Standing.SIGNED_IN
                and before.standing in (Standing.LOCKED, Standing.REFUSED, Standing.EXPIRES_SOON)
            ):
                self._app.notify(f"{PROVIDERS[state.provider].short_title}: the credentials work again")
        self._changed()


async def seen_elsewhere(setup: SignInSetup) -> Sequence[CredentialState] | None:
    """Return the states of the credentials in another process's candela, or None if the proxy is in this process."""
    if setup.seen is None:
        return None
    try:
        return await asyncio.to_thread(setup.seen)
    except StoreError:
        return None


class _Nobody:
    """A prompter for surveys, which never ask the user anything."""

    async def tell(self, words: str) -> None:
        """Drop the message: nobody reads it."""

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Drop the link: nobody opens it."""

    async def ask(self, question: str, **_: object) -> str:
        """Raise Abandoned: nobody can answer."""
        raise Abandoned

    async def choose(self, question: str, choices: Sequence[Choice], **_: object) -> Choice:
        """Raise Abandoned: nobody can answer."""
        raise Abandoned
