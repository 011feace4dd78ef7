"""What fills the context window of the real client: the sections of its prompt, and when it compacts by itself."""

import json
import re
from pathlib import Path

import pytest

from candela_tui.analysis.context_items import context_pieces
from candela_tui.analysis.items import Items, read_items
from candela_tui.protocol.claude_code import models
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import is_title, plain
from tests.standin import Provider

pytestmark = pytest.mark.e2e

RESERVE = re.compile(r"Autocompact buffer \| ([\d.]+)k")
WINDOW = re.compile(r"/ (\d+)(k|m) \(")


def home_with_everything(directory: Path) -> None:
    """A user with a CLAUDE.md file, a skill, an agent and an output style."""
    for path, words in {
        "CLAUDE.md": "# Environment\nPrefer uv.\n",
        "skills/tides/SKILL.md": "---\nname: tides\ndescription: Reads the tide tables.\n---\nDo it.\n",
        "agents/buoy.md": "---\nname: buoy\ndescription: Looks after buoys.\n---\nYou look after buoys.\n",
        "output-styles/pirate.md": "---\nname: Pirate\ndescription: Talks like a pirate\n---\nSay arr often.\n",
        "settings.json": json.dumps({"outputStyle": "Pirate"}),
    }.items():
        file = directory / ".claude" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)


@pytest.mark.parametrize("model", ["claude-opus-4-8", "claude-sonnet-4-6"])
async def test_each_section_of_its_prompt_is_known(
    claude: Claude, provider: Provider, tmp_path: Path, model: str
) -> None:
    home, project = tmp_path / "home", tmp_path / "reef"
    home_with_everything(home)
    project.mkdir()
    (project / "CLAUDE.md").write_text("Run make check.\n")
    provider.respond = plain()
    environment = clean_environment(home, ANTHROPIC_BASE_URL=provider.url)
    await run_claude(claude, "Look at the guide", environment, project, "--model", model)
    asked = next(each for each in provider.requests if each.path.endswith("/messages") and not is_title(each))
    items: Items = Items()
    for _ in read_items(asked.body, items, Items()):
        pass
    found = list(context_pieces(items, model).pieces())
    named = {(item.kind, item.name) for item in found}
    assert {
        ("memory", str(home / ".claude/CLAUDE.md")),
        ("memory", str(project / "CLAUDE.md")),
        ("environment", "environment"),
        ("output_style", "Pirate"),
        ("skills", "skills"),
        ("agents", "agents"),
        ("built_in", "Read"),
        ("user", "user"),
    } <= named
    (user,) = [item for item in found if item.kind == "user"]
    assert user.size < 100


@pytest.mark.parametrize(
    "model",
    ["claude-sonnet-4-6", "claude-opus-4-8", "claude-haiku-4-5", "claude-sonnet-4-6[1m]"],
)
async def test_it_compacts_where_candela_says(claude: Claude, provider: Provider, tmp_path: Path, model: str) -> None:
    version = claude.known_version
    environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=provider.url)
    run = await run_claude(claude, "/context", environment, tmp_path, "--model", model)
    told = run.printed["result"]
    size, unit = WINDOW.search(told).groups()  # type: ignore[union-attr]
    window = int(size) * (1_000_000 if unit == "m" else 1_000)
    reserve = RESERVE.search(told)
    compacts = None if reserve is None else window - round(float(reserve[1]) * 1_000)
    assert models.autocompact_at(version, model, window) == compacts
