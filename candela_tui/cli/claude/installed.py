"""What ``candela install`` changed in settings files of Claude Code, kept in the data directory for ``uninstall``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from candela_tui.cli.claude.settings_members import MemberChange, Setting
from candela_tui.files import write_atomically


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What was changed in one file."""

    parts: Mapping[str, tuple[MemberChange, ...]] = field(default_factory=dict)
    """By what was installed, such as ``statusline``."""
    containers: Mapping[tuple[str, ...], str | None] = field(default_factory=dict)
    """See ``Setting``. They belong to every part, because one part may be removed before the other."""
    made_directory: bool = False
    """Whether the file's directory was not there before."""

    def setting(self, part: str) -> Setting:
        """Return what installing one part changed."""
        return Setting(self.parts.get(part, ()), self.containers)

    def with_part(self, part: str, setting: Setting) -> "FileRecord":
        """Return the record after a part was installed."""
        containers = {**setting.containers, **self.containers}
        return FileRecord({**self.parts, part: setting.members}, containers, self.made_directory)

    def without_part(self, part: str, left: Setting) -> "FileRecord":
        """Return the record after a part was removed."""
        others = {name: members for name, members in self.parts.items() if name != part}
        return FileRecord(others, left.containers if others else {}, self.made_directory)


class Installed:
    """The records of all files. Every method raises OSError, and ValueError if the records are damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, file: Path) -> FileRecord:
        """Return what was changed in a settings file."""
        return _read(self._documents().get(str(file), {}))

    def put(self, file: Path, record: FileRecord) -> None:
        """Keep what was changed in a settings file; nothing if nothing of it is left."""
        documents = {name: document for name, document in self._documents().items() if name != str(file)}
        if record.parts:
            documents[str(file)] = _written(record)
        write_atomically(self._path, json.dumps(documents, indent=1).encode())

    def _documents(self) -> dict[str, Any]:
        try:
            documents = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        try:
            return dict(documents.items())
        except AttributeError as error:
            raise ValueError("not an object") from error


def _read(document: Any) -> FileRecord:
    try:
        parts = {
            name: tuple(MemberChange(tuple(path), before, after) for path, before, after in members)
            for name, members in document.get("parts", {}).items()
        }
        containers = {tuple(path): before for path, before in document.get("containers", [])}
        return FileRecord(parts, containers, bool(document.get("made_directory")))
    except (AttributeError, TypeError) as error:
        raise ValueError("not a record") from error


def _written(record: FileRecord) -> dict[str, Any]:
    return {
        "parts": {
            name: [[list(each.path), each.before, each.after] for each in members]
            for name, members in record.parts.items()
        },
        "containers": [[list(path), before] for path, before in record.containers.items()],
        "made_directory": record.made_directory,
    }
