"""The screen of budgets and rules: how budgets stand, and adding, changing, removing and overriding."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType

from candela_tui.config import (
    ConfigError,
    RuleKind,
    WrittenRule,
    read_document,
    remove_rule,
    rule_kinds,
    written_rules,
)
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.budgets.form import RuleForm
from candela_tui.ui.screens.budgets.override_dialog import OverrideDialog
from candela_tui.ui.screens.budgets.rows import BudgetRow, RuleRow
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.settings_check import setting_mistakes
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.widgets.list_screen import ListScreen
from candela_tui.ui.widgets.rows.row_list import RowList


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was read at one moment."""

    file: Path | None
    """The config.toml with the rules."""
    rules: tuple[WrittenRule, ...] = ()
    states: tuple[BudgetState, ...] = ()
    trouble: str = ""


class BudgetRows(RowList):
    """The budgets and rules."""

    changeable = False
    """Whether the rules are in a file of this machine."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("budgets.change", "enter", "open", "Change", "Change the rule", shown_as="⏎", footer=True),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out changing what can't be changed here. (Textual's hook.)"""
        return (action != "open" or self.changeable) and super().check_action(action, parameters)


class BudgetsScreen(ListScreen[_Shown]):
    """Show budgets and rules. They are read again every second while the screen is open."""

    HEADING = "Budgets and rules"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("budgets.new", "n", "new", "New", "Add a budget or another rule", footer=True),
        bind(
            "budgets.remove", "d,backspace,delete", "remove", "Remove", "Remove the rule from config.toml", footer=True
        ),
        bind("budgets.override", "o", "override", "Override", "Let requests pass the budget for a time", footer=True),
        bind("budgets.end", "O", "end_override", "End override", "End the override of the budget"),
        bind("budgets.back", "escape,q,b", "back", "Back", "Close the screen", shown_as="esc", footer=True),
    ]

    def __init__(self, sources: DataSources) -> None:
        self._budget_rows = BudgetRows(id="budget-rows")
        super().__init__(self._budget_rows, _Shown(None))
        self._sources = sources

    def _look(self) -> _Shown:
        control, file, states, trouble = self._sources.control, self._sources.config, list[BudgetState](), ""
        try:
            if control is None:
                trouble = "This dashboard does not reach the proxy, so that it does not know how the budgets stand."
            else:
                state = control.rules()
                file, trouble = (Path(state.file), state.trouble or "") if state is not None else (None, "")
                states = control.budgets()
        except StoreError as error:
            trouble = str(error)
        try:
            rules = written_rules(read_document(file)) if file is not None else []
        except ConfigError as error:
            return _Shown(file, (), tuple(states), str(error))
        return _Shown(file, tuple(rules), tuple(states), trouble)

    def _show(self) -> None:
        shown, clock = self._shown, self._sources.clock
        budgets = {rule.name: rule for rule in shown.rules if rule.kind.name == "budgets"}
        rows: list[BudgetRow | RuleRow] = [
            BudgetRow(state, budgets[state.name].place if state.name in budgets else -1, clock)
            for state in shown.states
        ]
        known = {state.name for state in shown.states}
        self._budget_rows.changeable = shown.file is not None
        rows += [RuleRow(rule) for rule in shown.rules if rule.kind.name != "budgets" or rule.name not in known]
        self._show_rows(rows, str(shown.file or ""))

    @property
    def _when_empty(self) -> str:
        server = self._sources.status.server
        if server is not None:
            return f"None that you may see. Rules of {server} are written on its own machine."
        if self._shown.file is None:
            return "No budget and no rule, and no config.toml to write one to."
        return "No budget and no rule. n adds one, such as a limit on what requests cost."

    @property
    def _trouble(self) -> str:
        # The file's name is at the top.
        return self._shown.trouble.replace(f"{self._shown.file}: ", "")

    @property
    def _row(self) -> BudgetRow | RuleRow | None:
        row = self._selected
        return row if isinstance(row, BudgetRow | RuleRow) else None

    @property
    def _rule(self) -> WrittenRule | None:
        """The rule with the cursor, as it is written."""
        row = self._row
        if isinstance(row, RuleRow):
            return row.rule
        return next(
            (
                rule
                for rule in self._shown.rules
                if row is not None and rule.kind.name == "budgets" and rule.place == row.place
            ),
            None,
        )

    @property
    def _budget(self) -> BudgetState | None:
        row = self._row
        return row.state if isinstance(row, BudgetRow) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what needs a file of rules, a rule or a budget. (Textual's hook.)"""
        if action == "new":
            return self._shown.file is not None
        if action == "remove":
            return self._rule is not None
        if action == "override":
            return self._budget is not None
        if action == "end_override":
            return self._budget is not None and self._budget.override is not None
        return True

    def action_new(self) -> None:
        """Choose a kind, and write a new rule."""
        file = self._shown.file
        if file is None:
            return
        kinds = {kind.name: kind for kind in rule_kinds()}
        options = [
            Option(name, str(number), name, kind.meaning) for number, (name, kind) in enumerate(kinds.items(), 1)
        ]

        def chosen(name: Hashable | None) -> None:
            if isinstance(name, str):
                self._write(file, kinds[name])

        self.app.push_screen(ChooseDialog("A rule about", options), chosen)

    def _write(self, file: Path, kind: RuleKind, rule: WrittenRule | None = None) -> None:
        if rule is None and not kind.many:
            # There is one such section at most.
            rule = next((each for each in self._shown.rules if each.kind == kind), None)

        def written(saved: bool | None) -> None:
            if saved:
                self._follow(file)

        self.app.push_screen(RuleForm(file, kind, rule), written)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        rule, file = self._rule, self._shown.file
        if rule is not None and file is not None:
            self._write(file, rule.kind, rule)

    def action_remove(self) -> None:
        """Ask, and remove the rule."""
        rule, file = self._rule, self._shown.file
        if rule is None or file is None:
            return

        def answered(remove: Hashable | None) -> None:
            if remove:
                self._act(partial(remove_rule, file, rule.kind, rule.name if rule.kind.many else "", setting_mistakes))

        options = (Option(False, "n", "Keep it"), Option(True, "y", "Remove it", str(file)))
        self.app.push_screen(ChooseDialog(f"Remove {rule.name}?", options), answered)

    def _follow(self, file: Path) -> None:
        """Let the candela that is shown follow the file at once, and say if it does not."""
        self.run_worker(deferred(self._let_follow, file), group="act")

    async def _let_follow(self, file: Path) -> None:
        control = self._sources.control
        try:
            trouble = await asyncio.to_thread(control.why_not_followed, file) if control is not None else ""
        except StoreError as error:
            trouble = str(error)
        if trouble:
            self.notify(trouble, severity="warning")
        self._read()

    async def _done(self, act: Callable[[], Any]) -> None:
        try:
            await asyncio.to_thread(act)
        except (ConfigError, StoreError) as error:
            self.notify(str(error), severity="warning")
        if self._shown.file is not None:
            await self._let_follow(self._shown.file)

    def action_override(self) -> None:
        """Ask for how long and why, and let requests pass the budget."""
        state, control = self._budget, self._sources.control
        if state is None or control is None:
            return

        def answered(given: tuple[timedelta, str] | None) -> None:
            if given is not None:
                span, why = given
                self._act(partial(control.override_budget, state.name, for_s=span.total_seconds(), why=why))

        self.app.push_screen(OverrideDialog(state.name), answered)

    def action_end_override(self) -> None:
        """End the override of the budget."""
        state, control = self._budget, self._sources.control
        if state is not None and control is not None:
            self._act(partial(control.end_override, state.name))
