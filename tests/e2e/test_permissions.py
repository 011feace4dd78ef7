"""What the real client refuses by ``permissions.deny``, a rule of candela with the same patterns denies too."""

import json
from pathlib import Path
from typing import Any

import pytest

from candela_tui.claude_code.installed import NEWEST_KNOWN
from tests.claude_code.permissions.cases import HOME, PROJECT, SHARED, Case
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import Respond, answers_so_far, speak, titled
from tests.standin import Provider, ReceivedRequest, text, tool_use

pytestmark = pytest.mark.e2e

TOOLS = ("Bash", "Read", "Write", "Edit", "Grep", "Glob")


def calls(cases: list[Case]) -> Respond:
    """Call all tools in one answer, and end the turn after it."""

    def respond(request: ReceivedRequest) -> Any:
        if answers_so_far(request):
            return speak(request, text("Done."))
        blocks = [tool_use(case.tool, case.arguments, id=f"toolu_{number}") for number, case in enumerate(cases)]
        return speak(request, *blocks, stop_reason="tool_use")

    return titled(respond)


def refused(provider: Provider) -> dict[int, bool]:
    """Whether the client refused each call, by its number."""
    last = next(request for request in reversed(provider.requests) if answers_so_far(request))
    results = [block for entry in last.json["messages"] for block in entry["content"] if isinstance(block, dict)]
    return {
        int(block["tool_use_id"].removeprefix("toolu_")): "permission" in json.dumps(block["content"]).lower()
        for block in results
        if block["type"] == "tool_result"
    }


async def test_a_pattern_means_to_candela_what_it_means_to_the_client(
    claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    if claude.known_version != NEWEST_KNOWN:
        pytest.skip("older clients see through fewer forms of a command")
    project = tmp_path / "project"
    project.mkdir()
    cases = [case.named(f"zz{number}q") for number, case in enumerate(SHARED)]
    placed = [_moved(case, tmp_path, project) for case in cases]
    provider.respond = calls(placed)
    deny = {"permissions": {"deny": [case.pattern for case in placed]}}

    await run_claude(
        claude,
        "Try them.",
        clean_environment(tmp_path, ANTHROPIC_BASE_URL=provider.url),
        project,
        *("--settings", json.dumps(deny), "--allowedTools", *TOOLS),
    )

    found = refused(provider)
    assert {case.pattern: found[number] for number, case in enumerate(placed)} == {
        case.pattern: case.denied for case in placed
    }


def _moved(case: Case, home: Path, project: Path) -> Case:
    """The case with the directories of this run."""

    def put(value: str) -> str:
        return value.replace(PROJECT, str(project)).replace(HOME, str(home))

    return Case(case.pattern, case.tool, {name: put(each) for name, each in case.arguments.items()}, case.denied)
