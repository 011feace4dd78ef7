"""docs/architecture.md is true: what it names is there, and what is there it names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAP = (ROOT / "docs" / "architecture.md").read_text()
NAMED = set(re.findall(r"`((?:[\w-]+/)*[\w-]*(?:\.py|/))`", MAP))


def test_every_file_and_folder_that_it_names_exists() -> None:
    parts = ("", "cli", "ui", "ui/screens", "ui/widgets", "proxy", "providers", "credentials", "protocol")
    places = (ROOT, *(ROOT / "candela_tui" / part for part in parts))
    assert len(NAMED) > 30
    assert [name for name in sorted(NAMED) if not any((place / name).exists() for place in places)] == []


def test_it_names_every_package() -> None:
    packages = {f"{path.parent.name}/" for path in (ROOT / "candela_tui").glob("*/__init__.py")}
    assert packages - NAMED == set()
