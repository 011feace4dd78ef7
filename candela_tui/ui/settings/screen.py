"""The screen of the settings."""

import asyncio
import textwrap
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from candela_tui.config import (
    ConfigError,
    Settings,
    UiSettings,
    change_setting,
    from_text,
    known_settings,
    origin_of,
    read_document,
    standing_in,
    validated,
)
from candela_tui.ui.closable import Closable
from candela_tui.ui.dialogs.theme import ThemeDialog
from candela_tui.ui.footer import KeyFooter
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.settings.rows import SettingRow, at_once
from candela_tui.ui.sources import Sources

_REMEMBERED = {("ui", "theme"): "theme", ("ui", "density"): "density"}
"""What is also chosen, and remembered, elsewhere: setting it here forgets that choice, so that what is set holds."""


class SettingsScreen(Closable[None]):
    """Shows every setting in force; changes are written to config.toml, and hold at once where they can."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space", "next_choice", "Switch", tooltip="The next of the values that it can have", id="settings.switch"
        ),
        Binding(
            "backspace,delete",
            "reset",
            "Default",
            key_display="⌫",
            tooltip="Take it out of config.toml: its default holds",
            id="settings.reset",
        ),
        Binding("escape,q", "back", "Back", tooltip="Back to where you were", id="settings.back"),
    ]

    def __init__(self, sources: Sources, config: Path | None, apply: Callable[[UiSettings], None]) -> None:
        super().__init__()
        self._sources = sources
        self._config = config
        self._apply = apply
        self._settings = known_settings()
        self._rows = RowList(id="settings")
        self._about = TextView(id="about")
        self._about.can_focus = False
        self._label = OneLine(id="label")
        self._input = Input(id="value", compact=True)
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Where they are, the settings, what is said of the one with the cursor, its editor, keys."""
        yield OneLine((("Settings ", "heading"), (str(self._config or "not in a file"), "dim")), id="title")
        yield self._rows
        yield self._about
        with Horizontal(id="editor"):
            yield self._label
            yield self._input
        yield KeyFooter()

    async def on_mount(self) -> None:
        """Show them."""
        self._rows.focus()
        await self._load()

    async def _load(self) -> Settings | None:
        """Read the settings anew; None: they hold a mistake, which is told."""
        try:
            document = await asyncio.to_thread(read_document, self._config) if self._config else {}
            settings = validated(document, str(self._config))
        except ConfigError as error:
            self._tell(str(error))
            return None
        rows = [
            SettingRow(one, one.value(settings), origin_of(one.key, document), standing_in(one.key))
            for one in self._settings
        ]
        self._rows.show_rows(rows)
        self._show_about()
        return settings

    @property
    def _row(self) -> SettingRow | None:
        key = self._rows.cursor_key
        return next((row for row in self._rows.rows if isinstance(row, SettingRow) and row.key == key), None)

    def _tell(self, trouble: str = "") -> None:
        # The file's name is at the top.
        self._trouble = trouble.replace(f"{self._config}: ", "")
        self._show_about()

    def _show_about(self) -> None:
        row, width = self._row, self._about.text_width
        troubles = [part for line in self._trouble.splitlines() for part in textwrap.wrap(line, max(20, width))]
        lines: list[Line] = [((trouble, "bad"),) for trouble in troubles]
        self._about.show_lines(WrittenLines([*lines, *(row.about(width) if row is not None else ())]))

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.by_hand:
            self._close_editor()
            self._tell()
        else:
            self._show_about()

    @on(TextView.Resized)
    def _resized(self) -> None:
        self._show_about()

    @on(RowList.Opened)
    def _opened(self) -> None:
        row = self._row
        if row is None:
            return
        if row.setting.choices:
            self.action_next_choice()
        elif row.setting.key == ("ui", "theme"):
            self.app.push_screen(ThemeDialog(self.app.available_themes, self.app.theme), self._theme_chosen)
        else:
            self._edit(row)

    def _theme_chosen(self, name: str | None) -> None:
        row = self._row
        if name is not None and row is not None:
            self._change(row, name)

    def _edit(self, row: SettingRow) -> None:
        self._label.pieces = ((f"{row.setting.name} = ", "accent"),)
        self._label.styles.width = len(row.setting.name) + 3
        self._input.value = row.value if isinstance(row.value, str) else row.text
        self.add_class("-editing")
        self._input.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        row = self._row
        if row is not None:
            value = event.value if isinstance(row.setting.default, str) else from_text(event.value)
            self._change(row, value)

    def _change(self, row: SettingRow, value: Any) -> None:
        if self._config is None:
            self._tell("This dashboard was opened without a config.toml: there is nowhere to write it.")
        else:
            writing: Callable[[], Awaitable[None]] = partial(self._write, self._config, row, value)
            self.run_worker(writing, group="write", exclusive=True)

    async def _write(self, config: Path, row: SettingRow, value: Any) -> None:
        setting = row.setting
        try:
            await asyncio.to_thread(change_setting, config, setting.key, value)
        except ConfigError as error:
            self._tell(str(error))
            return
        self._close_editor()
        self._tell()
        if setting.key in _REMEMBERED:
            self._sources.preferences.change(**{_REMEMBERED[setting.key]: None})
        settings = await self._load()
        if settings is not None and at_once(setting):
            self._apply(settings.ui)
        variable = origin_of(setting.key, {}).variable
        if variable is not None:
            self._tell(f"Written to {config}, but the environment variable {variable} is set and wins.")
        elif not at_once(setting):
            self.notify(f"{setting.name} is written; it holds after a restart.")

    def _close_editor(self) -> None:
        if self.has_class("-editing"):
            self.remove_class("-editing")
            self._rows.focus()

    def action_next_choice(self) -> None:
        """Switch to the next value."""
        row = self._row
        if row is None or not row.setting.choices:
            return
        choices = row.setting.choices
        place = choices.index(row.value) if row.value in choices else -1
        self._change(row, choices[(place + 1) % len(choices)])

    def action_reset(self) -> None:
        """Let the default hold again."""
        row = self._row
        if row is not None and row.origin.in_file:
            self._change(row, None)

    def action_back(self) -> None:
        """Leave the editor, or the screen."""
        if self.has_class("-editing"):
            self._close_editor()
            self._tell()
        else:
            self.dismiss()
