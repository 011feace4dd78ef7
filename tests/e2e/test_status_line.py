"""The status line below the prompt of the real client, as ``candela install statusline`` sets it up."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.text.amounts import money
from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, clean_environment, run_program
from tests.e2e.scenarios import bash_tool
from tests.e2e.terminal import Terminal
from tests.e2e.test_dashboard_beside_client import settled_home
from tests.standin import Provider

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("through_candela", [True, False])
async def test_the_line_has_the_cost_that_was_recorded_or_else_that_of_the_client(
    claude: Claude, tmp_path: Path, through_candela: bool
) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(settled_home, tmp_path / "home", project)
    async with Provider() as provider, Terminal(tmp_path / "tmux", 120, 36) as terminal:
        provider.respond = bash_tool()
        async with Candela(tmp_path / "data", provider.url) as candela:
            installed = await run_program([COMMAND, "install", "statusline", "--yes"], candela.environment, project)
            assert installed[0] == 0, installed
            url = candela.url if through_candela else provider.url
            environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=url, LANG="C.UTF-8")
            await terminal.open("client", [claude.path, "--allowedTools", "Bash"], environment, project)
            await terminal.shows("client", "❯", "$0 session")
            await terminal.type("client", "please run the echo command")
            await terminal.shows("client", "echo command")
            await terminal.press("client", "Enter")
            await terminal.shows("client", "The word is coral-42.", "ctx 2% of 1.0M")
            if through_candela:
                # Two answers, the second of which the line may be too early for.
                [session] = await candela.records("sessions")
                cost = money(Decimal(str(session["cost_usd"])))
                screen = await terminal.shows(
                    "client", f"{cost} session · {cost} today · ctx 2% of 1.0M · cache 5m until "
                )
                assert not re.search(r"by the client|can't be read", screen)
            else:
                await terminal.shows("client", " session by the client, not recorded · ctx 2% of 1.0M")
            await terminal.press("client", "C-c")
        uninstalled = await run_program([COMMAND, "uninstall", "statusline", "--yes"], candela.environment, project)
        assert uninstalled[0] == 0, uninstalled
    assert not (project / ".claude" / "settings.json").exists()
