"""Every command of candela that a message, a help text or a document names exists."""

import re
from pathlib import Path

from candela_tui.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`candela ([a-z]+)")


def test_every_command_that_is_named_exists() -> None:
    texts = [*(ROOT / "candela_tui").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = {name: path.name for path in texts for name in NAMED.findall(path.read_text("utf-8"))}
    assert len(named) > 10
    assert {name: where for name, where in named.items() if name not in COMMANDS} == {}
