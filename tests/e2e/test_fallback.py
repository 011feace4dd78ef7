"""The real client goes on when its provider fails: another one answers, and the client does not notice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.clouds import BedrockSide, VertexSide
from tests.e2e.scenarios import Respond, answers_so_far, is_messages, speak, titled
from tests.standin import Answer, Provider, ReceivedRequest, error, event, text, tool_use

pytestmark = pytest.mark.e2e

_MODEL = "claude-opus-4-8"
_OVERLOADED = Answer(
    [event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})],
    headers=(("Content-Type", "text/event-stream"),),
)
_ROUTES = {"CANDELA_RULES__FALLBACK__CHAIN": '["anthropic-direct", "anthropic-bedrock", "anthropic-vertex"]'}


def two_turns() -> Respond:
    """A call of Bash, and words after its result."""

    def respond(request: ReceivedRequest) -> object:
        if answers_so_far(request):
            return speak(request, text("Done."))
        return speak(request, text("I look."), tool_use("Bash", {"command": "echo hi", "description": "x"}))

    return titled(respond)  # type: ignore[arg-type]


async def ran(
    claude: Claude, provider: Provider, home: Path, clouds: Mapping[str, str], **environment: str
) -> tuple[str, list[dict[str, Any]]]:
    """What the client printed, and what is recorded of its messages."""
    project = home / "project"
    project.mkdir()
    async with Candela(home / "data", provider.url, **_ROUTES, **clouds) as candela:
        run = await run_claude(
            claude,
            "Look around.",
            clean_environment(home, ANTHROPIC_BASE_URL=candela.url, **environment),
            project,
            *("--allowedTools", "Bash", "--model", _MODEL),
        )
        session = run.printed["session_id"]
        records = await candela.settled_requests(session, 2)
    assert run.code == 0, run
    return run.printed["result"], [record for record in records if record["kind"] == "messages"]


@pytest.mark.parametrize(
    "failure", [error(529, "Overloaded"), error(500, "Internal server error"), _OVERLOADED], ids=["529", "500", "event"]
)
async def test_bedrock_answers_when_anthropic_is_down(
    claude: Claude, provider: Provider, tmp_path: Path, failure: Answer
) -> None:
    provider.respond = lambda request: failure if is_messages(request) else None
    async with BedrockSide(two_turns()) as bedrock, VertexSide(two_turns()) as vertex:
        result, records = await ran(
            claude, provider, tmp_path, {**vertex.settings(tmp_path), **bedrock.settings(tmp_path)}
        )
    assert result == "Done."
    assert {record["provider"] for record in records} == {"bedrock"}
    # The client itself asked nothing twice, and only the first request of its session went to Anthropic.
    assert {record["retry"] for record in records} == {0}
    first, second = (record["providers_asked"] for record in records)
    assert first.startswith("anthropic 5")
    assert first.endswith("; bedrock 200")
    assert second is None
    assert vertex.asked == []


async def test_vertex_answers_when_bedrock_is_down_as_well(claude: Claude, provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda request: error(529, "Overloaded") if is_messages(request) else None
    async with BedrockSide(lambda _: error(503, "down")) as bedrock, VertexSide(two_turns()) as vertex:
        result, records = await ran(
            claude, provider, tmp_path, {**vertex.settings(tmp_path), **bedrock.settings(tmp_path)}
        )
    assert result == "Done."
    assert {record["provider"] for record in records} == {"vertex"}


async def test_the_clients_own_header_chooses_the_provider_of_its_session(
    claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    async with BedrockSide(two_turns()) as bedrock:
        result, records = await ran(
            claude,
            provider,
            tmp_path,
            bedrock.settings(tmp_path),
            ANTHROPIC_CUSTOM_HEADERS="X-Candela-Route: bedrock",
        )
    assert result == "Done."
    assert {record["provider"] for record in records} == {"bedrock"}
    assert not any(map(is_messages, provider.requests))
    assert all(request.header("x-candela-route") is None for request in bedrock.requests)
