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


CLOUDS = {
    "bedrock": {
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "ANTHROPIC_BEDROCK_BASE_URL": "{url}/bedrock",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
        "AWS_REGION": "us-east-1",
    },
    "vertex": {
        "CLAUDE_CODE_USE_VERTEX": "1",
        "ANTHROPIC_VERTEX_BASE_URL": "{url}/vertex/v1",
        "CLAUDE_CODE_SKIP_VERTEX_AUTH": "1",
        "ANTHROPIC_VERTEX_PROJECT_ID": "p",
        "CLOUD_ML_REGION": "global",
    },
}


@pytest.mark.parametrize("cloud", CLOUDS)
async def test_a_client_of_a_cloud_shows_the_sentence_too(
    cloud: str, claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    nothing = '[{ name = "nothing", limit_usd = 0 }]'
    async with Candela(tmp_path / "data", provider.url, CANDELA_RULES__BUDGETS=nothing) as candela:
        url = f"http://127.0.0.1:{candela.port}"
        environment = clean_environment(
            tmp_path, **{name: value.format(url=url) for name, value in CLOUDS[cloud].items()}
        )
        run = await run_claude(claude, "Look around.", environment, tmp_path)
        requests = await candela.records("requests")
    assert 'the budget "nothing" is reached ($0 of $0 spent).' in run.printed["result"]
    assert '{"' not in run.printed["result"]
    messages = [each for each in requests if each["kind"] == "messages"]
    assert [(each["outcome"], each["status"]) for each in messages] == [("blocked", 402)]
