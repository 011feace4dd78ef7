"""Claude Code's settings files, and the environment that they make of a shell's.

What the client makes of them (2.1.197 and 2.1.332, observed): what a file has under ``env`` goes before the shell, a
file of the project before the user's, settings.local.json before both, an empty value unsets; a file that is not JSON
counts for nothing, and the project's are those of the directory that it is started in. Managed settings go before all
(https://code.claude.com/docs/en/settings, November 2026).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from candela_tui.diagnosis.patient import Patient


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """One file that is there."""

    id: str
    """user, project, local or managed."""
    path: Path
    document: dict[str, Any] = field(default_factory=dict, repr=False)
    trouble: str = ""
    """Why it counts for nothing."""

    @property
    def env(self) -> dict[str, str]:
        """What it sets."""
        found = self.document.get("env")
        if not isinstance(found, dict):
            return {}
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Set:
    """A variable as Claude Code sees it."""

    value: str = field(repr=False)
    by: SettingsFile | None
    """None: the shell."""

    @property
    def where(self) -> str:
        """In words."""
        return "this shell" if self.by is None else str(self.by.path)


class ClientEnvironment:
    """The variables that a Claude Code started here would have."""

    def __init__(self, shell: Mapping[str, str], files: Iterable[SettingsFile]) -> None:
        self._shell = shell
        self._files = tuple(files)

    def get(self, name: str) -> Set | None:
        """A variable; None: not set, or unset by a file."""
        found = self.last_word(name)
        return found if found is not None and found.value else None

    def last_word(self, name: str) -> Set | None:
        """Who decides on a variable, also one who unsets it; None: nobody sets it."""
        for file in reversed(self._files):
            if name in file.env:
                return Set(file.env[name], file)
        return Set(self._shell[name], None) if name in self._shell else None

    def variables(self) -> dict[str, str]:
        """Return all of them, those that are unset left out."""
        merged = dict(self._shell)
        for file in self._files:
            merged |= file.env
        return {name: value for name, value in merged.items() if value}


def settings_files(patient: Patient) -> list[SettingsFile]:
    """Those that are there; each goes before the ones ahead of it. Blocks."""
    own = patient.environ.get("CLAUDE_CONFIG_DIR")
    user = Path(own) if own else patient.home / ".claude"
    project = patient.directory / ".claude"
    places = [("user", user / "settings.json")]
    if project != user:
        places += [("project", project / "settings.json")]
    places += [
        ("local", project / "settings.local.json"),
        ("managed", patient.managed / "managed-settings.json"),
        *(("managed", path) for path in sorted((patient.managed / "managed-settings.d").glob("*.json"))),
    ]
    return [file for id, path in places if (file := _read(id, path)) is not None]


def client_environment(patient: Patient) -> ClientEnvironment:
    """The variables that a Claude Code started here would have. Blocks."""
    return ClientEnvironment(patient.environ, settings_files(patient))


def _read(id: str, path: Path) -> SettingsFile | None:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except json.JSONDecodeError as error:
        return SettingsFile(id, path, trouble=f"is not valid JSON (line {error.lineno})")
    except ValueError:
        return SettingsFile(id, path, trouble="is not UTF-8 text")
    except OSError as error:
        return SettingsFile(id, path, trouble=f"can't be read ({error.strerror})")
    if not isinstance(document, dict):
        return SettingsFile(id, path, trouble="is not a JSON object")
    return SettingsFile(id, path, document)
