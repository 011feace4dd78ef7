"""The real client goes on as usual while candela asks for the reason of a cache miss."""

from pathlib import Path

import pytest

from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.proxy.running import running
from tests.standin import Provider, message, text, tool_use

pytestmark = pytest.mark.e2e


async def test_each_turn_names_the_answer_before_it(claude: Claude, tmp_path: Path) -> None:
    async with Provider() as provider:
        # candela reads an answer within a tenth of a second: the tool takes longer, as most do.
        waits = message(tool_use("Bash", {"command": "sleep 1", "description": "wait"}), stop_reason="tool_use")
        turns = iter([waits])
        provider.respond = lambda request: next(turns, None) if request.json.get("tools") else message(text("Log"))
        sections = {"cache": {"ask_provider": True}}
        async with running(provider, tmp_path / "data", sections=sections) as candela:
            environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url)
            ran = await run_claude(claude, "wait", environment, tmp_path, "--allowedTools", "Bash")
            first = await candela.exchange(lambda each: each.tools_called == ("Bash",) and not each.live)
        asked = [
            request.json for request in provider.requests if request.method == "POST" and request.json.get("tools")
        ]
        assert ran.code == 0
        assert not ran.printed["is_error"]
        assert [body["diagnostics"]["previous_message_id"] for body in asked] == [None, first.message_id]
