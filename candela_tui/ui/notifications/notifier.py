"""Notify a user who is looking elsewhere."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from textual.timer import Timer

from candela_tui.config import AttentionSettings
from candela_tui.ledger.names import session_title
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.ui.notifications.attention import Attention, escape_sequence
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change


class _Terminal(Protocol):
    def write_to_terminal(self, sequence: str) -> None: ...

    def set_interval(self, interval: float, callback: Callable[[], None], *, pause: bool) -> Timer: ...


class Notifier:
    """Takes changes and the passing of time, and writes notifications to the terminal."""

    def __init__(self, terminal: _Terminal, sources: DataSources) -> None:
        self._terminal = terminal
        self._sources = sources
        self._settings = AttentionSettings()
        self._attention: Attention | None = None
        self._timer: Timer | None = None

    def apply(self, settings: AttentionSettings) -> None:
        """Apply changed settings: begin afresh, or stop if notifications are off."""
        if settings == self._settings:
            return
        self._settings = settings
        self._attention = None if settings.how == "off" else Attention(settings, self._sources.clock.now())

    def changed(self, change: Change) -> None:
        """Take a change, and notify the user if it calls for that."""
        attention = self._attention
        if attention is None:
            return
        clock = self._sources.clock
        self._tell(attention.heard(change.exchanges))
        self._tell(attention.spent(clock.local(clock.now()).date(), self._sources.loaded.today().cost))
        if attention.waiting:
            if self._timer is None:
                self._timer = self._terminal.set_interval(1, self._time_passed, pause=False)
            self._timer.resume()

    def stand(self, budgets: Sequence[BudgetState]) -> None:
        """Take how the budgets stand, and notify the user if one stands worse."""
        if self._attention is not None:
            self._tell(self._attention.stand(budgets))

    def _time_passed(self) -> None:
        attention = self._attention
        if attention is not None:
            self._tell(attention.passed(self._sources.clock.now(), self._title))
        if self._timer is not None and (attention is None or not attention.waiting):
            self._timer.pause()

    def _title(self, session_id: str) -> str:
        return session_title(self._sources.loaded.session(session_id))

    def _tell(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._terminal.write_to_terminal(
                escape_sequence(self._settings.how, text, tmux=bool(os.environ.get("TMUX")))
            )
