"""The screen of the settings."""

import asyncio
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
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
    to_text,
    validated,
)
from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.screens.dialogs.theme import ThemeDialog
from candela_tui.ui.screens.settings.setting_row import SettingRow, at_once
from candela_tui.ui.settings_check import setting_mistakes
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.key_editor import KeyEditor
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList

_REMEMBERED = {("ui", "theme"): "theme", ("ui", "density"): "density"}
"""Settings that can also be chosen elsewhere and are remembered: setting them here clears that choice, so that the file
applies."""

_OPENS_THE_PROXY = (("proxy", "allow"), "any-local")
"""The setting and value that let other users spend this user's money."""


class SettingList(RowList):
    """The list of settings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("settings.change", "enter", "open", "Change", "Change the selected setting", shown_as="⏎", footer=True),
    ]


class SettingsScreen(Closable[None]):
    """Show all settings in force. Changes are written to config.toml and take effect at once where possible."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("settings.switch", "space", "next_choice", "Switch", "Switch to the next value", footer=True),
        bind(
            "settings.reset",
            "backspace,delete",
            "reset",
            "Default",
            "Use the default, removing it from config.toml",
            shown_as="⌫",
            footer=True,
        ),
        bind("settings.back", "escape,q", "back", "Back", "Close the settings", footer=True),
    ]

    def __init__(self, sources: DataSources, config: Path | None, apply: Callable[[UiSettings], None]) -> None:
        super().__init__()
        self._sources = sources
        self._config = config
        self._apply = apply
        self._settings = known_settings()
        self._rows = SettingList(id="settings")
        self._editor = KeyEditor(self._rows)

    def compose(self) -> ComposeResult:
        """Lay out the file's path, the settings, the description of one, its editor and the footer."""
        yield OneLine((("Settings ", "heading"), (str(self._config or "no config.toml"), "dim")), id="title")
        yield self._editor
        yield KeyFooter()

    async def on_mount(self) -> None:
        """Show the settings."""
        self._rows.focus()
        await self._load()

    async def _load(self) -> Settings | None:
        """Read the settings again; return None, with an error shown, if they are invalid."""
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
        self._editor.show_about()
        return settings

    @property
    def _row(self) -> SettingRow | None:
        key = self._rows.cursor_key
        return next((row for row in self._rows.rows if isinstance(row, SettingRow) and row.key == key), None)

    def _tell(self, trouble: str = "") -> None:
        # The file's name is at the top.
        self._editor.tell(trouble.replace(f"{self._config}: ", ""))

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
            self._editor.edit(row.setting.name, to_text(row.setting.key, row.value))

    def _theme_chosen(self, name: str | None) -> None:
        row = self._row
        if name is not None and row is not None:
            self._change(row, name)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        row = self._row
        if row is not None:
            self._change(row, from_text(row.setting.key, event.value))

    def _change(self, row: SettingRow, value: Any) -> None:
        if self._config is None:
            self._tell("This dashboard was started without a config.toml, so settings can't be saved.")
            return
        write = partial(self._start_writing, self._config, row, value)
        if (row.setting.key, value) != _OPENS_THE_PROXY:
            write()
            return

        def answered(allow: Hashable | None) -> None:
            if allow:
                write()

        options = (
            Option(False, "n", "Allow only me"),
            Option(True, "y", "Allow all local users", "they can use your sign-in at your cost"),
        )
        self.app.push_screen(ChooseDialog("Open the proxy to other users of this machine?", options), answered)

    def _start_writing(self, config: Path, row: SettingRow, value: Any) -> None:
        writing = deferred(self._write, config, row, value)
        self.run_worker(writing, group="write", exclusive=True)

    async def _write(self, config: Path, row: SettingRow, value: Any) -> None:
        setting = row.setting
        try:
            await asyncio.to_thread(change_setting, config, setting.key, value, setting_mistakes)
        except ConfigError as error:
            self._tell(str(error))
            return
        self._editor.close()
        self._tell()
        if setting.key in _REMEMBERED:
            self._sources.preferences.change(**{_REMEMBERED[setting.key]: None})
        settings = await self._load()
        if settings is not None and setting.key[0] == "ui":
            self._apply(settings.ui)
        if setting.key[0] == "rules" and self._sources.control is not None:
            self._tell(await self._why_not_followed(self._sources.control, config))
        variable = origin_of(setting.key, {}).variable
        if variable is not None:
            self._tell(f"Saved to {config}, but the environment variable {variable} is set and takes precedence.")
        elif not at_once(setting):
            self.notify(f"Saved {setting.name}. Takes effect after a restart.")

    async def _why_not_followed(self, control: ProxyControl, config: Path) -> str:
        try:
            return await asyncio.to_thread(control.why_not_followed, config)
        except StoreError as error:
            return str(error)

    def action_next_choice(self) -> None:
        """Switch to the next value."""
        row = self._row
        if row is None or not row.setting.choices:
            return
        choices = row.setting.choices
        place = choices.index(row.value) if row.value in choices else -1
        self._change(row, choices[(place + 1) % len(choices)])

    def action_reset(self) -> None:
        """Use the default again."""
        row = self._row
        if row is not None and row.origin.in_file:
            self._change(row, None)

    def action_back(self) -> None:
        """Close the editor, or the screen."""
        if self._editor.editing:
            self._editor.close()
            self._tell()
        else:
            self.dismiss()
