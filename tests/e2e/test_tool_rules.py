"""Rules about tools with the real client: what it does with what takes a call's place."""

import json
from pathlib import Path

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import Respond, answers_so_far, speak, titled
from tests.standin import Provider, ReceivedRequest, text, tool_use

pytestmark = pytest.mark.e2e

DENIED, ALLOWED = "touch denied", "touch allowed"


def two_calls() -> Respond:
    def respond(request: ReceivedRequest) -> object:
        if answers_so_far(request):
            return speak(request, text("Done."))
        calls = [
            tool_use("Bash", {"command": command, "description": "x"}, id=f"toolu_{command.split()[1]}")
            for command in (DENIED, ALLOWED)
        ]
        return speak(request, text("I try."), *calls)

    return titled(respond)  # type: ignore[arg-type]


def one_call() -> Respond:
    return titled(
        lambda request: speak(request, text("I try."), tool_use("Bash", {"command": DENIED, "description": "x"}))
    )


async def ran(claude: Claude, provider: Provider, home: Path, action: str) -> tuple[str, Path, list[dict[str, object]]]:
    project = home / "project"
    project.mkdir()
    rule = [{"name": "no touching", "deny": ["Bash(touch denied)"], "action": action}]
    async with Candela(home / "data", provider.url, CANDELA_RULES__TOOLS=_toml(rule)) as candela:
        run = await run_claude(
            claude,
            "Try both.",
            clean_environment(home, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{candela.port}"),
            project,
            *("--allowedTools", "Bash"),
        )
    last = next(request for request in reversed(provider.requests) if request.path.endswith("/messages"))
    results = [
        block
        for entry in last.json["messages"]
        if isinstance(entry["content"], list)
        for block in entry["content"]
        if block["type"] == "tool_result"
    ]
    return run.printed["result"], project, results


def _toml(rules: list[dict[str, object]]) -> str:
    written = [", ".join(f"{name} = {json.dumps(value)}" for name, value in rule.items()) for rule in rules]
    return "[" + ", ".join(f"{{ {each} }}" for each in written) + "]"


async def test_words_in_place_of_the_only_call_end_the_turn(claude: Claude, provider: Provider, tmp_path: Path) -> None:
    provider.respond = one_call()

    result, project, _ = await ran(claude, provider, tmp_path, "end")

    assert 'the rule "no touching" denies Bash(touch denied)' in result
    assert not (project / "denied").exists()


async def test_words_in_place_of_one_of_two_calls_leave_the_other(
    claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    provider.respond = two_calls()

    result, project, results = await ran(claude, provider, tmp_path, "end")

    assert result == "Done."
    assert [each.name for each in project.iterdir()] == ["allowed"]
    assert [each["tool_use_id"] for each in results] == ["toolu_allowed"]


async def test_a_call_that_fails_lets_the_model_go_on(claude: Claude, provider: Provider, tmp_path: Path) -> None:
    provider.respond = two_calls()

    result, project, results = await ran(claude, provider, tmp_path, "answer")

    assert result == "Done."
    assert [each.name for each in project.iterdir()] == ["allowed"]
    failed = next(each for each in results if each["tool_use_id"] == "toolu_denied")
    assert failed["is_error"]
    assert "candela_refused" in json.dumps(failed["content"])
