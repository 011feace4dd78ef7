"""Patterns of files in Claude Code's permission rules: those of .gitignore, from one of four places.

``//x`` begins at the root of the file system, ``~/x`` in the home directory, ``/x`` in the project's directory, and
``x`` or ``./x`` anywhere below it. Upper and lower case are the same (measured with Claude Code 2.1.332).
"""

import posixpath
from dataclasses import dataclass
from typing import Final

from pathspec import GitIgnoreSpec

_ROOT: Final = "/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the client runs: what ``~`` and paths without a beginning stand for."""

    home: str
    cwd: str | None
    """The project's directory; None if the client did not say."""

    def absolute(self, path: str) -> str:
        """Return the whole path, without ``.`` and ``..``."""
        if path == "~" or path.startswith("~/"):
            path = self.home + path[1:]
        return posixpath.normpath(posixpath.join(_ROOT, self.cwd or "", path))


class PathPattern:
    """One pattern of files."""

    def __init__(self, text: str) -> None:
        """Raises ValueError if it is not a pattern."""
        self._in_home = text.startswith("~/")
        self._in_root = text.startswith("//")
        pattern = text[1:] if self._in_home or self._in_root else text.removeprefix("./")
        # Claude Code leaves out this ending, so that ``a/**`` is a directory at any depth.
        pattern = pattern.removesuffix("/**") or "*"
        if not pattern.strip("/"):
            raise ValueError("it names no file")
        # GitIgnoreSpec has no flag for it.
        self._spec = GitIgnoreSpec.from_lines([pattern.lower()])

    @property
    def is_relative(self) -> bool:
        """Whether it is about files in the project's directory."""
        return not (self._in_home or self._in_root)

    def matches(self, path: str, place: Place) -> bool:
        """Return whether a path is one of these files, or below one of them."""
        base = _ROOT if self._in_root else place.home if self._in_home else place.cwd or _ROOT
        below = posixpath.relpath(place.absolute(path).lower(), base.lower())
        return not below.startswith("..") and self._spec.match_file(below)
