"""Whether the clouds let candela in: by the proxy's own upstreams, towards stand-ins that check as the real ones do."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from candela_tui.doctor.access import check_access
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.credentials import credential_checks
from candela_tui.doctor.run_checks import gather_results
from candela_tui.providers.identity import Provider as ProviderId
from tests.doctor.conftest import MakeContext
from tests.proxy.running import RunningProxy, WireClient
from tests.standin import Provider
from tests.standin.answers import Answer, error
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex


def put_into(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> dict[str, str]:
    """The SDKs read the environment of the process."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@pytest.fixture
def on_vertex(make_context: MakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(vertex: Vertex, *, model: str = "claude-sonnet-4-5", **section: str) -> DoctorContext:
        environ = put_into(monkeypatch, vertex.environment(tmp_path))
        sections = {"vertex": {"base_url": vertex.url, "region": "us-east5", **section}}
        return make_context(sections, environ={**environ, "ANTHROPIC_MODEL": model})

    return make


@pytest.fixture
def on_bedrock(make_context: MakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(bedrock: Bedrock, *, model: str = "claude-sonnet-4-5") -> DoctorContext:
        environ = put_into(monkeypatch, {"PATH": "/usr/bin:/bin", **bedrock.environment(tmp_path)})
        sections = {"aws": {"base_url": bedrock.url}}
        return make_context(sections, environ={**environ, "ANTHROPIC_MODEL": model})

    return make


async def test_a_model_that_answers_on_vertex(on_vertex: Any) -> None:
    async with Vertex() as vertex:
        [check] = await check_access(ProviderId.VERTEX, on_vertex(vertex))
    assert (check.state, check.words) == (CheckState.OK, "claude-sonnet-4-5 counts tokens in us-east5")
    assert [request.json["model"] for request in vertex.predictions] == ["claude-sonnet-4-5@20250929"]


async def test_a_model_that_is_not_enabled_comes_with_the_link_to_model_garden(on_vertex: Any) -> None:
    async with Vertex() as vertex:
        [check] = await check_access(ProviderId.VERTEX, on_vertex(vertex, model="claude-opus-4-1"))
    assert check.state is CheckState.BAD
    assert "Enable the model in Model Garden: https://console.cloud.google.com/vertex-ai/publishers" in check.words


async def test_a_region_without_the_model_is_told(on_vertex: Any) -> None:
    async with Vertex() as vertex:
        [check] = await check_access(ProviderId.VERTEX, on_vertex(vertex, model="claude-opus-4-8", region="asia-east1"))
    assert check.state is CheckState.BAD
    assert "is not servable in region asia-east1" in check.words
    assert "region under [vertex]" in check.words


async def test_google_credentials_that_are_refused_are_told_with_the_sign_in(on_vertex: Any) -> None:
    async with Vertex() as vertex:
        vertex.tokens_are_dead = True
        [check] = await check_access(ProviderId.VERTEX, on_vertex(vertex))
    assert (check.state, check.fix) == (CheckState.BAD, "Run `candela auth login --provider gcp`.")


async def test_a_model_that_answers_on_bedrock(on_bedrock: Any) -> None:
    async with Bedrock() as bedrock:
        [check] = await check_access(ProviderId.BEDROCK, on_bedrock(bedrock))
    assert check.state is CheckState.OK
    assert check.words.startswith("claude-sonnet-4-5 counts tokens; this account may use ")
    assert {request.path for request in bedrock.requests} >= {"/inference-profiles"}


async def test_access_denied_on_bedrock_explains_model_access(on_bedrock: Any) -> None:
    async with Bedrock() as bedrock:
        bedrock.without_access = {"anthropic.claude-sonnet-4-5-20250929-v1:0"}
        [check] = await check_access(ProviderId.BEDROCK, on_bedrock(bedrock))
    assert check.state is CheckState.BAD
    assert "Enable the model for this account: https://us-east-1.console.aws.amazon.com/bedrock" in check.words


async def test_a_list_that_is_forbidden_on_bedrock_is_only_warned_of(on_bedrock: Any) -> None:
    async with Bedrock() as bedrock:
        bedrock.may_list = False
        [check] = await check_access(ProviderId.BEDROCK, on_bedrock(bedrock))
    assert check.state is CheckState.WARN
    assert "the list of models can't be had" in check.words


@pytest.mark.parametrize("access", [True, False])
async def test_a_model_that_is_counted_at_mantle_needs_access_to_it_only_for_counts(
    on_bedrock: Any, access: bool
) -> None:
    async with Bedrock() as bedrock:
        bedrock.mantle_access = access
        [check] = await check_access(ProviderId.BEDROCK, on_bedrock(bedrock, model="claude-opus-4-8"))
    assert check.state is (CheckState.OK if access else CheckState.WARN)
    words = "claude-opus-4-8 counts tokens" if access else "but not count tokens: User: arn:aws:sts"
    assert words in check.words
    assert "x-candela-estimate" not in check.words
    assert ("bedrock-mantle" in check.fix) is not access


async def test_a_clock_that_is_wrong_is_what_explains_an_invalid_signature(on_bedrock: Any) -> None:
    async with Bedrock() as bedrock:
        bedrock.clock_ahead = timedelta(minutes=20)
        [check] = await check_access(ProviderId.BEDROCK, on_bedrock(bedrock))
    assert check.state is CheckState.BAD
    assert "This machine's clock is 20 minutes behind Amazon's" in check.words


async def test_keys_that_aws_does_not_know_are_told_with_the_sign_in(on_bedrock: Any) -> None:
    async with Bedrock() as bedrock:
        context = on_bedrock(bedrock)
        bedrock.forget_keys()
        [check] = await check_access(ProviderId.BEDROCK, context)
    assert (check.state, check.fix) == (CheckState.BAD, "Run `candela auth login --provider aws`.")


async def test_a_cloud_that_is_not_set_up_is_not_asked(make_context: MakeContext) -> None:
    [vertex] = await check_access(ProviderId.VERTEX, make_context())
    [bedrock] = await check_access(ProviderId.BEDROCK, make_context())
    assert (vertex.state, bedrock.state) == (CheckState.OK, CheckState.OK)
    assert vertex.words == bedrock.words == "not set up"


async def test_candelas_own_key_is_tried(make_context: MakeContext, provider: Provider) -> None:
    sections = {"anthropic": {"base_url": provider.url, "key_command": "/bin/echo sk-ant-own-key-of-candela"}}
    [check] = await check_access(ProviderId.ANTHROPIC, make_context(sections))
    assert (check.state, check.words) == (CheckState.OK, "candela's own key is valid (1 models)")
    assert provider.requests[0].header("x-api-key") == "sk-ant-own-key-of-candela"
    provider.respond = lambda _request: error(401, "invalid x-api-key")
    [refused] = await check_access(ProviderId.ANTHROPIC, make_context(sections))
    assert (refused.state, refused.fix) == (CheckState.BAD, "Correct key_command under [anthropic] in config.toml.")
    provider.respond = lambda _request: Answer([b"<title>Blocked</title>"], status=403, framing="length")
    [page] = await check_access(ProviderId.ANTHROPIC, make_context(sections))
    assert page.fix.startswith("Ask who runs this network to allow Anthropic")
    assert page.words == """candela's own key: a web page came in place of an answer (HTTP 403): "Blocked\""""
    [none] = await check_access(ProviderId.ANTHROPIC, make_context({"anthropic": {"base_url": provider.url}}))
    assert none.words == "candela has no key of its own to try"


async def test_what_a_running_candela_saw_of_its_credentials_is_told(
    make_context: MakeContext, tmp_path: Path, provider: Provider
) -> None:
    sections = {"anthropic": {"base_url": provider.url, "key_command": "/bin/echo sk-ant-own-key-of-candela"}}
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy, WireClient(proxy.port) as client:
        context = make_context({**sections, "proxy": {"port": proxy.port}}, paths=proxy.paths)
        provider.respond = lambda _request: error(401, "invalid x-api-key")
        before, *_ = await gather_results(context, credential_checks())
        await client.post()
        await client.until(b"\r\n\r\n")
        after, *_ = await gather_results(context, credential_checks())
    words = "found, not tried: [anthropic] key_command: a command of yours prints the key"
    assert (before.state, before.words) == (CheckState.OK, words)
    assert after.state is CheckState.BAD
    assert after.words == "can't be used: refused by the provider"


async def test_a_page_in_place_of_foundry_is_no_matter_of_permissions(
    make_context: MakeContext, provider: Provider
) -> None:
    provider.respond = lambda _request: Answer([b"<title>Blocked</title>"], status=403, framing="length")
    foundry = {"base_url": f"{provider.url}/anthropic", "key_command": "/bin/echo a-key-of-foundry-0123456789"}
    [page] = await check_access(ProviderId.FOUNDRY, make_context({"foundry": foundry}))
    assert page.state is CheckState.BAD
    assert page.fix.startswith("Ask who runs this network to allow Foundry")


async def test_a_damaged_list_of_sign_ins_needs_no_sign_in_first(make_context: MakeContext) -> None:
    context = make_context()
    context.paths.accounts.parent.mkdir(parents=True, exist_ok=True)
    context.paths.accounts.write_text("{")
    found = await gather_results(context, credential_checks())
    [anthropic] = [one for one in found if one.id == "credentials.anthropic"]
    assert "`candela auth logout --all`" in anthropic.words
    assert not [one.fix for one in found if one.words == anthropic.words and one.fix]
