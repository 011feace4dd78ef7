"""Claude Code with Google's or Amazon's credentials and no key of Anthropic's: the same day as with Anthropic."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, Run, clean_environment, run_claude
from tests.e2e.clouds import BedrockSide, VertexSide
from tests.e2e.scenarios import DAY_WITH_OR_WITHOUT_THINKING_BACK, WHOLE_DAY, Respond, Scenario, bash_tool, is_messages
from tests.standin import Answer, Provider, ReceivedRequest
from tests.standin.event_frames import exception

pytestmark = pytest.mark.e2e

_MODEL = "claude-opus-4-8"
_NEWEST = "claude-opus-5-5"
_PROFILE = f"us.anthropic.{_MODEL}"
"""What a native client has to ask Bedrock for: it sends the name as it is."""

Cloud = VertexSide | BedrockSide


async def _run(program: Claude | tuple[str, ...], environment: dict[str, str], where: Path, model: str) -> Run:
    project = where / "project"
    await asyncio.to_thread(project.mkdir, parents=True)
    allowed = ("--allowedTools", "Bash", "Agent", "--model", model)
    return await run_claude(program, WHOLE_DAY.prompt, environment, project, *allowed)


async def _straight(claude: Claude, where: Path) -> tuple[Run, int]:
    async with Provider() as provider:
        provider.respond = WHOLE_DAY.provider_side()
        environment = clean_environment(where / "home", ANTHROPIC_BASE_URL=provider.url, ENABLE_TOOL_SEARCH="true")
        run = await _run(claude, environment, where, _MODEL)
        return run, sum(map(is_messages, provider.requests))


@pytest.fixture(scope="module")
def day_with_anthropic(claude: Claude, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, int]:
    """The run with Anthropic itself, and how many messages it took."""
    return asyncio.run(_straight(claude, tmp_path_factory.mktemp("straight")))


async def _through_candela(claude: Claude, candela: Candela, where: Path, model: str, *options: str) -> Run:
    """``candela claude``, by a user who has no key of Anthropic's."""
    environment = {**candela.environment, **clean_environment(where / "home")}
    del environment["ANTHROPIC_API_KEY"]
    environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
    return await _run((COMMAND, "claude", *options), environment, where, model)


def _candela(side: Cloud, folder: Path) -> Candela:
    return Candela(folder / "data", "http://127.0.0.1:9", **side.settings(folder))


@pytest.mark.parametrize(
    ("cloud", "native", "model", "day"),
    [
        pytest.param(VertexSide, False, _MODEL, WHOLE_DAY, id="vertex-mapped"),
        pytest.param(VertexSide, True, _MODEL, WHOLE_DAY, id="vertex-native"),
        pytest.param(BedrockSide, False, _MODEL, WHOLE_DAY, id="bedrock-mapped"),
        # 2.1.197 sends thinking back only to the model that it heard it from, by the name in its answer. Bedrock's
        # answers have the name without the profile's prefix: so it is there without candela, too. 2.1.332 sends it.
        pytest.param(BedrockSide, True, _PROFILE, DAY_WITH_OR_WITHOUT_THINKING_BACK, id="bedrock-native"),
    ],
)
async def test_a_day_with_a_cloud_is_the_day_with_anthropic(
    cloud: type[Cloud],
    native: bool,
    model: str,
    day: Scenario,
    claude: Claude,
    tmp_path: Path,
    day_with_anthropic: tuple[Run, int],
) -> None:
    straight, messages = day_with_anthropic
    options = ("--route", cloud.route, *(["--native"] if native else []))
    async with cloud(day.provider_side()) as side, _candela(side, tmp_path) as candela:
        through = await _through_candela(claude, candela, tmp_path / "a", model, *options)
        asked = len(side.asked)
        # A mapped request is one row, also where candela asks the cloud twice.
        rows = await candela.settled_requests(through.printed["session_id"], asked if native else messages)

    for same in ("subtype", "is_error", "result", "num_turns", "stop_reason", "usage"):
        assert through.printed[same] == straight.printed[same], same
    assert day.result in straight.printed["result"]
    assert len(rows) == (asked if native else messages)
    assert {row["provider"] for row in rows} == {cloud.route}
    spent = [row for row in rows if row["outcome"] == "ok" and row["cost_usd"] is not None]
    assert len(spent) == messages
    assert [row["agent_id"] is not None for row in spent].count(True) == 1
    assert sum(Decimal(row["cost_usd"]) for row in spent) > 0
    if not native:
        assert asked == messages, "the cloud refused something that the table of support sends"
        assert through.printed["modelUsage"] == straight.printed["modelUsage"]


@pytest.mark.parametrize("token", ["candela", "sk-ant-oat01-of-the-user"])
@pytest.mark.parametrize("cloud", [VertexSide, BedrockSide], ids=["vertex", "bedrock"])
async def test_a_token_that_the_user_has_set_for_anthropic_stays_with_candela(
    cloud: type[Cloud], token: str, claude: Claude, tmp_path: Path
) -> None:
    """A setup by hand, where no ``candela env`` unsets what the client sends to a cloud, too."""
    async with cloud(bash_tool()) as side, _candela(side, tmp_path) as candela:
        base = f"http://127.0.0.1:{candela.port}"
        ways = (
            {
                "CLAUDE_CODE_USE_VERTEX": "1",
                "ANTHROPIC_VERTEX_BASE_URL": f"{base}/vertex/v1",
                "CLAUDE_CODE_SKIP_VERTEX_AUTH": "1",
                "ANTHROPIC_VERTEX_PROJECT_ID": side.project,
                "CLOUD_ML_REGION": "global",
            }
            if isinstance(side, VertexSide)
            else {
                "CLAUDE_CODE_USE_BEDROCK": "1",
                "ANTHROPIC_BEDROCK_BASE_URL": f"{base}/bedrock",
                "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
                "AWS_REGION": side.region,
            }
        )
        model = _MODEL if isinstance(side, VertexSide) else _PROFILE
        environment = clean_environment(tmp_path / "home", ANTHROPIC_AUTH_TOKEN=token, **ways)
        run = await _run(claude, environment, tmp_path, model)

    assert (run.code, run.printed["result"]) == (0, "The word is coral-42.")
    assert side.asked
    for request in side.requests:
        assert token not in [value.rpartition(" ")[2] for _, value in request.headers]
        assert request.header("x-api-key") is None


def _throttled_in_mid_stream() -> Respond:
    """A tool's day, on which three of the streams break off: two at their beginning, which the client asks for again,
    and one in its first block, after which it asks for a whole answer."""
    day = bash_tool()
    lengths = [2, 2, None, 4]

    def respond(request: ReceivedRequest) -> Answer | None:
        answer = day(request)
        if answer is None or not request.json.get("stream") or (length := lengths.pop(0)) is None:
            return answer
        return answer.but(steps=[*answer.steps[:length], exception("throttlingException", "Too many tokens.")])

    return respond


async def test_bedrock_throttling_in_mid_stream_is_weathered_as_an_overload(claude: Claude, tmp_path: Path) -> None:
    async with BedrockSide(_throttled_in_mid_stream()) as side, _candela(side, tmp_path) as candela:
        run = await _through_candela(claude, candela, tmp_path / "a", _MODEL, "--route", "bedrock")
        rows = await candela.settled_requests(run.printed["session_id"], 5)

    assert (run.code, run.printed["result"], run.printed["is_error"]) == (0, "The word is coral-42.", False)
    broken, whole = ("error", "overloaded_error: Too many tokens."), ("ok", None)
    assert [(row["outcome"], row["error"]) for row in rows] == [broken, broken, whole, broken, whole]


async def test_a_flag_that_bedrock_refuses_without_naming_it_is_found_within_a_day(
    claude: Claude, tmp_path: Path
) -> None:
    newer = claude.known_version > (2, 1, 197)
    refused = "mid-conversation-tool-changes-2026-07-01" if newer else "thinking-token-count-2026-05-13"
    async with BedrockSide(WHOLE_DAY.provider_side()) as side, _candela(side, tmp_path) as candela:
        side.betas.discard(refused)
        run = await _through_candela(claude, candela, tmp_path / "a", _MODEL, "--route", "bedrock")

    assert (run.code, WHOLE_DAY.result in run.printed["result"]) == (0, True)
    sent = [frozenset(request.json.get("anthropic_beta", ())) for request in side.asked]
    assert refused in sent[0]
    assert sent[-1] == sent[0] - {refused}, "everything else is sent again"
    assert sum(refused in flags for flags in sent) <= 3, "the first refusal, and at most one for each halving"


@pytest.mark.parametrize("cloud", [VertexSide, BedrockSide])
async def test_auto_mode_and_another_effort_reach_the_newest_model_at_the_first_try(
    cloud: type[Cloud], claude: Claude, tmp_path: Path
) -> None:
    options = ("--permission-mode", "auto", "--allowedTools", "Bash", "--model", _NEWEST)
    async with cloud(bash_tool()) as side, _candela(side, tmp_path) as candela:
        side.add_model(_NEWEST)
        environment = {**candela.environment, **clean_environment(tmp_path / "home")}
        del environment["ANTHROPIC_API_KEY"]
        environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
        project = tmp_path / "project"
        await asyncio.to_thread(project.mkdir)
        program = (COMMAND, "claude", "--route", cloud.route)
        first = await run_claude(program, "run echo", environment, project, "--effort", "low", *options)
        again = ("--resume", first.printed["session_id"], "--effort", "high", *options)
        second = await run_claude(program, "say it again", environment, project, *again)
        rows = await candela.settled_requests(first.printed["session_id"], 3)

    assert [run.printed["result"] for run in (first, second)] == ["The word is coral-42."] * 2
    assert [row["outcome"] for row in rows] == ["ok"] * 3
    bodies = [request.json for request in side.asked]
    assert len(bodies) == 3, "the cloud refused something that the table of support sends"
    assert all(any(said["role"] == "system" for said in body["messages"]) for body in bodies)
    for body, effort in zip(bodies, ("low", "low", "high"), strict=True):
        assert _effort(body) == effort
    if claude.known_version > (2, 1, 197):
        assert all(body["safeguards"][0]["type"] == "dangerous_tool_use" for body in bodies)


def _effort(body: dict[str, Any]) -> str | None:
    """The effort of the next answer: that of the last message that sets one, else of the whole request."""
    said = [each["output_config"] for each in body["messages"] if "output_config" in each]
    found: str | None = (said[-1] if said else body.get("output_config", {})).get("effort")
    return found
