"""Read the corpus."""

import gzip
import json
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files"


def pairs() -> dict[str, dict[str, Any]]:
    """Return by ``VERSION CASE`` the two requests, ``before`` and ``now``, each with its headers and body."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FILES.glob("*.json.gz")):
        version = path.name.removeprefix("claude-").removesuffix(".json.gz")
        for name, pair in json.loads(gzip.decompress(path.read_bytes())).items():
            found[f"{version} {name}"] = pair
    return found
