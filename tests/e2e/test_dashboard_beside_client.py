"""The dashboard in one terminal and Claude Code, interactive, in another: what the user sees."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from candela_tui.claude_code.models import HAIKU_VARIABLE
from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import KEY, Claude, clean_environment
from tests.e2e.scenarios import TITLE, bash_tool, is_messages, is_title
from tests.e2e.terminal import Terminal
from tests.standin import Provider

pytestmark = pytest.mark.e2e

PROMPT = "please run the echo command and tell me its word"
"""Long enough for the client to ask for a title of the session."""
SMALL_MODEL = "claude-haiku-4-5-20251001"


def settled_home(home: Path, project: Path) -> None:
    """A home in which the client has nothing to ask before the first prompt."""
    home.mkdir(parents=True)
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(project): trusted},
    }
    (home / ".claude.json").write_text(json.dumps(settings))
    project.mkdir()


@pytest.mark.parametrize(("columns", "lines", "names_haiku"), [(120, 36, False), (80, 24, True)])
async def test_the_dashboard_shows_the_session_as_it_happens(
    claude: Claude, tmp_path: Path, columns: int, lines: int, names_haiku: bool
) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(settled_home, tmp_path / "home", project)
    async with Provider() as provider, Terminal(tmp_path / "tmux", columns, lines) as terminal:
        provider.respond = bash_tool()
        candela = Candela(tmp_path / "data", provider.url)
        environment = {**candela.environment, "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
        await terminal.open("dashboard", [COMMAND], environment, tmp_path)
        await terminal.shows("dashboard", f"127.0.0.1:{candela.port}")

        beside = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url, LANG="C.UTF-8")
        # 2.1.332 asks for a title only where it may ask for more than the conversation.
        del beside["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"]
        if names_haiku:
            beside[HAIKU_VARIABLE] = SMALL_MODEL
        await terminal.open("client", [claude.path, "--allowedTools", "Bash"], beside, project)
        await terminal.shows("client", "❯")
        await terminal.type("client", PROMPT)
        # A return that comes in one burst with the text would be taken for part of something pasted.
        await terminal.shows("client", PROMPT[-20:])
        await terminal.press("client", "Enter")
        await terminal.shows("client", "The word is coral-42.")

        screen = await terminal.shows("dashboard", TITLE, "opus-", "$0.")
        assert not re.search(r"Traceback|Error", screen)
        await terminal.press("client", "C-c")
        await terminal.press("dashboard", "q")
        assert await terminal.exit_code("dashboard") == 0
        [session] = [each for each in await candela.records("sessions") if each["title"] == TITLE]
        assert session["cwd"] == str(project)
    title = next(request for request in provider.requests if is_title(request))
    turn = next(request for request in provider.requests if is_messages(request) and not is_title(request))
    assert title.json["model"] == (SMALL_MODEL if names_haiku else turn.json["model"])
