"""The screen on which a new key is described: a row for each of its limits."""

import asyncio
import textwrap
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import READERS, Key
from candela_tui.providers.identity import PROVIDER_WORDS
from candela_tui.text.times import Clock, moment_ahead
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.field_form import FieldForm, field_line
from candela_tui.ui.widgets.rows.row_list import RowList

_NAME = 12
_END = "expires_at"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    """As in ``Key``."""
    shown: str
    meaning: str
    default: str = ""

    def read(self, text: str, clock: Clock) -> Any:
        """Return the value that a text stands for. Raises ValueError."""
        return moment_ahead(text, clock) if self.name == _END else READERS[self.name](text)


_FIELDS = (
    _Field("name", "name", "What to call it, such as ci. Lists, reports and the filter (key:ci) show it.", "needed"),
    _Field("user", "user", "Whose it is."),
    _Field("team", "team", "The team that its cost is reported for."),
    _Field("project", "project", "What it is for."),
    _Field(
        "models",
        "models",
        "The models that it may use, with commas between them; * stands for any characters: claude-haiku-*",
        "all",
    ),
    _Field(
        "providers",
        "providers",
        f"The providers that it may use, with commas between them, of {', '.join(PROVIDER_WORDS)}",
        "all",
    ),
    _Field("aliases", "aliases", "Names for models, with commas between them: fast=claude-haiku-4-5"),
    _Field(
        "deny_tools", "deny tools", "Tools that it may not use, with commas between them: WebFetch, Bash(git push *)"
    ),
    _Field("parallel", "parallel", "How many requests may be under way at once.", "any"),
    _Field(
        "budget",
        "budget",
        "What may be spent with it, in USD, and in which time: 50/month, 5/day, 3/rolling:5h",
        "no limit",
    ),
    _Field(_END, "expires", "When it ends: 12h, 90d, 2027-01-31", "never"),
)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One of the fields, with the text that it got."""

    field: _Field
    text: str
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The field's name."""
        return self.field.name

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the field and its text, or what applies without one."""
        text, style = (self.text, "bright") if self.text else (self.field.default, "dim")
        if not self.text and self.field.default == "needed":
            style = "warn"
        return field_line(self.field.shown, text, style, name_width=_NAME, width=width)

    def about(self, width: int) -> list[Line]:
        """Return what the field means."""
        return [((part, "text"),) for part in textwrap.wrap(self.field.meaning, width)]


class FieldList(RowList):
    """The list of the fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("new_key.change", "enter", "open", "Change", "Change the selected field", shown_as="⏎", footer=True),
    ]


class KeyForm(FieldForm[tuple[Key, str]]):
    """Describe a new key, and make it. The answer is the key and its text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("new_key.reset", "backspace,delete", "reset", "Default", "Leave the field out", shown_as="⌫", footer=True),
        bind("new_key.save", "w", "save", "Make", "Make the key", footer=True),
        bind("new_key.back", "escape,q", "back", "Back", "Close without making a key", footer=True),
    ]

    def __init__(self, changes: KeyChanges, clock: Clock) -> None:
        super().__init__((("A new key", "heading"),), FieldList(id="fields"))
        self._changes = changes
        self._clock = clock
        self._texts: dict[str, str] = {}

    def _field_rows(self) -> list[FieldRow]:
        return [FieldRow(field, self._texts.get(field.name, "")) for field in _FIELDS]

    @property
    def _field(self) -> _Field | None:
        row = self._selected
        return row.field if isinstance(row, FieldRow) else None

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        field = self._field
        if field is not None:
            self._editor.edit(field.shown, self._texts.get(field.name, ""))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        field, text = self._field, event.value.strip()
        if field is None:
            return
        if text:
            try:
                field.read(text, self._clock)
            except ValueError as error:
                self._editor.tell(f"{field.shown}: {error}")
                return
        self._texts[field.name] = text
        self._show()
        self._editor.close()

    def action_reset(self) -> None:
        """Leave the field out, so that its default applies."""
        field = self._field
        if field is not None:
            self._texts.pop(field.name, None)
            self._show()

    def action_save(self) -> None:
        """Make the key and close."""
        if not self._texts.get("name"):
            self._editor.tell("A key needs a name.")
            return
        self.run_worker(deferred(self._make), group="make", exclusive=True)

    async def _make(self) -> None:
        found = {
            field.name: field.read(text, self._clock) for field in _FIELDS if (text := self._texts.get(field.name))
        }
        wanted = Key(id="", prefix="", hash=b"", created_at=self._clock.now(), **found)
        try:
            made = await asyncio.to_thread(self._changes.create, wanted)
        except KeysError as error:
            self._editor.tell(str(error))
        else:
            self.dismiss(made)
