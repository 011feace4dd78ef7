"""Follow changes to a section of config.toml: a sign-in may write a project, region or profile while candela runs."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from candela_tui.config import ConfigError, Settings, load

T = TypeVar("T")


class SettingsFile(Generic[T]):
    """Provides one section of the settings, rereading it whenever the file changes."""

    def __init__(self, path: Path | None, held: T, section: Callable[[Settings], T]) -> None:
        """``held`` is the section as first read. Without ``path`` it never changes."""
        self._path = path
        self._held = held
        self._section = section
        self._seen = self._stamp()

    async def now(self) -> T:
        """Return the current section, or the previous one if the file now has a mistake."""
        seen = self._stamp()
        if self._path is not None and seen != self._seen:
            self._seen = seen
            with contextlib.suppress(ConfigError):
                self._held = self._section(await asyncio.to_thread(load, self._path))
        return self._held

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_ino) if status is not None else None
