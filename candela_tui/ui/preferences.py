"""What the dashboard remembers of how its user likes it: layout, order, columns, levels of detail."""

import os
from pathlib import Path
from typing import Any, Literal

import msgspec


class Remembered(msgspec.Struct, frozen=True):
    """What was chosen inside the dashboard. None or empty: the default."""

    theme: str | None = None
    density: Literal["compact", "standard"] | None = None
    sessions_order: str | None = None
    sessions_reversed: bool = False
    requests_order: str | None = None
    requests_reversed: bool = False
    columns: tuple[str, ...] = ()
    """Names of the columns of the requests, in their order."""
    show_hidden: bool = False
    """The client's own title, count_tokens and model-list requests."""
    preview: Literal["off", "beside", "below"] | None = None
    timeline: bool | None = None
    timeline_shows: Literal["tokens", "cost", "agents"] = "tokens"
    detail: dict[str, int] = {}
    """Level of detail by kind of block (0 one line, 1 a few lines, 2 all)."""
    wrap: bool = True
    line_numbers: bool = False


class Preferences:
    """Keeps ``now`` in a file of its own; config.toml stays as its user wrote it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.now = Remembered()
        self.trouble: str | None = None
        """Why the file could not be read or written."""
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            self.now = msgspec.json.decode(path.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self.trouble = f"{path}: what the dashboard remembered can't be read ({error}); the defaults hold"

    def change(self, **what: Any) -> None:
        """Remember other values of these fields."""
        self.now = msgspec.structs.replace(self.now, **what)
        if self._path is None:
            return
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self.now)))
            beside.replace(self._path)
        except OSError as error:
            self.trouble = f"{self._path}: what the dashboard remembers can't be written ({error.strerror or error})"
