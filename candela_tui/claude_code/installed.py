"""Find the installed version of Claude Code without running it."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

Version = tuple[int, int, int]

NEWEST_KNOWN: Version = (2, 1, 332)
"""The newest version that the tables and texts about Claude Code were checked with."""

OLDEST_TESTED: Version = (2, 1, 197)
"""The oldest version that the tests are run with."""

_PACKAGE = "@anthropic-ai/claude-code"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def version_in(text: str) -> Version | None:
    """Return the version that a text starts with, such as the output of ``claude --version``."""
    found = _VERSION.match(text.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def written(version: Version) -> str:
    """Return a version as text, such as ``2.1.332``."""
    return ".".join(map(str, version))


def installed_version(program: str | Path) -> Version | None:
    """Return the version of a program, derived from where it is installed, or None if that does not show it. Blocks.

    The npm package has the version in package.json, at most two directories above the program's own. The native
    installer and Homebrew name a directory or the file itself after it (``~/.local/share/claude/versions/2.1.332``).
    """
    try:
        path = Path(program).resolve(strict=True)
    except OSError:
        return None
    for folder in list(path.parents)[:3]:
        try:
            document = json.loads((folder / "package.json").read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(document, dict) and document.get("name") == _PACKAGE:
            return version_in(str(document.get("version")))
    for name in reversed(path.parts[-3:]):
        if _VERSION.fullmatch(name):
            return version_in(name)
    return None


def version_of_command(command: str, environ: Mapping[str, str]) -> Version | None:
    """Return the version of Claude Code that a command runs, or None if it runs another program or the version is
    unknown. Blocks."""
    if Path(command).name != "claude":
        return None
    program = shutil.which(command, path=environ.get("PATH", ""))
    return installed_version(program) if program is not None else None
