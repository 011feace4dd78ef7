"""Take candela's own Python environment out of the variables of a program that candela becomes.

``uv run`` and ``uvx`` put the environment of the program that they run first on PATH. That is candela's, and a session
of Claude Code must not run ``python`` and ``pip`` there.
"""

import os
from collections.abc import Mapping
from pathlib import Path

_UV, _DEPTH = "UV", "UV_RUN_RECURSION_DEPTH"
"""What uv sets for the program that it runs: where uv is, and how many ``uv run`` are around the program."""


def without_own_environment(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return a copy of the variables as they were before uv added the environment at ``prefix``.

    An environment that the user has activated stays, also if it is the same one.
    """
    changed = dict(environ)
    places = changed.get("PATH", "").split(os.pathsep)
    own = _first(places, Path(prefix) / "bin")
    if _UV not in changed or own is None:
        return changed
    del places[own]
    changed["PATH"] = os.pathsep.join(places)
    if not _same(changed.get("VIRTUAL_ENV", ""), prefix):
        return changed
    if _first(places, Path(prefix) / "bin") is None:
        del changed["VIRTUAL_ENV"]
    outer = _depth(changed) - 1
    if outer > 0:
        changed[_DEPTH] = str(outer)
    else:
        changed.pop(_DEPTH, None)
        del changed[_UV]
    return changed


def _first(places: list[str], directory: Path) -> int | None:
    return next((index for index, place in enumerate(places) if _same(place, directory)), None)


def _same(place: str, directory: str | Path) -> bool:
    return place != "" and os.path.realpath(place) == os.path.realpath(directory)


def _depth(environ: Mapping[str, str]) -> int:
    try:
        return int(environ.get(_DEPTH, ""))
    except ValueError:
        return 0
