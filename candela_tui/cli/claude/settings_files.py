"""Find settings files that make Claude Code bypass candela, because they override the environment."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from candela_tui.claude_code.variables import is_socket, is_switch, switched_on
from candela_tui.config import Settings
from candela_tui.doctor.client_settings import ClientSettingsFile, settings_files
from candela_tui.doctor.context import DoctorContext
from candela_tui.paths import Paths


def read_settings_files(paths: Paths, settings: Settings) -> list[ClientSettingsFile]:
    """Return the settings files that Claude Code reads when started in this directory. Blocks."""
    return settings_files(DoctorContext(paths, settings))


def leading_past(files: Sequence[ClientSettingsFile], wanted: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield each file and variable in it that sends the client elsewhere than ``wanted`` does."""
    for file in files:
        for name, value in file.env.items():
            if name in wanted:
                elsewhere = name.endswith("_BASE_URL") and value != wanted[name]
            else:
                elsewhere = (is_switch(name) and switched_on(value)) or (is_socket(name) and bool(value))
            if elsewhere:
                yield file.path, name
