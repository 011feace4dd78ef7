"""The real client traces while candela does: one trace, and what the client measured is kept with its requests."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import Respond, answers_so_far, speak, titled
from tests.standin import Provider, ReceivedRequest, text, tool_use
from tests.standin.otlp import HttpCollector, said

pytestmark = pytest.mark.e2e


def calls_a_tool() -> Respond:
    def respond(request: ReceivedRequest) -> object:
        if answers_so_far(request):
            return speak(request, text("Done."))
        call = tool_use("Bash", {"command": "echo hi", "description": "Say hi"}, id="toolu_1")
        return speak(request, call, stop_reason="tool_use")

    return titled(respond)  # type: ignore[arg-type]


async def test_the_clients_spans_and_candelas_are_one_trace(claude: Claude, provider: Provider, tmp_path: Path) -> None:
    provider.respond = calls_a_tool()
    project = tmp_path / "project"
    project.mkdir()
    with HttpCollector() as collector:
        more = {"CANDELA_TELEMETRY__OTLP_ENDPOINT": collector.url}
        async with Candela(tmp_path / "data", provider.url, **more) as candela:
            environment = clean_environment(tmp_path) | candela.environment
            environment["PATH"] = os.pathsep.join((claude.directory, environment["PATH"]))
            run = await run_claude((COMMAND, "claude"), "Go.", environment, project, "--allowedTools", "Bash")
            assert run.code == 0, run.errors
            collector.until(lambda: any(span.name == "claude_code.tool.execution" for span in collector.spans))
            rows = [row for row in await candela.records("requests") if row["kind"] == "messages"]
    spans = {span.span_id: span for span in collector.spans}
    own = [span for span in collector.spans if span.name.startswith("chat ") and span.parent_span_id in spans]
    assert len(own) == 2
    assert {spans[span.parent_span_id].name for span in own} == {"claude_code.llm_request"}
    assert {said(span)["candela.exchange.id"] for span in own} == {row["id"] for row in rows}
    assert len({span.trace_id for span in own}) == 1
    to_provider = [
        request.header("traceparent") for request in provider.requests if request.path.endswith("/v1/messages")
    ]
    assert {f"{span.span_id.hex()}" for span in own} <= {(value or "--").split("-")[2] for value in to_provider}
    assert [row["reported_cost_usd"] for row in rows if row["reported_cost_usd"] is not None] != []
    assert all(row["reported_cost_usd"] in (None, Decimal(row["cost_usd"])) for row in rows)
    assert any(row["permission_ms"] is not None for row in rows)
