"""The global options and the paths and settings that follow from them, passed to each command as one object."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.paths import Paths, default_paths

if TYPE_CHECKING:
    from candela_tui.config import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options of one run. ``config`` and ``data`` are None if the option was not given."""

    config: Path | None = None
    data: Path | None = None

    @property
    def paths(self) -> Paths:
        """The paths of candela's files."""
        return default_paths(self.config, self.data)

    def settings(self) -> "Settings":
        """Return the settings from config.toml and the environment. Exits with an error if they contain a mistake."""
        from candela_tui.config import ConfigError, load

        try:
            return load(self.paths.config)
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

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
