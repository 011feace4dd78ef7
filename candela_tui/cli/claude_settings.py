"""Settings files of Claude Code that lead it past candela: what they set wins over the environment."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from candela_tui.claude_code.variables import is_socket, is_switch, switched_on
from candela_tui.config import Settings
from candela_tui.diagnosis.client_settings import SettingsFile, settings_files
from candela_tui.diagnosis.patient import Patient
from candela_tui.paths import Paths


def read_settings_files(paths: Paths, settings: Settings) -> list[SettingsFile]:
    """Return those that a Claude Code started here reads. Blocks."""
    return settings_files(Patient(paths, settings))


def leading_past(files: Sequence[SettingsFile], wanted: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield files and the variables in them that send the client elsewhere than ``wanted`` does."""
    for file in files:
        for name, value in file.env.items():
            if name in wanted:
                elsewhere = name.endswith("_BASE_URL") and value != wanted[name]
            else:
                elsewhere = (is_switch(name) and switched_on(value)) or (is_socket(name) and bool(value))
            if elsewhere:
                yield file.path, name
