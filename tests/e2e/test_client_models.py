"""What candela takes for Claude Code's own knowledge of models, against what the real client prints."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.pricing import client_cost
from candela_tui.protocol.claude_code.models import MILLION, context_window, knows
from candela_tui.protocol.usage import usage_from_wire
from candela_tui.protocol.user_agent import claude_code_version, client_of
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import speak, titled
from tests.standin import Answer, Provider, ReceivedRequest, text, usage

pytestmark = pytest.mark.e2e

USAGE = usage(12, 15, read=4_096, write_5m=1_024, write_1h=2_048)


def answered(request: ReceivedRequest) -> Answer:
    return speak(request, text("ok"), usage=USAGE, output_tokens=15)


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-5-5",
        "claude-opus-4-8",
        "claude-opus-4-6",
        "claude-sonnet-4-6",
        "claude-sonnet-4-6[1m]",
        "claude-haiku-4-5",
        "claude-fable-5",
        "my-own-model",
    ],
)
async def test_the_client_has_the_window_and_the_price_that_candela_takes_for_its_own(
    claude: Claude, model: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    async with Provider() as provider:
        provider.respond = titled(answered)
        environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=provider.url)
        run = await run_claude(claude, "hi", environment, project, "--model", model)
        client = client_of((await provider.messages_request()).headers)
    version = claude_code_version(client)
    assert version == claude.known_version
    [(name, used)] = run.printed["modelUsage"].items()
    assert used["contextWindow"] == (MILLION if name.endswith("[1m]") else context_window(version, model))
    counted = client_cost(usage_from_wire(USAGE), client=client, model_asked=model, at=datetime.now(UTC))
    assert (counted is not None) is knows(version, model)
    if counted is not None:
        assert counted.total == round(Decimal(repr(used["costUSD"])), 12)
