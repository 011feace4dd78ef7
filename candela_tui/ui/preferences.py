"""What the dashboard remembers of how its user likes it: layout, order, columns, levels of detail."""

import os
from collections.abc import Callable
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
        """Why the file could not be read or written, the latest."""
        self.on_trouble: Callable[[str], None] | None = None
        """Called with each other trouble, once."""
        self._set_aside = False
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            written = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self._set_aside = not isinstance(error, OSError)
            self._told(f"{path}: what the dashboard remembered can't be read ({error}); the defaults hold")
            return
        usable: dict[str, Any] = {}
        wrong: list[str] = []
        for field in msgspec.structs.fields(Remembered):
            if field.name in written:
                try:
                    usable[field.name] = msgspec.json.decode(written[field.name], type=field.type)
                except msgspec.DecodeError as error:
                    wrong.append(f"{field.name} ({error})")
        self.now = Remembered(**usable)
        if wrong:
            self._set_aside = True
            self._told(f"{path}: of what the dashboard remembered these can't be used: {', '.join(wrong)}")

    def change(self, **what: Any) -> None:
        """Remember other values of these fields. Writes some hundred bytes at once."""
        self.now = msgspec.structs.replace(self.now, **what)
        path = self._path
        if path is None:
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            if self._set_aside:
                # What could not be read may be worth a look; it is not written over.
                path.replace(path.with_name(f"{path.name}.unreadable"))
                self._set_aside = False
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self.now)))
            beside.replace(path)
        except OSError as error:
            self._told(f"{path}: what the dashboard remembers can't be written ({error.strerror or error})")

    def _told(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if self.on_trouble is not None:
                self.on_trouble(trouble)
