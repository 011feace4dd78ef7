"""What the global options say, and what follows from them: one object that each command gets."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.paths import Paths, default_paths

if TYPE_CHECKING:
    from candela_tui.config import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """Where the files are. ``config`` and ``data`` are None where the option was not given."""

    config: Path | None = None
    data: Path | None = None

    @property
    def paths(self) -> Paths:
        """The places to use."""
        return default_paths(self.config, self.data)

    def settings(self) -> "Settings":
        """Read config.toml and the environment. A mistake there ends the command with its description."""
        from candela_tui.config import ConfigError, load

        try:
            return load(self.paths.config)
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

    def data_directory(self) -> Path:
        """The data directory, made where it is missing. Ends the command where that fails."""
        try:
            self.paths.make_data_directory()
        except OSError as error:
            raise click.ClickException(
                f"{self.paths.data}: the data directory can't be used: {error.strerror or error}\n"
                "Choose another with --data-dir DIR."
            ) from None
        return self.paths.data

    def arguments(self) -> list[str]:
        """The global options again, for another candela."""
        given = (("--config", self.config), ("--data-dir", self.data))
        return [word for option, path in given if path for word in (option, str(path))]


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
