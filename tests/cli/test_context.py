"""``candela context``: what fills the context window at a request."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from candela_tui.exchange import Exchange, Kept
from candela_tui.protocol.usage import Usage
from tests.cli.command import Home
from tests.reports.exchanges import exchange
from tests.standin import Answer, Provider, ReceivedRequest, json_answer

CLIENT = "claude-cli/2.1.332 (external, cli)"


def body(*more: dict[str, Any]) -> bytes:
    files = "Contents of /reef/CLAUDE.md (project instructions, checked into the codebase):\n\nRun make check.\n"
    messages = [
        {"role": "user", "content": f"<system-reminder>\n{files}</system-reminder>\nLook at the guide"},
        *more,
    ]
    tools = [{"name": "Read", "description": "Reads a file."}, {"name": "mcp__harbour__tides", "description": "Tides."}]
    system = [{"type": "text", "text": "# Harness\nBe brief."}]
    return json.dumps({"model": "claude-opus-5-5", "tools": tools, "system": system, "messages": messages}).encode()


ANSWERED = (
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/reef/guide.txt"}}],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "branching corals\n" * 200}],
    },
)


def asked(id: str, prompt: int, **facts: Any) -> Exchange:
    usage = Usage(input_tokens=5, cache_read_tokens=prompt - 5, output_tokens=9)
    known = {"model": "claude-opus-5-5", "model_used": "claude-opus-5-5", "client": CLIENT, **facts}
    return exchange(id=id, started_at=datetime(2026, 11, 20, 9, int(id), tzinfo=UTC), usage=usage, **known)


async def test_the_parts_of_the_prompt_are_printed_with_what_entered(home: Home) -> None:
    home.record(asked("0001", 2_000), request=body())
    home.record(asked("0002", 3_500), request=body(*ANSWERED))
    lines = (await home.run("context", "0002")).out.splitlines()
    assert lines[0] == "claude-opus-5-5: 3,500 of 1,000,000 tokens (<1%), 996,500 free, compacts at 967,000"
    assert lines[1] == "It grows by 1,500 tokens a request; at that rate it compacts in 643 requests."
    names = [line.split("  ")[0] if line[:1].strip() else line.strip().split("  ")[0] for line in lines]
    for name in ("system prompt", "CLAUDE.md file: /reef/CLAUDE.md", "built in: Read", "tool results: Read"):
        assert name in names
    assert "tool result Read, /reef/guide.txt" in names
    told = "\n".join(lines)
    assert "tokens entered since the previous request: tool results Read" in told
    assert "Tool search would leave out 1 tool of about" in told


async def test_json_has_parts_that_add_up_to_the_prompt(home: Home) -> None:
    home.record(asked("0001", 2_000), request=body())
    home.record(asked("0002", 3_501), request=body(*ANSWERED))
    found = json.loads((await home.run("context", "0002", "--json")).out)
    assert (found["id"], found["model"], found["window"]) == ("0002", "claude-opus-5-5", 1_000_000)
    assert (found["prompt_tokens"], found["free_tokens"], found["autocompact_at"]) == (3_501, 996_499, 967_000)
    assert sum(part["tokens"] for part in found["parts"]) == 3_501
    assert set(found["parts"][0]) == {"source", "name", "kind", "tokens", "bytes", "share"}
    assert abs(sum(part["share"] for part in found["parts"]) - 1) < 1e-4
    assert found["change"]["previous_id"] == "0001"
    assert (found["change"]["left_tokens"], found["change"]["why"]) == (0, None)
    assert (found["every_tool"]["tools"], found["growth_tokens"], found["estimate_error"]) == (1, 1_501, None)


async def test_a_request_whose_body_was_not_kept_is_an_error_that_says_so(home: Home) -> None:
    home.record(asked("0001", 2_000, kept=Kept.HEADERS))
    refused = await home.run("context", "0001")
    assert (refused.code, refused.out) == (1, "")
    assert "What is in its context can't be told. The body was not kept" in refused.err


@pytest.fixture
def without_a_keyring(home: Home) -> dict[str, str]:
    """What a home needs to be signed in from a pipe."""
    return {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "CANDELA_PASSPHRASE": "an open sesame"}


async def test_the_provider_counts_the_parts_with_candelas_own_credentials(
    home: Home, provider: Provider, without_a_keyring: dict[str, str]
) -> None:
    def corals(request: ReceivedRequest) -> Answer | None:
        counts = request.path.endswith("/count_tokens")
        return json_answer({"input_tokens": request.body.count(b"coral")}) if counts else None

    provider.respond = corals
    key = "sk-ant-api03-" + "x" * 40
    signed_in = await home.run_piped(f"{key}\n", "auth", "login", "--with-key", **without_a_keyring)
    assert signed_in.code == 0, signed_in.err
    home.record(asked("0002", 200, betas=("effort-2025-11-24",)), request=body(*ANSWERED))
    told = await home.run("context", "0002", "--json", "--count", **without_a_keyring)
    found = json.loads(told.out)
    counted = [request for request in provider.requests if request.header("anthropic-beta") == "effort-2025-11-24"]
    assert len(counted) > 1
    assert {request.header("x-api-key") for request in counted} == {key}
    assert {(part["kind"], part["tokens"]) for part in found["parts"] if part["tokens"]} == {("tool_result", 200)}
    assert 0 < found["estimate_error"] < 1


async def test_without_credentials_of_its_own_candela_says_so_instead_of_counting(
    home: Home, provider: Provider
) -> None:
    home.record(asked("0002", 3_500), request=body(*ANSWERED))
    refused = await home.run("context", "0002", "--count", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert (refused.code, refused.out) == (1, "")
    assert "Anthropic, asked with candela's own credentials, did not count the tokens: " in refused.err
    assert not provider.requests
