"""[sinks.json_lines]: one line for each request that ended, with the fields of ``requests --json``."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from candela_tui.config import Settings
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import request_records
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.table import open_sinks
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, error


def into(path: Path) -> dict[str, Any]:
    return {"sinks": {"json_lines": {"path": str(path)}}}


async def ask(proxy: RunningProxy, session: str = "a") -> None:
    headers = {"X-Claude-Code-Session-Id": session}
    # Smaller requests that are alike are not taken for tries of one call.
    body = BODY.replace(b"hi", b"x" * 1000)
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{proxy.url}/v1/messages", data=body, headers=headers) as answer,
    ):
        await answer.read()


def test_without_a_path_there_is_no_sink() -> None:
    assert open_sinks(SinkContext(Settings(), lambda _: None, 8181)) == ()


async def test_each_request_that_ended_is_a_line_as_requests_json_has_it(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    provider.answer(error(529, "Overloaded"))
    async with RunningProxy(provider.url, tmp_path, sections=into(path)) as proxy:
        for count in (1, 2):
            await ask(proxy)
            await proxy.ended(count)
        ended = sorted(await proxy.ended(2), key=lambda exchange: exchange.id)
    lines = path.read_bytes().splitlines()
    expected = [json.loads(json_line(record)) for record in request_records(ended)]
    assert [json.loads(line) for line in lines] == expected
    assert expected[1]["call"] == ended[0].id  # The second is a retry of the first, which the sink remembers.
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_is_a_notice_and_costs_no_request(
    provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=into(tmp_path / "none" / "requests.jsonl")) as proxy:
        await ask(proxy)
        [exchange] = await proxy.ended(1)
        await proxy.stop(0)
        [state] = proxy.feed.telemetry()
    assert exchange.status == 200
    assert (state.name, state.dropped, state.unit) == ("sinks.json_lines", 1, "requests")
    assert (
        state.trouble
        == f"[sinks.json_lines] {tmp_path}/none/requests.jsonl can't be written: No such file or directory"
    )
    [notice] = [notice for notice in proxy.notices if "json_lines" in notice]
    assert notice.startswith(f"[sinks.json_lines] {tmp_path}/none/requests.jsonl can't be written: No such file")
