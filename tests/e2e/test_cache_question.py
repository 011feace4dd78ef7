"""The real client goes on as usual while candela asks for the reason of a cache miss."""

from pathlib import Path

import pytest

from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.proxy.running import running
from tests.standin import Provider, message, text, tool_use

pytestmark = pytest.mark.e2e


async def test_each_turn_names_the_answer_before_it(claude: Claude, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("calm\n")
    async with Provider() as provider:
        reads = message(tool_use("Read", {"file_path": str(tmp_path / "log.txt")}), stop_reason="tool_use")
        turns = iter([reads])
        provider.respond = lambda request: next(turns, None) if request.json.get("tools") else message(text("Log"))
        sections = {"cache": {"ask_provider": True}}
        async with running(provider, tmp_path / "data", sections=sections) as candela:
            environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url)
            ran = await run_claude(claude, "read the log", environment, tmp_path, "--allowedTools", "Read")
            first = await candela.exchange(lambda each: each.tools_called == ("Read",) and not each.live)
        asked = [
            request.json for request in provider.requests if request.method == "POST" and request.json.get("tools")
        ]
        assert ran.code == 0
        assert not ran.printed["is_error"]
        assert [body["diagnostics"]["previous_message_id"] for body in asked] == [None, first.message_id]
