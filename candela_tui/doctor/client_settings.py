"""Claude Code's settings files, and the environment that they make of a shell's.

What the client makes of them (2.1.197 and 2.1.332, observed): what a file has under ``env`` goes before the shell, a
file of the project before the user's, settings.local.json before both, an empty value unsets; a file that is not JSON
counts for nothing, and the project's are those of the directory that it is started in. Managed settings go before all
(https://code.claude.com/docs/en/settings, November 2026).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from candela_tui.claude_code.own_login import settings_directory
from candela_tui.doctor.context import DoctorContext


@dataclass(frozen=True, slots=True)
class ClientSettingsFile:
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
class ClientVariable:
    """A variable as Claude Code sees it."""

    value: str = field(repr=False)
    file: ClientSettingsFile | None
    """None: the shell."""

    @property
    def where(self) -> str:
        """In words."""
        return "this shell" if self.file is None else str(self.file.path)


class ClientEnvironment:
    """The variables that a Claude Code started here would have."""

    def __init__(self, shell: Mapping[str, str], files: Iterable[ClientSettingsFile]) -> None:
        self._shell = shell
        self._files = tuple(files)

    def get(self, name: str) -> ClientVariable | None:
        """A variable; None: not set, or unset by a file."""
        found = self.deciding(name)
        return found if found is not None and found.value else None

    def deciding(self, name: str) -> ClientVariable | None:
        """Who decides on a variable, also one who unsets it; None: nobody sets it."""
        for file in reversed(self._files):
            if name in file.env:
                return ClientVariable(file.env[name], file)
        return ClientVariable(self._shell[name], None) if name in self._shell else None

    def variables(self) -> dict[str, str]:
        """Return all of them, those that are unset left out."""
        merged = dict(self._shell)
        for file in self._files:
            merged |= file.env
        return {name: value for name, value in merged.items() if value}


def settings_files(context: DoctorContext) -> list[ClientSettingsFile]:
    """Those that are there; each goes before the ones ahead of it. Blocks."""
    user = settings_directory(context.environ, context.home)
    project = context.directory / ".claude"
    places = [("user", user / "settings.json")]
    if project != user:
        places += [("project", project / "settings.json")]
    places += [
        ("local", project / "settings.local.json"),
        ("managed", context.managed / "managed-settings.json"),
        *(("managed", path) for path in sorted((context.managed / "managed-settings.d").glob("*.json"))),
    ]
    return [file for id, path in places if (file := _read(id, path)) is not None]


def file_that_sets(key: str, files: Sequence[ClientSettingsFile]) -> ClientSettingsFile | None:
    """Return the file whose value of a key Claude Code uses, or None if none has one."""
    return next((file for file in reversed(files) if file.document.get(key)), None)


def client_environment(context: DoctorContext) -> ClientEnvironment:
    """The variables that a Claude Code started here would have. Blocks."""
    return ClientEnvironment(context.environ, settings_files(context))


def _read(id: str, path: Path) -> ClientSettingsFile | None:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except json.JSONDecodeError as error:
        return ClientSettingsFile(id, path, trouble=f"is not valid JSON (line {error.lineno})")
    except ValueError:
        return ClientSettingsFile(id, path, trouble="is not UTF-8 text")
    except OSError as error:
        return ClientSettingsFile(id, path, trouble=f"can't be read ({error.strerror})")
    if not isinstance(document, dict):
        return ClientSettingsFile(id, path, trouble="is not a JSON object")
    return ClientSettingsFile(id, path, document)
