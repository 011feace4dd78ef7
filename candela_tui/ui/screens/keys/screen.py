"""The screen of candela's own keys: what each has spent, and making, disabling, rotating and revoking them."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from candela_tui.audit.actor import own_user
from candela_tui.audit.entry import Via
from candela_tui.audit.log import AuditLog
from candela_tui.config import ConfigError, load
from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import GRACE, Key, KeyState
from candela_tui.keys.store import KeyStore
from candela_tui.paths import Paths
from candela_tui.rules.budgets.of_keys import budget_name
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.store.errors import StoreError
from candela_tui.store.open_audit import open_audit_log
from candela_tui.store.open_keys import open_key_store
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.screens.keys.form import KeyForm
from candela_tui.ui.screens.keys.rows import KeyRow
from candela_tui.ui.screens.keys.shown_once import ShownOnce
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.widgets.list_screen import ListScreen
from candela_tui.ui.widgets.rows.row_list import RowList


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was read at one moment."""

    keys: tuple[Key, ...] = ()
    budgets: tuple[BudgetState, ...] = ()
    trouble: str = ""


class KeyRows(RowList):
    """The keys. Opening one shows no more than is below already."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out opening. (Textual's hook.)"""
        return action != "open" and super().check_action(action, parameters)


class KeysScreen(ListScreen[_Shown]):
    """Show the keys of the data directory. They are read again every second while the screen is open."""

    HEADING = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("keys.new", "n", "new", "New", "Make a key", footer=True),
        bind("keys.disable", "d", "disable", "Disable", "Disable the key, or enable it again", footer=True),
        bind("keys.rotate", "r", "rotate", "Rotate", "Give the key another text", footer=True),
        bind("keys.revoke", "x", "revoke", "Revoke", "Refuse the key for good", footer=True),
        bind("keys.back", "escape,q,K", "back", "Back", "Close the screen", shown_as="esc", footer=True),
    ]

    def __init__(self, sources: DataSources) -> None:
        super().__init__(KeyRows(id="key-rows"), _Shown())
        self._sources = sources
        setup = sources.sign_in_setup
        self._paths: Paths | None = setup.paths if setup is not None else None
        self._audit: AuditLog | None = None
        self._store: KeyStore | None = None
        """Where the keys are, once that was read."""

    def _look(self) -> _Shown:
        if self._paths is None:
            return _Shown()
        try:
            if self._store is None:
                settings = load(self._paths.config)
                self._audit = open_audit_log(settings, self._paths, own_user(), Via.DASHBOARD)
                self._store = open_key_store(settings, self._paths)
            kept = self._store.keys()
        except (ConfigError, KeysError) as error:
            return _Shown(trouble=str(error))
        keys = tuple(key for key in kept if key.revoked_at is None)
        control = self._sources.control
        try:
            return _Shown(keys, tuple(control.budgets()) if control is not None else ())
        except StoreError as error:
            return _Shown(keys, trouble=str(error))

    def _show(self) -> None:
        shown, clock = self._shown, self._sources.clock
        budgets = {state.name: state for state in shown.budgets}
        rows = [KeyRow(key, budgets.get(budget_name(key)), clock) for key in shown.keys]
        active = sum(row.state is KeyState.ACTIVE for row in rows)
        self._show_rows(rows, f"{active} of {len(rows)} accepted" if rows else "")

    @property
    def _when_empty(self) -> str:
        status = self._sources.status
        if self._store is not None:
            return "No key. n makes one for a project, a shell, a program or a person."
        if status.server is not None:
            return f"Keys of {status.server} are made on its own machine."
        if status.tour:
            return "The demo has no keys."
        return "" if self._shown.trouble else "This dashboard does not know where the keys are."

    @property
    def _trouble(self) -> str:
        return self._shown.trouble

    @property
    def _row(self) -> KeyRow | None:
        row = self._selected
        return row if isinstance(row, KeyRow) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what needs a key, or the file of keys. (Textual's hook.)"""
        if action == "new":
            return self._store is not None
        return self._row is not None if action in ("disable", "rotate", "revoke") else True

    @property
    def _changes(self) -> KeyChanges | None:
        if self._store is None or self._audit is None:
            return None
        return KeyChanges(self._store, self._audit)

    def action_new(self) -> None:
        """Describe a new key, and show its text once."""
        changes = self._changes
        if changes is None:
            return

        def made(answer: tuple[Key, str] | None) -> None:
            if answer is not None:
                key, text = answer
                self.app.push_screen(ShownOnce(key.name, text))
                self._read()

        self.app.push_screen(KeyForm(changes, self._sources.clock), made)

    def action_disable(self) -> None:
        """Ask, and disable the key; or enable it again."""
        row, changes = self._row, self._changes
        if row is None or changes is None:
            return
        key = row.found
        if key.disabled_at is not None:
            self._act(lambda: changes.enable(key))
        else:
            self._ask(f"Disable {key.name}?", "Disable it", "until it is enabled again", lambda: changes.disable(key))

    def action_revoke(self) -> None:
        """Ask, and revoke the key."""
        row, changes = self._row, self._changes
        if row is not None and changes is not None:
            key = row.found
            self._ask(f"Revoke {key.name}?", "Revoke it", "for good", lambda: changes.revoke(key))

    def action_rotate(self) -> None:
        """Ask, give the key another text, and show it once."""
        row, changes = self._row, self._changes
        if row is not None and changes is not None:
            key, hours = row.found, round(GRACE.total_seconds() / 3600)
            note = f"the old text is accepted for {hours} more hours"
            self._ask(f"Rotate {key.name}?", "Give it another text", note, lambda: changes.rotate(key))

    def _ask(self, title: str, does: str, note: str, act: Callable[[], Any]) -> None:
        def answered(yes: Hashable | None) -> None:
            if yes:
                self._act(act)

        options = (Option(False, "n", "Leave it as it is"), Option(True, "y", does, note))
        self.app.push_screen(ChooseDialog(title, options), answered)

    async def _done(self, act: Callable[[], Any]) -> None:
        try:
            made = await asyncio.to_thread(act)
        except KeysError as error:
            self.notify(str(error), severity="warning")
        else:
            if made is not None:
                key, text = made
                self.app.push_screen(ShownOnce(key.name, text))
        self._read()
