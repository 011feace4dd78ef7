"""Watch how budgets stand, for the header, the sessions and notifications."""

import asyncio
from collections.abc import Callable

from textual.app import App
from textual.timer import Timer

from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.state.data_sources import DataSources

_AT_MOST_EVERY_S = 1.0
_AT_LEAST_EVERY_S = 60.0
"""Windows end, and overrides, while nothing is requested."""


class BudgetWatch:
    """Asks the candela that is shown how its budgets stand, when something changed that may change that. Without a
    budget it asks again only after a notice, as there is one when rules change."""

    def __init__(self, app: App[int], sources: DataSources, changed: Callable[[], None]) -> None:
        self._app = app
        self._sources = sources
        self._changed = changed
        self._looking = False
        self._soon: Timer | None = None

    def start(self) -> None:
        """Look, and keep looking."""
        if self._sources.control is not None:
            self.look()
            self._app.set_interval(_AT_LEAST_EVERY_S, self.requested)

    def requested(self) -> None:
        """Look soon if there are budgets: requests began or ended."""
        if self._sources.budgets and self._soon is None:
            self._soon = self._app.set_timer(_AT_MOST_EVERY_S, self.look)

    def look(self) -> None:
        """Look now."""
        self._soon = None
        if self._sources.control is not None and not self._looking:
            self._looking = True
            self._app.run_worker(deferred(self._look), group="budgets")

    async def _look(self) -> None:
        control = self._sources.control
        assert control is not None
        try:
            found = tuple(await asyncio.to_thread(control.budgets))
        except StoreError:
            # That the candela does not answer is said elsewhere; an older one has no budgets.
            return
        finally:
            self._looking = False
        if found != self._sources.budgets:
            self._sources.budgets = found
            self._changed()
