"""The doctor, the sign-in and the relay carry out their requests alike: what is an error to one is an error to all."""

import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.doctor.access import check_access
from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.exchange import Exchange, Outcome
from candela_tui.providers.identity import Provider as ProviderId
from tests.credentials.sign_in.test_anthropic import KEY
from tests.doctor.conftest import MakeContext
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider
from tests.standin.answers import Answer, error
from tests.standin.bedrock import Bedrock
from tests.standin.steps import CLOSE, RESET, STALL
from tests.standin.vertex import Vertex

HTML = b"<html><head><title>Log in to continue</title></head></html>"
PAGE = (("Content-Type", "text/html"),)
BEHAVIOURS = {
    "good": None,
    "redirect": Answer(status=302, headers=(("Location", "https://login.example/"),), framing="length"),
    "permanent redirect": Answer(status=308, headers=(("Location", "https://elsewhere.example/"),), framing="length"),
    "a page instead": Answer([HTML], headers=PAGE),
    "401": error(401, "invalid x-api-key"),
    "403 page": Answer([HTML], 403, PAGE),
    "404": error(404, "no such path"),
    "429": error(429, "slow down"),
    "500": error(500, "broken"),
    "529": error(529, "Overloaded"),
    "nothing comes": Answer(before_head=[STALL]),
    "closes without an answer": Answer(status=None),
    "resets": Answer(before_head=[RESET]),
    "breaks off in the body": Answer([b'{"data"', CLOSE], framing="length", declared_length=1000),
    "switches protocols": Answer(status=101, framing="length"),
    "wrong encoding": Answer([b"not gzip"], headers=(("Content-Encoding", "gzip"),)),
}
SHORT = {"idle_timeout_s": 0.2}


def sections(provider: Provider) -> dict[str, Any]:
    return {"anthropic": {"base_url": provider.url, "key_command": f"/bin/echo {KEY}"}}


async def the_doctor(make_context: MakeContext, provider: Provider) -> CheckResult:
    [found] = await check_access(
        ProviderId.ANTHROPIC, make_context({**sections(provider), "proxy": {"port": 1, **SHORT}})
    )
    return found


async def the_relay(provider: Provider, data: Path) -> Exchange:
    async with (
        RunningProxy(provider.url, data, sections=sections(provider), **SHORT) as candela,
        aiohttp.ClientSession() as client,
    ):
        with contextlib.suppress(aiohttp.ClientError):  # Broken off towards the client, too.
            async with client.post(f"{candela.url}/v1/messages", data=BODY, allow_redirects=False) as answer:
                await answer.read()
        return await candela.exchange()


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_the_doctor_and_the_relay_agree(
    behaviour: str, make_context: MakeContext, provider: Provider, tmp_path: Path
) -> None:
    provider.respond = lambda _request: BEHAVIOURS[behaviour]
    found, exchange = await the_doctor(make_context, provider), await the_relay(provider, tmp_path / "data")
    assert (found.state is CheckState.OK) == (exchange.outcome is Outcome.OK) == (behaviour == "good")
    if exchange.error is not None and exchange.status is not None and exchange.status >= 400:
        assert exchange.error.message in found.words


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_the_check_of_a_sign_in_passes_only_where_the_doctors_does(
    behaviour: str, provider: Provider, tmp_path: Path
) -> None:
    provider.respond = lambda _request: BEHAVIOURS[behaviour]
    async with RunningProxy(provider.url, tmp_path / "data", sections=sections(provider), **SHORT) as candela:
        live = LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC)
        states = {line.state async for line in live.lines()}
    assert (states == {"ok"}) == (behaviour == "good")


@pytest.mark.parametrize("behaviour", ["redirect", "a page instead"])
async def test_the_doctor_takes_no_page_of_a_cloud_for_an_answer(
    behaviour: str, make_context: MakeContext, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.respond = lambda _request: BEHAVIOURS[behaviour]
    async with Vertex() as vertex, Bedrock() as bedrock:
        model = {"PATH": "/usr/bin:/bin", "ANTHROPIC_MODEL": "claude-sonnet-4-5"}
        environ = {**vertex.environment(tmp_path), **bedrock.environment(tmp_path), **model}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        clouds = {"vertex": {"base_url": provider.url, "region": "us-east5"}, "aws": {"base_url": provider.url}}
        context = make_context(clouds, environ=environ)
        [on_vertex] = await check_access(ProviderId.VERTEX, context)
        [on_bedrock] = await check_access(ProviderId.BEDROCK, context)
    assert (on_vertex.state, on_bedrock.state) == (CheckState.BAD, CheckState.BAD)
    words = "a redirect" if behaviour == "redirect" else "a web page"
    assert words in on_vertex.words
    assert words in on_bedrock.words
