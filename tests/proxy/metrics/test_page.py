"""``/metrics`` over real connections: who may read it, and that Prometheus and the Grafana dashboard can."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, status_of
from tests.standin import Provider, error, message, text

PROMETHEUS = shutil.which("prometheus")
GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana" / "candela.json"
# What Grafana puts in place of its own variables.
VARIABLES = {"$provider": ".*", "$model": ".*", "$__rate_interval": "1m", "$__range": "1d"}
GET = "GET /metrics HTTP/1.1\nHost: 127.0.0.1\n"
AS_NOBODY = (
    "import encodings.idna, os, socket, sys; os.setuid(65534); "
    "s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.sendall(sys.argv[2].encode()); "
    "print(s.recv(12).decode())"
)
BUDGET = {"name": "day", "scope": "all", "window": "day", "limit_usd": 5}


def expressions() -> list[str]:
    """Every expression of the dashboard, as Grafana sends it."""
    panels = json.loads(GRAFANA.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    for name, value in VARIABLES.items():
        found = [expression.replace(name, value) for expression in found]
    return found


@pytest.fixture
async def counted(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """A candela with a budget, through which an answer and an error went."""
    provider.answer(message(text("hi")))
    provider.answer(error(529, "overloaded_error"))
    async with RunningProxy(provider.url, tmp_path, sections={"rules": {"budgets": [BUDGET]}}) as candela:
        async with aiohttp.ClientSession() as http:
            for number in range(2):
                async with http.post(f"{candela.url}/v1/messages", data=BODY) as answer:
                    await answer.read()
                await candela.ended(number + 1)
        yield candela


def bearer(candela: RunningProxy) -> str:
    return f"Authorization: Bearer {candela.paths.token.read_text().strip()}\n"


async def test_a_program_with_the_token_reads_what_was_counted(counted: RunningProxy) -> None:
    status, body = await status_of(counted.port, f"{GET}{bearer(counted)}\n")
    assert status == 200
    lines = body.decode().splitlines()
    for outcome in ("ok", "error"):
        [line] = [line for line in lines if line.startswith("candela_requests_total{") and f'"{outcome}"' in line]
        assert line.endswith(" 1.0")
        assert 'kind="messages"' in line
    of = 'model="claude-opus-4-8",provider="anthropic"'
    assert f'candela_errors_total{{{of},type="overloaded_error"}} 1.0' in lines
    assert 'candela_budget_used_ratio{budget="day"} ' in body.decode()
    assert re.search(r"^candela_requests_live 0\.0$", body.decode(), re.M)


async def test_without_the_token_it_says_what_to_do_and_tells_nothing(counted: RunningProxy) -> None:
    for field in ("", "Authorization: Bearer wrong\n"):
        status, body = await status_of(counted.port, f"{GET}{field}\n")
        assert status == 401
        assert b"any-local" in body
        assert b"candela_requests" not in body


async def test_a_web_page_is_refused_also_where_everyone_else_may_read(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections={"metrics": {"allow": "any-local"}}) as candela:
        assert (await status_of(candela.port, f"{GET}\n"))[0] == 200
        for field in ("Origin: http://evil.example", "Sec-Fetch-Site: none", "Sec-Fetch-Site: same-origin"):
            assert (await status_of(candela.port, f"{GET}{field}\n\n"))[0] == 403
        assert (await status_of(candela.port, "GET /metrics HTTP/1.1\nHost: evil.example\n\n"))[0] == 403
        assert (await status_of(candela.port, "POST /metrics HTTP/1.1\nHost: localhost\n\n"))[0] == 405


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who owns a local connection")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_reads_it_only_where_the_user_lets_them_and_nothing_else(
    provider: Provider, tmp_path: Path
) -> None:
    told = {}
    for allow in ("token", "any-local"):
        async with RunningProxy(provider.url, tmp_path / allow, sections={"metrics": {"allow": allow}}) as candela:
            for path in ("/metrics", "/healthz", "/_local/api/v1", "/v1/models", "/metrics/../healthz"):
                head = f"GET {path} HTTP/1.1\nHost: 127.0.0.1\n{bearer(candela)}\n".replace("\n", "\r\n")
                child = await asyncio.create_subprocess_exec(
                    *("/usr/bin/env", "python3", "-c", AS_NOBODY, str(candela.port), head),
                    stdout=asyncio.subprocess.PIPE,
                )
                told[allow, path] = (await child.communicate())[0].split()[1]
    assert told.pop(("any-local", "/metrics")) == b"200"
    assert set(told.values()) == {b"403"}
    assert provider.requests == []


async def test_every_metric_and_label_of_the_grafana_dashboard_exists(counted: RunningProxy) -> None:
    _, body = await status_of(counted.port, f"{GET}{bearer(counted)}\n")
    there = set(re.findall(r"^# TYPE (\w+) ", body.decode(), re.M))
    labels: dict[str, set[str]] = {}
    for name, given in re.findall(r"^(candela_\w+)\{(.*?)\} ", body.decode(), re.M):
        labels.setdefault(name, set()).update(re.findall(r"(\w+)=\"", given))
    for expression in expressions():
        names = re.findall(r"\bcandela_\w+", expression)
        assert names, expression
        for name in names:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert {name, family} & there, f"{name} of {expression}"
            used = set(re.findall(r"(\w+)=~?\"|(\w+)!=\"", expression))
            if name in labels:
                assert {one or other for one, other in used} <= labels[name], expression


def test_grafanas_own_types_have_a_place_for_all_that_the_dashboard_says() -> None:
    plugins.register_default_plugins()
    written = json.loads(GRAFANA.read_text())
    read = json.loads(json.dumps(Dashboard.from_json(json.loads(GRAFANA.read_text())), cls=JSONEncoder))
    # Grafana writes this one, too, but its types leave it out.
    assert set(_differing(written, read)) == {f"templating.list.{number}.definition" for number in (1, 2)}


def _differing(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of what one document has and another has not, or has otherwise."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name, value in one.items():
            yield from _differing(value, other.get(name), (*path, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (value, same) in enumerate(zip(one, other, strict=True)):
            yield from _differing(value, same, (*path, str(number)))
    elif one != other:
        yield ".".join(path)


def test_the_grafana_dashboard_has_one_place_for_each_panel() -> None:
    dashboard = json.loads(GRAFANA.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", GRAFANA.read_text()))
    assert used == variables | {"__rate_interval", "__range", "__all"}


@pytest.mark.skipif(PROMETHEUS is None, reason="there is no Prometheus (Debian: apt install prometheus)")
async def test_a_real_prometheus_reads_it_and_understands_each_expression(
    counted: RunningProxy, tmp_path: Path
) -> None:
    assert PROMETHEUS is not None
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "scrape_configs:\n- job_name: candela\n  scrape_interval: 1s\n  authorization:\n"
        f"    credentials_file: {counted.paths.token}\n  static_configs:\n  - targets: ['127.0.0.1:{counted.port}']\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        PROMETHEUS,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE_S * 3), aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{port}/api/v1/query"
            while not (await _queried(http, url, 'up{job="candela"} == 1')):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            [found] = await _queried(http, url, "candela_budget_limit_usd")
            assert found["value"][1] == "5"
            [requests] = await _queried(http, url, "sum(candela_requests_total)")
            assert requests["value"][1] == "2"
            for expression in expressions():
                await _queried(http, url, expression)
    finally:
        process.terminate()
        await process.wait()


async def _queried(http: aiohttp.ClientSession, url: str, expression: str) -> list[dict[str, Any]]:
    """The result of an expression; [] as long as Prometheus does not answer."""
    with contextlib.suppress(aiohttp.ClientConnectionError):
        async with http.get(url, params={"query": expression}) as answer:
            told = await answer.json(content_type=None) if answer.status in (200, 400) else {}
            assert told.get("status", "success") == "success", f"{expression}: {told}"
            return list(told.get("data", {}).get("result", []))
    return []
