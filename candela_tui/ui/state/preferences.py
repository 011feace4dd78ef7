"""What the dashboard remembers of the user's choices: theme, layout, sorting, columns, levels of detail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from candela_tui.files import write_atomically


class Remembered(msgspec.Struct, frozen=True):
    """What the user chose in the dashboard. None or empty stands for the default."""

    theme: str | None = None
    density: Literal["compact", "standard"] | None = None
    sessions_order: str | None = None
    sessions_reversed: bool = False
    requests_order: str | None = None
    requests_reversed: bool = False
    columns: tuple[str, ...] = ()
    """Names of the columns of the list of requests, in order."""
    show_hidden: bool = False
    """Whether to list the client's own title, count_tokens and model-list requests."""
    preview: Literal["off", "beside", "below"] | None = None
    timeline: bool | None = None
    timeline_shows: Literal["tokens", "cost", "agents"] = "tokens"
    detail: dict[str, int] = {}
    """Level of detail by kind of block: 0 is one line, 1 a few lines, 2 everything."""
    wrap: bool = True
    line_numbers: bool = False


class Preferences:
    """Keeps ``now`` in its own file. config.toml stays as the user wrote it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.now = Remembered()
        self.trouble: str | None = None
        """The latest reason why the file could not be read or written."""
        self.on_trouble: Callable[[str], None] | None = None
        """Called once for each new problem."""
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
            self._told(f"{path}: the remembered view can't be read ({error}); the defaults are used")
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
            self._told(f"{path}: these remembered settings can't be used: {', '.join(wrong)}")

    def change(self, **what: Any) -> None:
        """Change these fields and remember them. Writes a few hundred bytes at once."""
        self.now = msgspec.structs.replace(self.now, **what)
        path = self._path
        if path is None:
            return
        try:
            if self._set_aside:
                # The user may want to look at a file that can't be read, so it is renamed, not overwritten.
                path.replace(path.with_name(f"{path.name}.unreadable"))
                self._set_aside = False
            # Not durable: the dashboard should not wait for a busy disk.
            write_atomically(path, msgspec.json.format(msgspec.json.encode(self.now)), mode=None, durable=False)
        except OSError as error:
            self._told(f"{path}: the remembered view can't be saved ({error.strerror or error})")

    def _told(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if self.on_trouble is not None:
                self.on_trouble(trouble)
