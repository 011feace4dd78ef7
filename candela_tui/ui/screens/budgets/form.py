"""The screen on which a rule is written: a row for each key of its kind, from the settings."""

import asyncio
import textwrap
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from candela_tui.config import (
    ConfigError,
    RuleField,
    RuleKind,
    WrittenRule,
    add_rule,
    edit_rule,
    to_text,
    toml_value,
)
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.settings_check import setting_mistakes
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.field_form import FieldForm, field_line
from candela_tui.ui.widgets.rows.row_list import RowList

_NAME = 16


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A key of a rule, with the value that it gets; None: its default."""

    field: RuleField
    value: Any
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The key's name."""
        return self.field.name

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the key and its value, or what applies without one."""
        field = self.field
        if self.value is not None:
            value, style = toml_value(self.value), "bright"
        elif field.required:
            value, style = "needed", "warn"
        else:
            value, style = "" if field.default is None else toml_value(field.default), "dim"
        return field_line(field.name, value, style, name_width=_NAME, width=width)

    def about(self, width: int) -> list[Line]:
        """Return what the key means, and which values it takes."""
        lines: list[Line] = [((part, "text"),) for part in textwrap.wrap(self.field.meaning, width)]
        if self.field.choices:
            lines.append((("one of ", "dim"), (", ".join(self.field.choices), "text")))
        if self.field.shape == "list":
            lines.append((('several as a list: ["one", "two"]', "dim"),))
        elif self.field.shape == "table":
            lines.append((('as a table: { name = "value" }', "dim"),))
        return lines


class FieldList(RowList):
    """The list of a rule's keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("rule.change", "enter", "open", "Change", "Change the selected key", shown_as="⏎", footer=True),
    ]


class RuleForm(FieldForm[bool]):
    """Write a new rule, or change one. The answer is whether it was saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("rule.switch", "space", "next_choice", "Switch", "Switch to the next value", footer=True),
        bind("rule.reset", "backspace,delete", "reset", "Default", "Leave the key out", shown_as="⌫", footer=True),
        bind("rule.save", "w", "save", "Save", "Check the rule, and write it to config.toml", footer=True),
        bind("rule.back", "escape,q", "back", "Back", "Close without saving", footer=True),
    ]

    def __init__(self, file: Path, kind: RuleKind, rule: WrittenRule | None = None) -> None:
        """``rule`` is the one to change; None for a new one."""
        name = rule.name if rule is not None else "New"
        super().__init__(((f"{name} ", "heading"), (f"{kind.section} · {file}", "dim")), FieldList(id="fields"))
        self._file = file
        self._kind = kind
        self._rule = rule
        self._values: dict[str, Any] = dict(rule.values) if rule is not None else {}

    def _field_rows(self) -> list[FieldRow]:
        return [FieldRow(field, self._values.get(field.name)) for field in self._kind.fields]

    @property
    def _row(self) -> FieldRow | None:
        row = self._selected
        return row if isinstance(row, FieldRow) else None

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        row = self._row
        if row is None:
            return
        if row.field.shape == "switch" or (row.field.choices and row.field.shape == "value"):
            self.action_next_choice()
            return
        value = row.value if row.value is not None else row.field.default
        self._editor.edit(row.field.name, to_text(row.field.key, value) if value not in (None, (), {}) else "")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        row = self._row
        if row is not None:
            self._set(row.field, row.field.whole_value(event.value) if event.value.strip() else None)
        self._editor.close()

    def _set(self, field: RuleField, value: Any) -> None:
        if value is None:
            self._values.pop(field.name, None)
        else:
            self._values[field.name] = value
        self._show()

    def action_next_choice(self) -> None:
        """Switch to the next value."""
        row = self._row
        if row is None:
            return
        choices: tuple[Any, ...] = (False, True) if row.field.shape == "switch" else row.field.choices
        if row.field.shape in ("switch", "value") and choices:
            now = row.value if row.value is not None else row.field.default
            place = choices.index(now) if now in choices else -1
            self._set(row.field, choices[(place + 1) % len(choices)])

    def action_reset(self) -> None:
        """Leave the key out, so that its default applies."""
        row = self._row
        if row is not None:
            self._set(row.field, None)

    def action_save(self) -> None:
        """Check the rule, write it and close."""
        self.run_worker(deferred(self._save), group="save", exclusive=True)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._write)
        except ConfigError as error:
            # The file's name is at the top.
            self._editor.tell(str(error).replace(f"{self._file}: ", ""))
        else:
            self.dismiss(True)

    def _write(self) -> None:
        if self._rule is None:
            add_rule(self._file, self._kind, self._values, setting_mistakes)
        else:
            gone = dict.fromkeys(self._rule.values.keys() - self._values.keys())
            edit_rule(self._file, self._kind, self._rule.name, {**gone, **self._values}, setting_mistakes)
