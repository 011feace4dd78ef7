"""What the checks start from: one user's candela on this machine."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from candela_tui.config import Settings
from candela_tui.paths import Paths

# https://code.claude.com/docs/en/settings, "Settings files", November 2026.
_MANAGED = {
    "darwin": Path("/Library/Application Support/ClaudeCode"),
    "win32": Path("C:/Program Files/ClaudeCode"),
}


def managed_settings_directory() -> Path:
    """Return the directory of Claude Code's managed settings, which users can't override."""
    return _MANAGED.get(sys.platform, Path("/etc/claude-code"))


def _terminal() -> os.terminal_size | None:
    return shutil.get_terminal_size() if sys.stdout.isatty() else None


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """The paths, settings and environment that the checks look at."""

    paths: Paths
    settings: Settings
    """The defaults, where config.toml has mistakes."""
    mistakes: tuple[str, ...] = ()
    """In config.toml and in variables that stand for it, one each."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: Path = field(default_factory=Path.home)
    directory: Path = field(default_factory=Path.cwd)
    """Where Claude Code would be started."""
    managed: Path = field(default_factory=managed_settings_directory)
    terminal: os.terminal_size | None = field(default_factory=_terminal)
    """Where the output goes; None: to no terminal."""
    online: bool = True
    """Whether providers may be asked."""
