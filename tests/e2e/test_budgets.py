"""Budgets with the real client: one that is reached in mid-session is one sentence after one request."""

from pathlib import Path

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import answers_so_far, speak, titled
from tests.standin import Answer, Provider, ReceivedRequest, text, tool_use
from tests.standin.answers import usage

pytestmark = pytest.mark.e2e

BUDGETS = '[{ name = "each session", scope = "session", window = "month", limit_usd = 2 }]'


def expensive(request: ReceivedRequest) -> Answer:
    """A call, in an answer that costs $1.50 or more, as each further one would."""
    assert answers_so_far(request) < 2
    call = tool_use("Bash", {"command": "echo hello", "description": "x"})
    return speak(request, text("I look."), call, usage=usage(1_500_000), output_tokens=15)


@pytest.mark.parametrize("gateway", [False, True], ids=["plain", "gateway"])
async def test_the_sentence_is_shown_after_one_request(
    gateway: bool, claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    provider.respond = titled(expensive)
    project = tmp_path / "project"
    project.mkdir()
    async with Candela(tmp_path / "data", provider.url, CANDELA_RULES__BUDGETS=BUDGETS) as candela:
        environment = clean_environment(tmp_path, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{candela.port}")
        if gateway:
            del environment["ANTHROPIC_API_KEY"]
            environment |= {"CLAUDE_CODE_USE_GATEWAY": "1", "ANTHROPIC_AUTH_TOKEN": "a-gateway-token"}
        run = await run_claude(claude, "Look around.", environment, project, "--allowedTools", "Bash")
        requests = await candela.records("requests")
    assert 'the budget "each session" for session ' in run.printed["result"]
    assert "candela rules override 'each session' --for 1h --why" in run.printed["result"]
    assert [each["status"] for each in requests if each["outcome"] == "blocked"] == [429 if gateway else 402]
    asked = [request for request in provider.requests if request.path.endswith("/messages")]
    assert sum("tools" in request.json and bool(request.json["tools"]) for request in asked) == 1
