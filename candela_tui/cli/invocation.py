"""The global options and the paths and settings that follow from them, passed to each command as one object."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from candela_tui.default_port import DEFAULT_PORT
from candela_tui.paths import Paths, default_paths

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.database_url import DatabaseUrl

_VARIABLES: Final = "CANDELA_STORE"


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options of one run. ``config`` and ``data`` are None if the option was not given."""

    config: Path | None = None
    data: Path | None = None
    in_file: bool = False
    """Whether the records are in the data directory whatever ``[store]`` says."""

    @property
    def paths(self) -> Paths:
        """The paths of candela's files."""
        paths = default_paths(self.config, self.data)
        return paths if self.in_file else replace(paths, database=self._database(paths.config))

    def paths_of(self, data_dir: str | None) -> Paths:
        """Return the paths of a running candela with this data directory; those of this command if it has none."""
        return default_paths(data=Path(data_dir)) if data_dir is not None else self.paths

    def _database(self, config: Path) -> "DatabaseUrl | None":
        """Return the database that the settings name, if any. Exits with an error if they contain a mistake."""
        # The smallest commands have no time to read the settings, so this is to find out that they need not.
        if not any(name.startswith(_VARIABLES) for name in os.environ):
            try:
                if b"store" not in config.read_bytes():
                    return None
            except OSError:
                return None
        url = self.settings().store.url
        if url is None:
            return None
        from candela_tui.database_url import database_url

        return database_url(url)

    def settings(self) -> "Settings":
        """Return the settings from config.toml and the environment. Exits with an error if they contain a mistake."""
        from candela_tui.config import ConfigError, load

        try:
            return load(default_paths(self.config, self.data).config)
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

    def port(self) -> int:
        """Return the port of the settings. Exits with an error if they contain a mistake."""
        return self.settings().proxy.port if self._may_have_settings() else DEFAULT_PORT

    def _may_have_settings(self) -> bool:
        # Importing the settings takes longer than all else that `candela status` does.
        return os.path.lexists(default_paths(self.config, self.data).config) or any(
            name == "PROVIDERS" or (name.startswith("CANDELA_") and "__" in name) for name in os.environ
        )

    def data_directory(self) -> Path:
        """Create the data directory if it is missing, and return it. Exits with an error if that fails."""
        try:
            self.paths.make_data_directory()
        except OSError as error:
            raise click.ClickException(
                f"{self.paths.data}: the data directory can't be used: {error.strerror or error}\n"
                "Choose another with --data-dir DIR."
            ) from None
        return self.paths.data

    def arguments(self) -> list[str]:
        """Return the global options as arguments for another candela process."""
        given = (("--config", self.config), ("--data-dir", self.data))
        return [word for option, path in given if path for word in (option, str(path))]


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
